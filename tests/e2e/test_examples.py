"""The shipped run files that need accounts, run as they are against the services of the tests."""

import json
from pathlib import Path

import pytest

from commands import qrng
from services.ibm import IBMService
from services.ibm_catalogue import CRN

CONFIGS = Path(__file__).parents[2] / "configs"
CERTIFIED = {"certified", "certified-source-independent", "certified-mermin"}
RUN_ELSEWHERE = {"embedded", "readout-noise", "quickstart", "compare"} | CERTIFIED  # test_cli.py and test_NAME.py
NEED_ACCOUNTS = {"plan": 4096, "open-plan": 2048, "batch": 8192}


def test_every_example_is_run_somewhere() -> None:
    assert {path.stem for path in CONFIGS.glob("*.toml")} == RUN_ELSEWHERE | set(NEED_ACCOUNTS)


@pytest.mark.usefixtures("braket")
@pytest.mark.parametrize("name", sorted(NEED_ACCOUNTS))
def test_an_example_is_planned_and_run(
    name: str, ibm: IBMService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only IBM's address is another; the places for Braket's results are the tests'."""
    text = (CONFIGS / f"{name}.toml").read_text()
    s3 = 's3 = "s3://amazon-braket-test/hub"\n'
    text = (
        text.replace("[adapters.braket]\n", f"[adapters.braket]\n{s3}")
        + f'\n[adapters.ibm]\nruntime_url = "{ibm.runtime_url}"\n'
    )
    if name == "open-plan":
        ibm.catalogue.owned = {CRN: ("hub-tests", "plan-open")}
    config = tmp_path / f"{name}.toml"
    config.write_text(text)
    planned = qrng(capsys, "plan", str(config), "--json")
    assert planned.returncode == 0, planned.stderr
    out = tmp_path / "out"
    done = qrng(capsys, "run", str(config), "--yes", "--json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout)["receipt"]
    assert out.stat().st_size == receipt["bytes"] == NEED_ACCOUNTS[name]
    assert receipt["credit"]["bits"] == 8 * NEED_ACCOUNTS[name]
    assert all(source["health"]["false_alarm_rate"] < 0.01 for source in receipt["sources"])
