"""The shipped run files that need accounts, run as they are against the services of the tests."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.ibm import IBMService
from services.ibm_catalogue import CRN

QRNG = str(Path(sys.executable).with_name("qrng"))
CONFIGS = Path(__file__).parents[2] / "configs"
CERTIFIED = {"certified", "certified-source-independent", "certified-mermin"}
RUN_ELSEWHERE = {"embedded", "readout-noise", "quickstart", "compare"} | CERTIFIED  # test_cli.py and test_NAME.py
NEED_ACCOUNTS = {"plan": 4096, "open-plan": 2048, "batch": 8192}


def test_every_example_is_run_somewhere() -> None:
    assert {path.stem for path in CONFIGS.glob("*.toml")} == RUN_ELSEWHERE | set(NEED_ACCOUNTS)


@pytest.mark.usefixtures("braket")
@pytest.mark.parametrize("name", sorted(NEED_ACCOUNTS))
def test_an_example_is_planned_and_run(name: str, ibm: IBMService, tmp_path: Path) -> None:
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
    planned = subprocess.run([QRNG, "plan", config, "--json"], capture_output=True)
    assert planned.returncode == 0, planned.stderr.decode()
    out = tmp_path / "out"
    done = subprocess.run([QRNG, "run", config, "--yes", "--json", "--out", out], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    receipt = json.loads(done.stdout)["receipt"]
    assert out.stat().st_size == receipt["bytes"] == NEED_ACCOUNTS[name]
    assert receipt["credit"]["bits"] == 8 * NEED_ACCOUNTS[name]
    assert all(source["health"]["false_alarm_rate"] < 0.01 for source in receipt["sources"])
