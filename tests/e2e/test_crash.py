"""A run killed at every step of a job's life: the next one finds what it left, and nothing is paid for twice."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.bits import pack_shots
from qrng_hub.ledger import LedgerJob
from qrng_hub.policy import GRACE
from qrng_hub.reconciliation import Reconciled
from qrng_hub.records import JobState
from qrng_hub.testing import FrozenClock
from services import braket, ibm

Answer = TypeVar("Answer")
When = Literal["before", "after", "late"]
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
QRNG = Path(sys.executable).with_name("qrng")
#: the Braket SDK calls re.sub in a way that Python 3.13 deprecates
_OF_BRAKET = "ignore:'count' is passed as positional argument:DeprecationWarning"
RUN = """
import gc
gc.disable()  # the vendors' packages import a fifth faster
import os, signal, sys
from datetime import datetime
from qrng_hub import Hub
from qrng_hub.testing import FrozenClock

config, start = sys.argv[1:]
with Hub.open(config, clock=FrozenClock(datetime.fromisoformat(start))) as hub:
    hub.run()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass(frozen=True)
class Blow:
    """Which request kills the run, the how many-th that fits, and the state that the ledger is left with.

    `before` the request has any effect, and it has none; `after` it had its effect, and it is not
    answered; `late` is before, but the request takes effect when the test says so. Without a
    request the run kills itself when the draw is over and nothing is shown yet.
    """

    left: JobState
    request: str = ""
    number: int = 1
    when: When = "before"


class Death:
    """Waits for the request of a blow and kills the process that sent it."""

    def __init__(self, blow: Blow) -> None:
        self.victim: subprocess.Popen[bytes] | None = None
        self.struck, self.release, self.landed = threading.Event(), threading.Event(), threading.Event()
        self._blow = blow
        self._seen = 0
        self._lock = threading.Lock()

    def around(self, request: str, act: Callable[[], Answer], nothing: Answer) -> Answer:
        """Answers a request, unless it is the one."""
        if not self._is_the_one(request):
            return act()
        if self._blow.when == "after":
            answer = act()
            self._kill()
            return answer
        self._kill()
        if self._blow.when == "before" or not self.release.wait(300):
            return nothing
        answer = act()
        self.landed.set()
        return answer

    def _is_the_one(self, request: str) -> bool:
        with self._lock:
            if self.victim is None or not self._blow.request or not re.fullmatch(self._blow.request, request):
                return False
            self._seen += 1
            return self._seen == self._blow.number

    def _kill(self) -> None:
        assert self.victim is not None
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait(300)
        self.struck.set()


class MortalIBM(ibm.IBMService):
    """IBM, and what a run on it costs."""

    address, bill = "ibm:ibm_guadalupe", Decimal("4.80")

    def __init__(self, death: Death) -> None:
        super().__init__()
        self.death = death

    def reply(self, request: ibm.Request) -> ibm.Reply:
        """Answers a request, if it is not the one that kills."""
        name, act = f"{request.method} {request.path}", partial(super().reply, request)
        return self.death.around(name, act, ibm.Reply.error(503, "nobody is there"))

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a run."""
        return self.environment | {"QISKIT_IBM_TOKEN": self.key}

    @property
    def settings(self) -> str:
        """The adapter's table of the run file."""
        return f'[adapters.ibm]\nruntime_url = "{self.runtime_url}"\n'

    def keys(self) -> list[str]:
        """Lists the key of every job ever made."""
        return [job.tags[1].removeprefix("qrng-hub:") for job in self.jobs.all.values()]

    def measured(self) -> bytes:
        """Returns what the one job measured, packed."""
        (job,) = self.jobs.all.values()
        return pack_shots(job.outcomes[0].astype(np.uint8)).tobytes()


