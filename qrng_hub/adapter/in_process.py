"""What adapters share whose jobs run in this process."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from qrng_hub.adapter.contract import Adapter
from qrng_hub.adapter.limits import require_supported
from qrng_hub.bits import Packed
from qrng_hub.circuits import Circuit
from qrng_hub.clock import Clock
from qrng_hub.errors import JobNotFoundError
from qrng_hub.records import FREE, Backend, Job, JobSpec, JobState, Origin, Quote, RawBlock, Record, ShotOrder


class InProcessAdapter(Adapter):
    """An adapter whose jobs run in this process, free and at once: `submit` yields them finished.

    `seed_bits` is the size of the seed that each simulation takes from the operating system.
    """

    seed_bits: ClassVar[int]

    def __init__(self, settings: Record, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._jobs: dict[str, Job] = {}
        self._blocks: dict[str, tuple[RawBlock, ...]] = {}

    @abstractmethod
    def run(self, backend: Backend, spec: JobSpec) -> Sequence[Packed]:
        """Runs each circuit of a job that the backend accepts, with a fresh seed.

        Returns a shot table a circuit, in the layout of `qrng_hub.bits`: column j is the circuit's
        `measured[j]`.
        """

    def fresh_seed(self) -> int:
        """Draws a simulator's seed of `seed_bits` from the operating system."""
        return secrets.randbits(self.seed_bits)

    def origin(self, name: str) -> Origin:
        """Every backend here is a simulator, unless an adapter says otherwise."""
        return Origin.SIMULATOR

    def is_remote(self, name: str) -> bool:
        """Nothing here outlives this process."""
        return False

    def quote(self, spec: JobSpec) -> Quote:
        """Every job here is free."""
        return FREE

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Runs jobs one after the other and yields each when it is done."""
        for spec in specs:
            backend = self.describe(spec.backend_name)
            require_supported(backend, spec)
            started = self.clock.now()
            outcomes = self.run(backend, spec)
            job = Job(
                spec=spec,
                vendor_id=f"in-process-{spec.key}",
                state=JobState.DONE,
                queued_utc=started,
                running_utc=started,
                finished_utc=self.clock.now(),
                billed=FREE.high,
            )
            blocks = (self.block(backend, job, *pair) for pair in zip(spec.circuits, outcomes, strict=True))
            self._jobs[spec.key], self._blocks[spec.key] = job, tuple(blocks)
            yield job

    def block(self, backend: Backend, job: Job, circuit: Circuit, outcomes: Packed) -> RawBlock:
        """Makes the block of one circuit's outcomes; an adapter of no simulator says where they come from instead."""
        return RawBlock(
            address=job.spec.address,
            vendor_id=job.vendor_id,
            origin=self.origin(job.spec.backend_name),
            source=f"{backend.description}, seeded with {self.seed_bits} bits from the operating system",
            shot_order=ShotOrder.MEASURED,
            qubits=circuit.measured,
            outcomes=outcomes,
        )

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Returns the jobs as they are: finished."""
        return tuple(self._known(job) for job in jobs)

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Hands the outcomes over, once; raises `JobNotFoundError` the second time."""
        self._known(job)
        del self._jobs[job.spec.key]
        return self._blocks.pop(job.spec.key)

    def cancel(self, job: Job) -> Job:
        """Returns the job as it is: finished."""
        return self._known(job)

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds the jobs whose outcomes wait to be collected."""
        return tuple(self._jobs[spec.key] for spec in specs if spec.key in self._jobs)

    def _known(self, job: Job) -> Job:
        try:
            return self._jobs[job.spec.key]
        except KeyError:
            raise JobNotFoundError(
                f"job {job.vendor_id} on {job.spec.address} is not in this process: an in-process job is"
                " lost when its process ends and its outcomes are handed over once; submit it again"
            ) from None
