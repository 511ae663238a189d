"""A run by plan killed with SIGKILL at a request, and resumed by another process: every byte, each job paid once."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from commands import qrng
from qrng_hub import Hub
from qrng_hub.records import JobState
from services import braket

QRNG = Path(sys.executable).with_name("qrng")
PRICE = Decimal("0.30") + 1024 * Decimal("0.00145")
RUN_FILE = """
version = 1
request = { bytes = 2048, mode = "plan" }
policy.fallback = "hardware-only"
budget = { usd = 20 }
adapters.braket = { region = "eu-north-1", s3 = "s3://amazon-braket-test/hub" }
[[backend]]
address = "braket:garnet"
shots = 1024
"""


class Mortal(braket.BraketService):
    """Kills whoever sends the how many-th request of an operation, before or after it had its effect."""

    def __init__(self, operation: str, number: int, *, after: bool) -> None:
        super().__init__()
        self.victim: subprocess.Popen[bytes] | None = None
        self._operation, self._number, self._after = operation, number, after
        self._seen = 0
        self._lock = threading.Lock()

    def answer(self, request: braket.Request) -> braket.Reply:
        """Answers a request, or kills."""
        with self._lock:
            self._seen += request.operation == self._operation
            is_the_one = self.victim is not None and request.operation == self._operation and self._seen == self._number
        if not is_the_one:
            return super().answer(request)
        if self._after:
            super().answer(request)
        assert self.victim is not None
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait(300)
        self.victim = None
        return braket.Reply.error(503, "Gone", "nobody is there")


@pytest.mark.parametrize(
    ("operation", "number", "after", "sent"),
    [
        pytest.param("CreateQuantumTask", 1, True, 1, marks=pytest.mark.slow),
        ("CreateQuantumTask", 3, False, 2),
        pytest.param("CreateQuantumTask", 3, True, 3, marks=pytest.mark.slow),
        ("GetObject", 1, False, 1),
        ("GetObject", 2, True, None),
    ],
)
def test_a_run_killed_anywhere_is_resumed_and_pays_once(
    operation: str,
    number: int,
    after: bool,
    sent: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = Mortal(operation, number, after=after)
    service.start()
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    config = tmp_path / "plan.toml"
    config.write_text(RUN_FILE)
    try:
        command = [str(QRNG), "run", str(config), "--yes"]
        service.victim = victim = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert victim.wait(120) == -signal.SIGKILL
        assert sent is None or len(service.tasks.all) == sent
        with Hub.open(config) as hub:
            (run,) = hub.runs()
        assert not run.delivered
        listed = qrng(capsys, "jobs", "--runs", "--config", str(config)).stdout
        assert re.search(rf"{run.draw_id}.*--resume", listed)

        resuming = ("run", str(config), "--resume", run.draw_id, "--yes", "--json")
        resumed = qrng(capsys, *resuming)
        if (operation, after) == ("CreateQuantumTask", False):  # it may yet arrive
            assert (resumed.returncode, "Resume it later, or set policy.hedge" in resumed.stderr) == (1, True)
            config.write_text(RUN_FILE.replace("policy.", "policy.hedge = true\npolicy."))
            resumed = qrng(capsys, *resuming)
        assert resumed.returncode == 0, resumed.stderr
        document = json.loads(resumed.stdout)
        assert len(bytes.fromhex(document["bytes_hex"])) == document["receipt"]["bytes"] == 2048
        (source,) = document["receipt"]["sources"]
        with Hub.open(config) as hub:
            jobs = hub.jobs()
            (budget,) = hub.budgets()
            (run,) = hub.runs()
            assert hub.audit() == ()
        assert run.delivered
        done = [job for job in jobs if job.state is JobState.DONE]
        assert {job.vendor_id for job in done} == set(service.tasks.all) == set(source["vendor_ids"])
        assert len(service.tasks.all) == len(
            {task.request["tags"]["qrng-hub-key"] for task in service.tasks.all.values()}
        )
        assert sum(job.cost_billed or 0 for job in done) == len(done) * PRICE
        undecided = [job for job in jobs if job.state is JobState.INTENDED]
        assert len(undecided) == (1 if (operation, after) == ("CreateQuantumTask", False) else 0)
        reserved = sum(job.cost_estimated_high or 0 for job in undecided)
        assert budget.committed == len(done) * PRICE + reserved <= budget.most
    finally:
        service.stop()