class MortalBraket(braket.BraketService):
    """AWS Braket, and what a run on it costs: a task and 1024 shots."""

    address, bill = "braket:garnet", Decimal("0.30") + 1024 * Decimal("0.00145")
    settings = '[adapters.braket]\nregion = "eu-north-1"\n'

    def __init__(self, death: Death) -> None:
        super().__init__()
        self.death = death
        self.start()

    def answer(self, request: braket.Request) -> braket.Reply:
        """Answers a request, if it is not the one that kills."""
        act = partial(super().answer, request)
        return self.death.around(request.operation, act, braket.Reply.error(503, "Gone", "nobody is there"))

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a run."""
        return self.environment

    def posts(self) -> int:
        """Counts the requests that asked for a new task."""
        return len(self.calls("CreateQuantumTask"))

    def keys(self) -> list[str]:
        """Lists the key of every task ever made."""
        return [task.request["tags"]["qrng-hub-key"] for task in self.tasks.all.values()]

    def measured(self) -> bytes:
        """Returns what the one task measured, packed."""
        (task,) = self.tasks.all.values()
        return pack_shots(task.measured[0][1]).tobytes()

    def close(self) -> None:
        """Stops serving."""
        self.stop()


Service = MortalIBM | MortalBraket
VENDORS: Mapping[str, type[MortalIBM] | type[MortalBraket]] = {"ibm": MortalIBM, "braket": MortalBraket}
_JOBS = "GET /api/v1/jobs"
_POST, _CREATE = "POST /api/v1/jobs", "CreateQuantumTask"
_JOB, _TASK = f"{_JOBS}/[^/]+", "GetQuantumTask"
_INTENDED, _QUEUED, _RUNNING, _DONE = JobState.INTENDED, JobState.QUEUED, JobState.RUNNING, JobState.DONE

#: Kills by the name of the step, for IBM and for Braket.
NEVER_SENT = {
    "intended": (Blow(_INTENDED, _JOBS), Blow(_INTENDED, "GetCallerIdentity", 2)),
    "sent, not taken": (Blow(_INTENDED, _POST), Blow(_INTENDED, _CREATE)),
}
UNDER_WAY = {"sent, taken later": (Blow(_INTENDED, _POST, when="late"), Blow(_INTENDED, _CREATE, when="late"))}
UNANSWERED = {"made, not answered": (Blow(_INTENDED, _POST, when="after"), Blow(_INTENDED, _CREATE, when="after"))}
SENT = {
    "first look, not taken": (Blow(_QUEUED, _JOBS, 2), Blow(_QUEUED, _TASK)),
    "first poll, not answered": (Blow(_QUEUED, _JOBS, 2, "after"), Blow(_QUEUED, _TASK, when="after")),
    "end, not answered": (Blow(_RUNNING, f"{_JOB}/metrics", when="after"), Blow(_RUNNING, _TASK, 3, "after")),
    "outcomes, not asked for": (Blow(_DONE, f"{_JOB}/results"), Blow(_DONE, "GetObject")),
    "outcomes, not answered": (Blow(_DONE, f"{_JOB}/results", when="after"), Blow(_DONE, "GetObject", when="after")),
    "drawn": (Blow(_DONE), Blow(_DONE)),
}
STEPS = NEVER_SENT | UNDER_WAY | UNANSWERED | SENT


class Run:
    """A process that draws from one vendor and is killed, and what it leaves behind."""

    def __init__(self, vendor: str, blow: Blow, folder: Path) -> None:
        self.vendor, self.blow, self.folder = vendor, blow, folder
        self.death = Death(blow)
        self.service: Service = VENDORS[vendor](self.death)
        self.config = folder / "run.toml"
        policy = '[request]\nbytes = 32\n[policy]\nfallback = "hardware-only"\n[budget]\nusd_per_job = 10\n'
        backend = f'[[backend]]\naddress = "{self.service.address}"\nqubits = 5\n'
        self.config.write_text(f"version = 1\n{policy}{self.service.settings}{backend}")

    @property
    def environment(self) -> dict[str, str]:
        return self.service.variables | {"QRNG_STATE_DIR": str(self.folder / "state")}

    def begin(self) -> None:
        """Starts the process."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "QISKIT_"))}
        command = [sys.executable, "-W", "error", "-W", _OF_BRAKET, "-c", RUN, str(self.config), START.isoformat()]
        with (self.folder / "stderr").open("wb") as stderr:
            self.death.victim = subprocess.Popen(command, env=ours | self.environment, stderr=stderr)

    def end(self) -> None:
        """Waits for the process's death, and sees that it died of the blow."""
        assert self.death.victim is not None
        assert self.death.victim.wait(300) == -signal.SIGKILL, (self.folder / "stderr").read_text()
        assert not self.blow.request or self.death.struck.wait(300), f"it never sent {self.blow.request}"

    def close(self) -> None:
        """Ends what is left."""
        if self.death.victim is not None:
            self.death.victim.kill()
            self.death.victim.wait(300)
        self.death.release.set()
        self.service.close()


