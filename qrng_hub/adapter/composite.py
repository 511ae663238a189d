"""An adapter of several parts: a vendor's simulators in this process and its cloud, say."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from qrng_hub.adapter.contract import Adapter
from qrng_hub.adapter.ends import looked_at_together
from qrng_hub.records import Backend, Check, Job, JobSpec, Origin, Quote, RawBlock


class CompositeAdapter(Adapter):
    """Passes each call on to the part that has the backend."""

    @abstractmethod
    def part(self, name: str) -> Adapter:
        """Returns the part that has a backend, or would have it."""

    @abstractmethod
    def parts(self) -> tuple[Adapter, ...]:
        """Lists the parts, those that ask nobody first."""

    def names(self) -> tuple[str, ...]:
        """Lists the backends of every part."""
        return tuple(name for part in self.parts() for name in part.names())

    def origin(self, name: str) -> Origin:
        """Asks the part."""
        return self.part(name).origin(name)

    def is_remote(self, name: str) -> bool:
        """Asks the part."""
        return self.part(name).is_remote(name)

    def may_resubmit(self, name: str) -> bool:
        """Asks the part."""
        return self.part(name).may_resubmit(name)

    def account(self, name: str) -> str:
        """Asks the part."""
        return self.part(name).account(name)

    def is_own_account(self, name: str, meant: str) -> bool:
        """Asks the part."""
        return self.part(name).is_own_account(name, meant)

    def expect(self, name: str, qubits: int) -> None:
        """Tells the part."""
        self.part(name).expect(name, qubits)

    def describe(self, name: str) -> Backend:
        """Asks the part."""
        return self.part(name).describe(name)

    def quote(self, spec: JobSpec) -> Quote:
        """Asks the part."""
        return self.part(spec.backend_name).quote(spec)

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Submits each job to its part."""
        for spec in specs:
            yield from self.part(spec.backend_name).submit([spec])

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Polls the jobs of each part in one call."""
        return looked_at_together(
            jobs,
            lambda job: self.part(job.spec.backend_name),
            lambda own: self.part(own[0].spec.backend_name).poll(own),
        )

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Asks the part."""
        return self.part(job.spec.backend_name).collect(job)

    def cancel(self, job: Job) -> Job:
        """Asks the part."""
        return self.part(job.spec.backend_name).cancel(job)

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Asks each part for the jobs of its backends."""
        found: dict[str, Job] = {}
        for part in self.parts():
            if own := [spec for spec in specs if self.part(spec.backend_name) is part]:
                found |= {job.spec.key: job for job in part.find(own)}
        return tuple(found[spec.key] for spec in specs if spec.key in found)

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Checks the parts that have these backends."""
        for part in self.parts():
            if own := [name for name in names if self.part(name) is part]:
                yield from part.preflight(own)

    def purge(self, job: Job) -> None:
        """Asks the part."""
        self.part(job.spec.backend_name).purge(job)

    def close(self) -> None:
        """Closes every part."""
        for part in self.parts():
            part.close()
