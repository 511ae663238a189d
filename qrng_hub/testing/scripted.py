"""An adapter whose backends behave as told: queued, failing, offline, slow, losing replies, too dear.

It stands for a vendor's service: jobs live on in the `ScriptedAdapter`, and time is its clock's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from qrng_hub.adapter import Adapter, NoSettings, looked_at, require_in_time, require_supported, unknown_backend
from qrng_hub.bits import Packed, pack_shots
from qrng_hub.circuits import Circuit, Gate
from qrng_hub.clock import Clock
from qrng_hub.errors import JobCancelledError, JobFailedError, JobNotFoundError, QRNGError, ServiceUnreachableError
from qrng_hub.records import (
    Availability,
    Backend,
    Job,
    JobSpec,
    JobState,
    Origin,
    Quote,
    RawBlock,
    ShotOrder,
)


@dataclass(slots=True)
class Script:
    """What one backend does. `submit_errors` and `poll_errors` are raised one a call, then no more.

    A lost reply is an error after the job was made. `price` is a job's, in USD; None is unknown.
    """

    origin: Origin = Origin.HARDWARE
    price: Decimal | None = Decimal("0.30")
    billed: Decimal | None = None
    """What a job that is done is billed, in USD; None is its price."""
    offline: bool = False
    queue_seconds: float = 60.0
    run_seconds: float = 2.0
    ends: JobState = JobState.DONE
    lost_replies: int = 0
    submit_errors: list[QRNGError] = field(default_factory=list)
    poll_errors: list[QRNGError] = field(default_factory=list)
    shot_order: ShotOrder = ShotOrder.MEASURED
    purge_errors: list[QRNGError] = field(default_factory=list)
    p_one: float | None = None
    """Every qubit's share of ones, whatever the circuit; None lets the circuit decide."""


