"""cirq:engine/<processor>: jobs on Google's quantum processors, through `cirq_google.Engine`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from qrng_hub.adapter import Adapter, looked_at, no_outcomes, understood
from qrng_hub.clock import Clock
from qrng_hub.errors import VendorError
from qrng_hub.pricing import check_price
from qrng_hub.records import Backend, Check, Job, JobSpec, JobState, Origin, Quote, RawBlock, ShotOrder
from qrng_hub_cirq import costs, preflight
from qrng_hub_cirq.connection import LONG_PATIENCE, Connection, OpenEngine
from qrng_hub_cirq.entries import found, id_in, id_of, seen
from qrng_hub_cirq.settings import CirqSettings
from qrng_hub_cirq.status import ENGINE
from qrng_hub_cirq.submission import Submission

_CLOCKS_DIFFER = timedelta(days=1)


class GoogleEngine(Adapter):
    """Submits, polls and collects on Google's processors; every question goes through one connection."""

    name = "cirq"
    settings_model = CirqSettings

    def __init__(self, settings: CirqSettings, clock: Clock, open_engine: OpenEngine | None = None) -> None:
        super().__init__(settings, clock)
        self._connection = Connection(settings, open_engine)
        self._submission = Submission(self._connection, clock)

    # processors

    def names(self) -> tuple[str, ...]:
        """Lists the processors of the project; none without a project."""
        if not self._connection.is_configured:
            return ()
        processors = self._connection.ask("listing processors", lambda client: client.processor_ids())
        return tuple(ENGINE + processor for processor in processors)

    def origin(self, name: str) -> Origin:
        """Every backend here is a processor."""
        return Origin.HARDWARE

    def may_resubmit(self, name: str) -> bool:
        """Google has one job of an id, which follows from the job's key."""
        return True

    def account(self, name: str) -> str:
        """Names the project."""
        return self._connection.settings.project or ""

    def describe(self, name: str) -> Backend:
        """Describes a processor as it is now."""
        return self._connection.ask(f"describing cirq:{name}", lambda client: client.describe(name, _processor(name)))

    def quote(self, spec: JobSpec) -> Quote:
        """Quotes a job from the price book; asks nobody."""
        project = self._connection.settings.project
        return costs.quote_of(spec, _processor(spec.backend_name), project, self.clock.now().date())

    # jobs

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Submits jobs one after the other; a job that Google has already under the key is not made again."""
        for spec in specs:
            yield self._submission.submit(spec, _processor(spec.backend_name))

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Asks for the states of all jobs in one list, and one by one for those that are not in it.

        A job that Google no longer has is UNKNOWN; one that ended is not asked for again.
        """
        entries = self._entries([job for job in jobs if not job.state.finished])

        def look(job: Job) -> Job:
            known = entries.get(id_of(job.spec.key))
            return self._seen(job, self._entry(job.spec.key) if known is None else known)

        return looked_at(jobs, lambda job: job if job.state.finished else look(job))

    def _entries(self, jobs: Sequence[Job]) -> dict[str, Any]:
        listed: list[Any] = []
        if len(jobs) > 1:
            listed = self._connection.ask("listing jobs", lambda client: client.jobs(_since(jobs)))
        return {id_in(entry): entry for entry in listed}

    def _entry(self, key: str) -> Any:
        return self._connection.ask(f"looking for job {key}", lambda client: client.job(key))

    def _seen(self, job: Job, entry: Any) -> Job:
        if entry is None:
            message = "Google has no job of this id, or not for this project"
            return job.model_copy(update={"state": JobState.UNKNOWN, "message": message})
        job = understood(job, lambda: seen(job, entry, self.clock.now()))
        if not job.state.finished:
            return job
        return costs.with_bill(job, _processor(job.spec.backend_name), self._connection.settings.project)

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Fetches the outcomes and checks them against what was asked for."""
        entry, processor = self._entry(job.spec.key), _processor(job.spec.backend_name)
        if (now := self._seen(job, entry)).state is not JobState.DONE:
            raise no_outcomes(now)
        ran_on = entry.execution_status.processor_name.rpartition("/")[2]
        if ran_on not in ("", processor):
            raise VendorError(f"job {job.vendor_id} for {job.spec.address} was run by {ran_on}")
        outcomes = self._connection.ask(
            f"fetching the outcomes of job {job.vendor_id}", lambda client: client.outcomes(job.spec), LONG_PATIENCE
        )
        block = RawBlock(
            address=job.spec.address,
            vendor_id=job.vendor_id,
            origin=Origin.HARDWARE,
            source=f"{processor}, a quantum processor of Google",
            shot_order=ShotOrder.MEASURED,
            qubits=job.spec.circuits[0].measured,
            outcomes=outcomes,
        )
        return (block,)

    def cancel(self, job: Job) -> Job:
        """Asks Google to stop a job; what it has run may still be billed."""
        (now,) = self.poll([job])
        if now.state.finished:
            return now
        try:
            self._connection.ask(f"cancelling job {job.vendor_id}", lambda client: client.cancel(job.spec.key))
        except VendorError:
            (now,) = self.poll([job])
            if not now.state.finished:
                raise
            return now
        (now,) = self.poll([job])
        return now

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds jobs by the ids that follow from their keys, whoever submitted them.

        Raises `VendorError` for a job that is still on its way from this process, and
        `AuthenticationError` without a project.
        """
        entries = ((spec, self._submission.find(spec.key)) for spec in specs)
        return tuple(self._seen(found(spec, entry), entry) for spec, entry in entries if entry is not None)

    def purge(self, job: Job) -> None:
        """Deletes a job at Google, with its program and its outcomes."""
        self._connection.ask(f"deleting job {job.vendor_id}", lambda client: client.delete(job.spec.key))

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Checks the credentials with the project, and each processor with its price."""
        project = self._connection.settings.project
        checked = preflight.project(project, self.names)
        yield checked
        if checked.verdict == "failed":
            return
        for name in names:
            yield preflight.processor(name, self.describe)
            yield check_price(f"cirq:{name}", costs.price_of(_processor(name), project), self.clock.now().date())


def _processor(name: str) -> str:
    return name.removeprefix(ENGINE)


def _since(jobs: Sequence[Job]) -> datetime | None:
    """Returns a time before which none of the jobs was made, if that is known."""
    queued = [job.queued_utc for job in jobs if job.queued_utc]
    return min(queued) - _CLOCKS_DIFFER if len(queued) == len(jobs) else None
