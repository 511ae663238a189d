"""Many jobs in flight from one process: what is asked of a vendor, how long it takes and the memory. Prints JSON.

`Dispatcher.run_all` runs the jobs against the tests' loopback services, each in a process of its own. The
jobs move on between two rounds of polling: nothing happens, the older half runs, it is done, nothing
happens, the rest is done. A round is never waited for, so the seconds are those of work. The service
measures once and gives those outcomes to every job.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import re
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from measuring import machine

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.dispatcher import Dispatcher, Failure
from qrng_hub.ledger import open_ledger
from qrng_hub.limits import Limits
from qrng_hub.records import Backend, Job, JobSpec, Origin, Quote, RawBlock

SHOTS = 10
#: address, whether it is run with all the jobs asked for, jobs in a page of its vendor's list
CASES = (("ibm:ibm_guadalupe", True, 200), ("braket:garnet", True, 100), ("braket:sv1", False, 100))
FEW = 100
#: the calls that answer for a page of jobs
LISTS = ("GET /jobs", "SearchQuantumTasks")
#: what the jobs do before each round of polling: a state, and the share of them that reaches it
ROUNDS = ((None, 0.0), ("running", 0.5), ("done", 0.5), (None, 0.0), ("done", 1.0))

TESTS = str(Path(__file__).resolve().parents[1] / "tests")
if TESTS not in sys.path:
    sys.path.append(TESTS)


# the services, in a process of their own


class IBMSide:
    """IBM's service and what the hub needs to find it."""

    def __init__(self) -> None:
        from services.ibm import IBMService
        from services.ibm_catalogue import CRN

        self._service = IBMService()
        self._service.jobs = _indexed()
        self._service.jobs.auto = False
        self.environment = self._service.environment | {"QISKIT_IBM_TOKEN": self._service.key}
        self.settings = {"runtime_url": self._service.runtime_url, "instance": CRN}

    def calls(self) -> Counter[str]:
        """Counts the requests since the last count, by kind."""
        log, self._service.requests = self._service.requests, []
        return Counter(re.sub(r"/api/v1|/catalog/.*", "", re.sub(r"/jobs/[^/]+", "/jobs/ID", line)) for line in log)

    def move(self, state: str, share: float) -> None:
        """Brings the oldest jobs to a state."""
        jobs = self._service.jobs
        every = [*jobs.all.values()]
        for job in every[: math.ceil(share * len(every))]:
            if job.status == "Queued":
                jobs.step(job)
            if job.status == "Running" and state == "done":
                if job is every[0] and not job.outcomes:
                    jobs.step(job)
                else:
                    job.outcomes = every[0].outcomes
                    jobs.end(job, "Completed")

    def invent(self) -> None:
        """Ends the newest job with bits of a generator, made and written out once: simulating wide circuits is slow."""
        import numpy as np

        jobs = self._service.jobs
        job = [*jobs.all.values()][-1]
        program = job.params.quantum_program
        width = program.circuits.to_python()[0].num_clbits
        jobs.step(job)
        job.outcomes = [np.random.default_rng(1).integers(0, 2, (program.shots, width)).astype(np.bool_)]
        jobs.end(job, "Completed")
        written = job.results()
        vars(job)["results"] = lambda: written


def _indexed() -> Any:
    """Makes the jobs of IBM's service such that those of a tag are found without looking at all others."""
    from services.ibm_jobs import Job as Made
    from services.ibm_jobs import Jobs

    class Indexed(Jobs):
        def __init__(self) -> None:
            super().__init__()
            self._of_tag: dict[str, list[Made]] = {}

        def make(self, request: dict[str, Any]) -> Made:
            job = super().make(request)
            for tag in job.tags:
                self._of_tag.setdefault(tag, []).append(job)
            return job

        def listed(self, tags: list[str], created_after: str | None) -> list[Made]:
            since = datetime.fromisoformat(created_after) if created_after else datetime.min.replace(tzinfo=UTC)
            bearing = min((self._of_tag.get(tag, []) for tag in tags), key=len)
            found = [job for job in bearing if set(tags) <= set(job.tags) and job.created >= since]
            return sorted(found, key=lambda job: job.created, reverse=True)

    return Indexed()


