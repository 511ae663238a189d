"""Two processes reconcile one ledger at the same time, while a third draws: one job, one bill, every bit."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.errors import VendorError
from qrng_hub.records import JobState
from services.braket import BraketService
from services.ibm import IBMService
from services.ibm_catalogue import API
from services.ibm_faults import Fault
from services.ibm_hub import serving

QRNG = Path(sys.executable).with_name("qrng")
RUN_FILE = """
version = 1
request.bytes = 32
policy.fallback = "hardware-only"
budget.usd_per_job = 10
adapters.ibm.runtime_url = "{url}"
[[backend]]
address = "ibm:ibm_guadalupe"
shots = 1024
"""


BUDGETED = """
version = 1
request.bytes = 32
policy.fallback = "hardware-only"
budget = { usd_per_job = 10, project = "keys", usd_per_month = 5 }
adapters.braket = { region = "eu-north-1", s3 = "s3://amazon-braket-test/hub" }
[[backend]]
address = "braket:garnet"
shots = 1024
"""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[IBMService]:
    with serving(monkeypatch) as service:
        yield service


def test_two_reconciliations_and_a_draw_at_the_same_time(service: IBMService, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text(RUN_FILE.format(url=service.runtime_url))
    service.faults.add(Fault(f"POST {API}/jobs$", lost=True, done=True))
    service.faults.add(Fault(f"GET {API}/jobs$", status=400, skip=1, times=math.inf))
    with Hub.open(config) as hub, pytest.raises(VendorError, match="nobody knows whether the job reached"):
        hub.run()
    service.faults.clear()
    (lost,) = service.jobs.all.values()
    service.jobs.step(lost)
    service.jobs.step(lost)

    reconcile = [str(QRNG), "jobs", "reconcile", "--json", "--config", str(config)]
    commands = [reconcile, reconcile, [str(QRNG), "run", str(config), "--json", "--yes"]]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) for command in commands]
    outputs = [process.communicate(timeout=300)[0] for process in running]

    assert [process.returncode for process in running] == [0, 0, 0]
    found = [one for output in outputs[:2] for one in json.loads(output) if one["vendor_id"] == lost.id]
    assert found
    assert {one["after"] for one in found} == {"done"}
    assert service.posts() == len(service.jobs.all) == 2
    with Hub.open(config) as hub:
        assert hub.reconcile() == ()
        assert {(job.state, job.cost_billed) for job in hub.jobs()} == {(JobState.DONE, Decimal("4.80"))}
        (line,) = hub.costs()
        assert (line.jobs, line.billed) == (2, Decimal("9.60"))
        (path,) = hub.collect(lost.id)
        assert hub.audit() == ()
    assert np.load(path).tobytes() == np.packbits(lost.outcomes[0], axis=1).tobytes()


def test_two_runs_in_parallel_never_pass_one_budget(tmp_path: Path) -> None:
    braket = BraketService().start()
    config = tmp_path / "run.toml"
    config.write_text(BUDGETED)
    try:
        runs = [
            subprocess.Popen([str(QRNG), "run", str(config), "--json", "--yes"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=os.environ | braket.environment)
            for _ in range(4)
        ]  # fmt: skip
        errors = [run.communicate(timeout=300)[1].decode() for run in runs]
        codes = [run.returncode for run in runs]
        price = Decimal("0.30") + 1024 * Decimal("0.00145")
        assert len(braket.tasks.all) == 2, "two tasks of 1.78 USD, estimated at up to 2.23, are all that 5 USD pay for"
        assert (codes.count(0), codes.count(1)) == (2, 2)
        assert sum("the budget project keys" in error and "spent or reserved" in error for error in errors) >= 2
        with Hub.open(config) as hub:
            (budget,) = (one for one in hub.budgets() if one.name.startswith("project keys"))
            assert budget.committed == 2 * price <= budget.most
            assert hub.audit() == ()
    finally:
        braket.stop()
