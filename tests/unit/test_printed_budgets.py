"""Every budget that is printed or shipped pays for its own example, with prices that have long been stale too."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qrng_hub.hub import Hub
from qrng_hub.testing import FrozenClock
from services.ibm import IBMService
from services.ibm_catalogue import CRN

ROOT = Path(__file__).parents[2]
S3 = "s3://amazon-braket-test/hub"
DAYS = {"fresh": datetime(2026, 10, 1, tzinfo=UTC), "stale": datetime(2031, 1, 1, tzinfo=UTC)}


def printed() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for number, block in enumerate(re.findall(r"```toml\n(.*?)```", path.read_text(), re.DOTALL)):
            if "[budget]" in block and "[[backend]]" in block:
                yield f"{path.name} {number}", block
    for path in sorted((ROOT / "configs").glob("*.toml")):
        if "\n[budget]" in path.read_text():
            yield path.name, path.read_text()


PRINTED = dict(printed())


def test_the_budgets_are_found() -> None:
    assert {name.partition(" ")[0] for name in PRINTED} == {
        *("README.md", "cloud.md", "planning.md", "plan.toml", "batch.toml", "open-plan.toml"),
    }


@pytest.mark.usefixtures("braket")
@pytest.mark.parametrize("day", sorted(DAYS))
@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_printed_budget_pays_for_its_example(name: str, day: str, ibm: IBMService, tmp_path: Path) -> None:
    """Only addresses are others; a printed day is over by then, and a Braket device stands for what is free."""
    text = re.sub(r"^(deadline_utc|s3|instance|token_env|project_id) = .*\n", "", PRINTED[name], flags=re.MULTILINE)
    text = text.replace("[adapters.ibm]\n", "").replace("[adapters.cirq]\n", "").replace("[adapters.braket]\n", "")
    text = re.sub(r"^region = .*\n", "", text, flags=re.MULTILINE)
    text = text.replace('"ibm:snapshot/fez"\nqubits = 100 ', '"braket:garnet"\nqubits = 6 ')
    text += f'\n[adapters.ibm]\nruntime_url = "{ibm.runtime_url}"\n'
    text += f'[adapters.braket]\nregion = "eu-north-1"\ns3 = "{S3}"\n'
    if name == "open-plan.toml":
        ibm.catalogue.owned = {CRN: ("hub-tests", "plan-open")}
    config = tmp_path / "run.toml"
    config.write_text(text)
    with Hub.open(config, clock=FrozenClock(DAYS[day])) as hub:
        if hub.run_file.request.mode == "plan":
            assert hub.plan().chosen
        else:
            cost = hub.highest_costs(hub.run_file.request.bytes, "braket:garnet")["braket:garnet"]
            assert cost, "no task is paid for"