class BraketSide:
    """Braket's service and what the hub needs to find it."""

    def __init__(self, region: str) -> None:
        from services.braket import BraketService

        self._service = BraketService().start()
        self._service.tasks.stepping = False
        self.environment = self._service.environment
        self.settings = {"s3": "s3://amazon-braket-test/hub", "region": region}

    def calls(self) -> Counter[str]:
        """Counts the requests since the last count, by kind."""
        log, self._service.log = self._service.log, []
        return Counter(request.operation for request in log)

    def move(self, state: str, share: float) -> None:
        """Brings the oldest tasks to a state."""
        tasks, storage = self._service.tasks, self._service.storage
        every = [*tasks.all.values()]
        for task in every[: math.ceil(share * len(every))]:
            if task.status == "COMPLETED":
                continue
            if state == "running":
                task.status = "RUNNING"
            elif task is every[0]:
                tasks.finish(task)
            else:
                bucket, first = task.request["outputS3Bucket"], every[0]
                body = storage.objects[f"{bucket}/{first.folder}/results.json"]
                storage.put(bucket, f"{task.folder}/results.json", body.replace(first.arn.encode(), task.arn.encode()))
                task.measured, task.ended, task.status = (first.measured, datetime.now(UTC), "COMPLETED")


def serve(address: str, commands: Connection) -> None:
    """Serves a vendor until told to stop."""
    side = IBMSide() if address.startswith("ibm:") else BraketSide(region_of(address))
    commands.send((side.environment, side.settings))
    while (command := commands.recv()) is not None:
        name, *arguments = command
        commands.send(getattr(side, name)(*arguments))


def region_of(address: str) -> str:
    """Names the region of a device of the loopback Braket."""
    return "eu-north-1" if address == "braket:garnet" else "us-east-1"


class Service:
    """The service as the hub's process commands it."""

    def __init__(self, commands: Connection) -> None:
        self._commands = commands
        self.environment, self.settings = commands.recv()

    def tell(self, *command: object) -> Any:
        """Has the service do something and returns its answer."""
        self._commands.send(command)
        return self._commands.recv()

    def adapter(self, address: str) -> Adapter:
        """Makes the adapter that reaches the service."""
        if address.startswith("ibm:"):
            from qrng_hub_ibm import IBMAdapter
            from qrng_hub_ibm.settings import IBMSettings

            return IBMAdapter(IBMSettings.model_validate(self.settings), SystemClock())
        from qrng_hub_braket import BraketAdapter
        from qrng_hub_braket.settings import BraketSettings

        return BraketAdapter(BraketSettings.model_validate(self.settings), SystemClock())


@contextmanager
def serving(address: str) -> Iterator[Service]:
    """Serves a backend's vendor in a process of its own, and leads this process there by its environment."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=serve, args=(address, there))
    process.start()
    service = Service(here)
    os.environ.update(service.environment)
    try:
        yield service
    finally:
        here.send(None)
        process.join()


# the hub


class Steps:
    """A clock that waits for nothing: before each round of polling the service moves the jobs on."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._rounds = iter(ROUNDS)

    def now(self) -> datetime:
        """Returns the time now."""
        return datetime.now(UTC)

    def sleep(self, seconds: float, wake: threading.Event) -> bool:
        """Moves the jobs on."""
        state, share = next(self._rounds)
        if state:
            self._service.tell("move", state, share)
        return wake.is_set()