@pytest.fixture(scope="module", params=STEPS)
def step(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """Lets a run of each vendor die at a step, at the same time."""
    name: str = request.param
    runs = {
        vendor: Run(vendor, blow, tmp_path_factory.mktemp(vendor))
        for vendor, blow in zip(VENDORS, STEPS[name], strict=True)
    }
    try:
        for run in runs.values():
            run.begin()
        for run in runs.values():
            run.end()
        yield runs
    finally:
        for run in runs.values():
            run.close()


@pytest.fixture(params=VENDORS)
def run(request: pytest.FixtureRequest, step: dict[str, Run], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Brings the test to where the run died."""
    run = step[request.param]
    for name, value in run.environment.items():
        monkeypatch.setenv(name, value)
    return run


@pytest.fixture
def clock() -> FrozenClock:
    """The clock of whoever comes after the run: it stands where the run's did."""
    return FrozenClock(START)


@pytest.fixture
def hub(run: Run, clock: FrozenClock) -> Iterator[Hub]:
    """The next process's hub."""
    with Hub.open(run.config, clock=clock) as hub:
        yield hub


def only_job(hub: Hub) -> LedgerJob:
    """Returns the one job on record."""
    (job,) = hub.jobs()
    return job


def followed(hub: Hub) -> list[Reconciled]:
    """Reconciles until nothing is unfinished, at most ten times."""
    results: list[Reconciled] = []
    for _ in range(10):
        found = hub.reconcile()
        results += found
        if not found:
            return results
    raise AssertionError(f"still {results[-1].after}")


def require_paid_once(hub: Hub, run: Run) -> None:
    """One request made one job at the vendor, which is done and has one bill."""
    job = only_job(hub)
    assert (run.service.posts(), run.service.keys()) == (1, [job.key])
    assert (job.state, job.cost_billed) == (JobState.DONE, run.service.bill)
    (line,) = hub.costs()
    assert (line.jobs, line.billed, line.bills_unknown) == (1, run.service.bill, 0)
    assert hub.audit() == ()
    events = [event.kind for event in hub.job_events(job.key)]
    assert (events.count("job.intended"), events.count("job.done")) == (1, 1)


def require_every_bit(hub: Hub, run: Run) -> None:
    """The outcomes can be fetched, again and again, and are those that the vendor measured."""
    for _ in range(2):
        (path,) = hub.collect(only_job(hub).key)
        assert np.load(path).tobytes() == run.service.measured()


@pytest.mark.parametrize("step", NEVER_SENT, indirect=True)
def test_a_job_that_never_reached_the_vendor_is_closed_when_that_is_certain(
    run: Run, hub: Hub, clock: FrozenClock
) -> None:
    job = only_job(hub)
    assert (job.state, job.vendor_id) == (run.blow.left, None)
    posts = run.service.posts()
    for seconds in (0, GRACE.total_seconds() - 1):
        clock.advance(seconds)
        (result,) = hub.reconcile()
        assert (result.decided, result.after) == (False, JobState.INTENDED)
    clock.advance(1)
    (result,) = hub.reconcile()
    assert (result.key, result.decided, result.after) == (job.key, True, JobState.CANCELLED)
    assert hub.reconcile() == ()
    job = only_job(hub)
    assert (job.state, job.vendor_id, job.cost_billed) == (JobState.CANCELLED, None, Decimal(0))
    assert (run.service.posts(), run.service.keys()) == (posts, [])
    assert posts == (1 if run.blow.request in (_POST, _CREATE) else 0)


@pytest.mark.slow  # the late answer races with the clock of a busy machine
@pytest.mark.parametrize("step", UNDER_WAY, indirect=True)
def test_a_job_that_arrives_after_its_run_is_dead_is_adopted(run: Run, hub: Hub, clock: FrozenClock) -> None:
    assert only_job(hub).state is run.blow.left
    (result,) = hub.reconcile()
    assert (result.decided, run.service.keys()) == (False, [])
    run.death.release.set()
    assert run.death.landed.wait(300)
    clock.advance(GRACE.total_seconds())
    results = followed(hub)
    assert results[0].note == "adopted: the vendor has it"
    require_paid_once(hub, run)
    require_every_bit(hub, run)


@pytest.mark.parametrize("step", UNANSWERED, indirect=True)
def test_another_process_adopts_a_job_whose_answer_was_lost(run: Run, hub: Hub) -> None:
    job = only_job(hub)
    assert (job.state, job.vendor_id, run.service.keys()) == (run.blow.left, None, [job.key])
    command = [str(QRNG), "jobs", "reconcile", "--json", "--config", str(run.config)]
    done = subprocess.run(command, capture_output=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    (found,) = json.loads(done.stdout)
    assert (found["key"], found["before"], found["after"]) == (job.key, "intended", "queued")
    assert found["note"] == "adopted: the vendor has it"
    followed(hub)
    require_paid_once(hub, run)
    require_every_bit(hub, run)


@pytest.mark.parametrize("step", SENT, indirect=True)
def test_a_job_that_reached_the_vendor_is_followed_and_collected(run: Run, hub: Hub) -> None:
    job = only_job(hub)
    assert (job.state, run.service.keys()) == (run.blow.left, [job.key])
    results = followed(hub)
    assert (results == []) is (run.blow.left is JobState.DONE)
    (line,) = hub.costs()
    assert (line.credited_bits > 0) is (not run.blow.request), "only a draw that was over is credited"
    require_paid_once(hub, run)
    require_every_bit(hub, run)