class ScriptedAdapter(Adapter):
    """Backends `scripted:NAME` that follow their scripts on single-qubit circuits."""

    name = "scripted"

    def __init__(self, scripts: Mapping[str, Script], clock: Clock, seed: int | None = None) -> None:
        super().__init__(NoSettings(), clock)
        self.scripts = dict(scripts)
        self.seed = seed
        """Of all outcomes, which then follow from the order of each backend's jobs; None draws them anew."""
        self.jobs: dict[str, Job] = {}
        """Every job the service ever made, by its key."""
        self._seeds: dict[str, int] = {}

    def names(self) -> tuple[str, ...]:
        """Lists the scripted backends."""
        return tuple(self.scripts)

    def origin(self, name: str) -> Origin:
        """Tells what the script says."""
        return self._script(name).origin

    def describe(self, name: str) -> Backend:
        """Describes a backend of 16 uncoupled qubits."""
        script = self._script(name)
        return Backend(
            address=f"{self.name}:{name}",
            origin=script.origin,
            description="a scripted backend for tests",
            qubits=16,
            default_qubits=16,
            max_shots=100_000,
            gates=("h", "rx", "ry", "rz", "s", "sdg", "x", "z"),
            availability=Availability.OFFLINE if script.offline else Availability.ONLINE,
        )

    def quote(self, spec: JobSpec) -> Quote:
        """Quotes the script's price."""
        price = self._script(spec.backend_name).price
        return Quote(low=price, high=price, native={"tasks": Decimal(1)}, source="script")

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Makes jobs, or errors, as the script says."""
        for spec in specs:
            script = self._script(spec.backend_name)
            require_supported(self.describe(spec.backend_name), spec)
            require_in_time(spec, self.clock.now())
            if script.submit_errors:
                raise script.submit_errors.pop(0)
            job = Job(
                spec=spec.model_copy(update={"submit_by_utc": None}),
                vendor_id=f"scripted-{len(self.jobs)}",
                state=JobState.QUEUED,
                queued_utc=self.clock.now(),
                stamps="vendor",
            )
            self.jobs[spec.key] = job
            if script.lost_replies:
                script.lost_replies -= 1
                raise ServiceUnreachableError(f"scripted: the reply to {spec.key} was lost")
            yield job

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Moves the jobs on to where the clock says they are."""
        for job in jobs:
            if errors := self._script(job.spec.backend_name).poll_errors:
                raise errors.pop(0)
        return looked_at(jobs, self._seen)

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Measures a job that is done."""
        job = self._seen(job)
        if job.state is JobState.FAILED:
            raise JobFailedError(f"{job.vendor_id} failed: scripted")
        if job.state is not JobState.DONE:
            raise JobCancelledError(f"{job.vendor_id} is {job.state}")
        rng = self._rng(job)
        return tuple(self._block(job, circuit, rng) for circuit in job.spec.circuits)

    def cancel(self, job: Job) -> Job:
        """Cancels a job that is not finished."""
        job = self._seen(job)
        if not job.state.finished:
            update = {"state": JobState.CANCELLED, "finished_utc": self.clock.now(), "billed": Decimal(0)}
            job = self.jobs[job.spec.key] = job.model_copy(update=update)
        return job

    def purge(self, job: Job) -> None:
        """Forgets a job, or fails as the script says."""
        if errors := self._script(job.spec.backend_name).purge_errors:
            raise errors.pop(0)
        del self.jobs[job.spec.key]

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds the jobs made under these keys, whether or not their reply was lost."""
        return tuple(self._seen(self.jobs[spec.key]) for spec in specs if spec.key in self.jobs)

    def _script(self, name: str) -> Script:
        if name not in self.scripts:
            raise unknown_backend(self.name, name, self.names())
        return self.scripts[name]

    def _seen(self, job: Job) -> Job:
        if job.spec.key not in self.jobs:
            raise JobNotFoundError(f"scripted has no job {job.vendor_id}")
        job = self.jobs[job.spec.key]
        if not job.state.finished and job.queued_utc:
            script = self._script(job.spec.backend_name)
            running = job.queued_utc + timedelta(seconds=script.queue_seconds)
            finished = running + timedelta(seconds=script.run_seconds)
            update: dict[str, object] = {}
            if self.clock.now() >= running:
                update = {"state": JobState.RUNNING, "running_utc": running}
            if self.clock.now() >= finished:
                due = script.price if script.billed is None else script.billed
                billed = due if script.ends is JobState.DONE else Decimal(0)
                update |= {"state": script.ends, "finished_utc": finished, "billed": billed}
            job = self.jobs[job.spec.key] = job.model_copy(update=update)
        return job

    def _rng(self, job: Job) -> np.random.Generator:
        if self.seed is None:
            return np.random.default_rng(self._seeds.setdefault(job.spec.key, secrets.randbits(128)))
        address = job.spec.address
        of_backend = [key for key, one in self.jobs.items() if one.spec.address == address]
        return np.random.default_rng([self.seed, of_backend.index(job.spec.key), *address.encode()])

    def _block(self, job: Job, circuit: Circuit, rng: np.random.Generator) -> RawBlock:
        script = self._script(job.spec.backend_name)
        return RawBlock(
            address=job.spec.address,
            vendor_id=job.vendor_id,
            origin=script.origin,
            source="a scripted backend",
            shot_order=script.shot_order,
            qubits=circuit.measured,
            outcomes=_measure(circuit, job.spec.shots, script.p_one, rng),
        )


def _measure(circuit: Circuit, shots: int, p_one: float | None, rng: np.random.Generator) -> Packed:
    """Samples single-qubit circuits: each qubit by itself, shape (shots, qubits) packed."""
    chances = [p_one_of(circuit, qubit) if p_one is None else p_one for qubit in circuit.measured]
    return pack_shots(rng.random((shots, len(chances))) < chances)


def p_one_of(circuit: Circuit, qubit: int) -> float:
    """Returns the probability that a qubit which no two-qubit gate touches gives a one."""
    state = np.array([1, 0], complex)
    for gate in circuit.gates:
        if gate.qubits == (qubit,):
            state = _unitary(gate) @ state
    return float(abs(state[1]) ** 2)


def _unitary(gate: Gate) -> npt.NDArray[np.complex128]:
    x, y, z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
    fixed = {"x": x, "z": z, "h": (x + z) / np.sqrt(2), "s": np.diag([1, 1j]), "sdg": np.diag([1, -1j])}
    if gate.angle is None:
        return np.asarray(fixed[gate.name], complex)
    axis = {"rx": x, "ry": y, "rz": z}[gate.name]
    return np.asarray(np.cos(gate.angle / 2) * np.eye(2) - 1j * np.sin(gate.angle / 2) * axis, complex)