class Watched(Adapter):
    """An adapter whose phases are counted and timed: submission, polling and collecting."""

    name = "watched"

    def __init__(self, adapter: Adapter, service: Service) -> None:
        super().__init__(adapter.settings, SystemClock())
        self._adapter, self._service = adapter, service
        self._phase = ""
        self.calls: dict[str, Counter[str]] = {"submission": Counter(), "polling": Counter(), "collecting": Counter()}
        self.seconds = dict.fromkeys(self.calls, 0.0)
        self.rounds: list[dict[str, object]] = []

    def enter(self, phase: str) -> None:
        """Begins a phase: what was asked since the last one began belongs to that one."""
        if phase != self._phase:
            asked = self._service.tell("calls")
            if self._phase:
                self.calls[self._phase] += asked
            self._phase = phase

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        self.enter(phase)
        started = time.perf_counter()
        yield
        self.seconds[phase] += time.perf_counter() - started

    def quote(self, spec: JobSpec) -> Quote:
        """Quotes."""
        with self._timed("submission"):
            return self._adapter.quote(spec)

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Submits."""
        with self._timed("submission"):
            yield from [*self._adapter.submit(specs)]

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Polls, and notes what the round asked."""
        before = self.seconds["polling"]
        with self._timed("polling"):
            seen = self._adapter.poll(jobs)
        asked = self._service.tell("calls")
        self.calls["polling"] += asked
        changed = sum(old != new for old, new in zip(jobs, seen, strict=True))
        took = round(self.seconds["polling"] - before, 3)
        self.rounds.append({"in_flight": len(jobs), "changed": changed, "calls": asked, "seconds": took})
        return seen

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Collects."""
        with self._timed("collecting"):
            return self._adapter.collect(job)

    def names(self) -> tuple[str, ...]:
        """Lists the backends."""
        return self._adapter.names()

    def origin(self, name: str) -> Origin:
        """Tells hardware from simulator."""
        return self._adapter.origin(name)

    def describe(self, name: str) -> Backend:
        """Describes a backend."""
        return self._adapter.describe(name)

    def cancel(self, job: Job) -> Job:
        """Cancels a job."""
        return self._adapter.cancel(job)

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds jobs."""
        return self._adapter.find(specs)


def memory_mb(field: str) -> float:
    """Reads VmRSS, what this process holds in memory now, or VmHWM, the most that it ever held."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024, 1)


def measure(address: str, jobs: int) -> dict[str, object]:
    """Runs jobs on a backend in this process, which has done nothing yet."""
    with serving(address) as service, tempfile.TemporaryDirectory() as folder:
        adapter = service.adapter(address)
        adapter.describe(address.partition(":")[2])  # the SDK is imported, and logged in
        ledger, imported = (open_ledger(f"sqlite:///{folder}/ledger.db", SystemClock()), memory_mb("VmRSS"))
        watched = Watched(adapter, service)
        dispatcher = Dispatcher(ledger, Steps(service), Limits(usd_per_job=Decimal(1000)))
        circuit = Circuit().h(0).measure(0)
        specs = (JobSpec(key=uuid.uuid4().hex, address=address, circuits=(circuit,), shots=SHOTS) for _ in range(jobs))
        started, cpu_started = time.perf_counter(), time.process_time()
        watched.enter("submission")
        collected = 0
        for settled in dispatcher.run_all(watched, specs, None, threading.Event()):
            if isinstance(settled, Failure):
                raise settled.error
            collected += 1
        watched.enter("")
        assert collected == jobs
        seconds, cpu_seconds = (time.perf_counter() - started, time.process_time() - cpu_started)
        at_end, most = memory_mb("VmRSS"), memory_mb("VmHWM")
        adapter.close()
        ledger.close()
    return {
        "calls": watched.calls,
        "calls_per_job": {phase: round(sum(asked.values()) / jobs, 3) for phase, asked in watched.calls.items()},
        "polling_calls_for_single_jobs_per_job": round(_beside_lists(watched.calls["polling"]) / jobs, 3),
        "poll_rounds": watched.rounds,
        "seconds": round(seconds, 2),
        "seconds_per_job": round(seconds / jobs, 5),
        "hub_cpu_seconds_per_job": round(cpu_seconds / jobs, 5),
        "seconds_in_adapter_per_job": {phase: round(spent / jobs, 5) for phase, spent in watched.seconds.items()},
        "memory_mb": {"imported": imported, "at_end": at_end, "most": most, "growth": round(most - imported, 1)},
    }


def _beside_lists(calls: Counter[str]) -> int:
    return sum(count for kind, count in calls.items() if kind not in LISTS)


def rows(jobs: int) -> Iterator[dict[str, object]]:
    """Measures every case, each in a fresh process."""
    for address, is_long, page in CASES:
        for count in (FEW, jobs) if is_long and jobs != FEW else (FEW,):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
                row = {"backend": address, "jobs": count, "jobs_a_page": page}
                yield row | fresh.submit(measure, address, count).result()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs are in flight, beside 100")
    jobs = parser.parse_args().jobs
    measured = []
    for row in rows(jobs):
        print(json.dumps(row), file=sys.stderr)
        measured.append(row)
    print(json.dumps({"benchmark": "in_flight", "machine": machine(), "shots": SHOTS, "rows": measured}, indent=2))


if __name__ == "__main__":
    main()
