"""ibm:<device> and ibm:least_busy: jobs on the devices of IBM Quantum Platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from threading import Lock
from typing import Any

from qrng_hub.adapter import Adapter
from qrng_hub.clock import Clock
from qrng_hub.errors import JobCancelledError, JobError, JobFailedError, JobNotFoundError, QRNGError, VendorError
from qrng_hub.records import Backend, Check, Job, JobSpec, JobState, Origin, Quote, RawBlock, ShotOrder
from qrng_hub_ibm import costs, preflight
from qrng_hub_ibm.connection import LONG_PATIENCE, Connection
from qrng_hub_ibm.entries import job_of, original, stamped, state_of
from qrng_hub_ibm.errors import ERRORS
from qrng_hub_ibm.results import cloud_tables
from qrng_hub_ibm.settings import IBMOptions, IBMSettings, options_of
from qrng_hub_ibm.submission import Submission, still_under_way

LEAST_BUSY = "least_busy"
_CLOCKS_DIFFER = timedelta(days=1)


class IBMCloud(Adapter):
    """Submits, polls and collects on IBM's devices; every question goes through one connection."""

    name = "ibm"
    settings_model = IBMSettings
    options_model = IBMOptions

    def __init__(self, settings: IBMSettings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._connection = Connection(settings)
        self._submission = Submission(self._connection, clock)
        self._described: dict[str, Backend] = {}
        self._least_busy: str | None = None
        self._choosing = Lock()

    @property
    def is_configured(self) -> bool:
        """Whether there is an API key; without one there are no devices."""
        return self._connection.is_configured

    # devices

    def names(self) -> tuple[str, ...]:
        """Lists the devices of the instance; none without an API key."""
        if not self.is_configured:
            return ()
        return (LEAST_BUSY, *self._connection.ask("listing devices", lambda client: sorted(client.devices())))

    def origin(self, name: str) -> Origin:
        """Every backend here is a device."""
        return Origin.HARDWARE

    def describe(self, name: str) -> Backend:
        """Describes a device as it is now.

        `least_busy` stands for the device chosen when it was first described, whose qubits circuits
        then name, for as long as that device is online.
        """
        backend = self._describe(name)
        if name == LEAST_BUSY and backend.availability != "online":
            self._choose(self._least_busy)
            backend = self._describe(name)
        return backend

    def _describe(self, name: str) -> Backend:
        device = self._device(name)
        backend = self._connection.ask(f"describing {device}", lambda client: client.describe(f"ibm:{name}", device))
        self._described[device] = backend
        return backend

    def _device(self, name: str) -> str:
        return name if name != LEAST_BUSY else self._least_busy or self._choose(None)

    def _choose(self, instead_of: str | None) -> str:
        with self._choosing:
            if self._least_busy == instead_of or self._least_busy is None:
                self._least_busy = self._connection.ask("choosing a device", lambda client: client.least_busy())
            return self._least_busy

    def quote(self, spec: JobSpec) -> Quote:
        """Quotes the device's time at the price of the instance's plan; asks for the device, submits nothing."""
        options = options_of(spec)
        device = self._device(spec.backend_name)

        def estimate(client: Any) -> tuple[list[float], Mapping[str, Any]]:
            return client.shot_seconds(device, spec.circuits, options.rep_delay), client.instance

        seconds, instance = self._connection.ask(f"quoting a job on {device}", estimate)
        low, high = costs.seconds_of(seconds, spec.shots, options.max_execution_time)
        return costs.quote_of(instance, low, high, self.clock.now().date())

    # jobs

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Submits jobs one after the other; a job that IBM has already under the key is not made again."""
        for spec in specs:
            device = self._device(spec.backend_name)
            backend = self._described.get(device) or self._describe(spec.backend_name)
            yield self._submission.submit(spec, device, backend)

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Asks for the states of all jobs in pages, and for the times of those that changed.

        A job that IBM no longer has is UNKNOWN.
        """
        ids = {job.vendor_id for job in jobs}
        starts = [job.queued_utc for job in jobs]
        since = None if None in starts else min((at for at in starts if at), default=None)
        after = since - _CLOCKS_DIFFER if since else None
        entries = self._connection.ask("listing jobs", lambda client: client.entries(ids, after))
        return tuple(self._seen(job, entries.get(job.vendor_id)) for job in jobs)

    def _seen(self, job: Job, entry: Mapping[str, Any] | None) -> Job:
        if entry is None:
            message = "IBM has no job of this id, or not for this account and instance"
            return job.model_copy(update={"state": JobState.UNKNOWN, "message": message})
        state = state_of(entry)
        if state is job.state and (not state.finished or "seconds" in job.usage):
            return job
        return self._with_times(job, entry)

    def _with_times(self, job: Job, entry: Mapping[str, Any]) -> Job:
        def ask(client: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
            return client.metrics(job.vendor_id), client.instance

        metrics, instance = self._connection.ask(f"reading the times of job {job.vendor_id}", ask)
        job = stamped(job, entry, metrics)
        if not job.state.finished:
            return job
        billed, usage = costs.billed(instance, metrics.get("usage") or {})
        return job.model_copy(update={"billed": billed, "usage": usage})

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Fetches the outcomes and checks them against what was asked for; a private job's can be read once."""
        (seen,) = self.poll([job])
        _require_done(seen)
        seconds = LONG_PATIENCE * self._connection.settings.timeout_seconds
        device, result = self._connection.ask(
            f"fetching the outcomes of job {job.vendor_id}",
            lambda client: client.results(job.vendor_id, seconds),
            LONG_PATIENCE,
        )
        if job.spec.backend_name not in (device, LEAST_BUSY):
            raise VendorError(f"job {job.vendor_id} for {job.spec.address} was run by {device}")
        with ERRORS.at_the_border(f"reading the outcomes of job {job.vendor_id}"):
            tables = cloud_tables(result, job.spec.circuits, job.spec.shots)
        return tuple(
            RawBlock(
                address=job.spec.address,
                vendor_id=job.vendor_id,
                origin=Origin.HARDWARE,
                source=f"{device}, a quantum device of IBM",
                shot_order=ShotOrder.MEASURED,
                qubits=circuit.measured,
                outcomes=outcomes,
            )
            for circuit, outcomes in zip(job.spec.circuits, tables, strict=True)
        )

    def cancel(self, job: Job) -> Job:
        """Asks IBM to stop a job; time that the device has spent on it may still be billed."""
        self._connection.ask(f"cancelling job {job.vendor_id}", lambda client: client.cancel(job.vendor_id))
        (seen,) = self.poll([job])
        return seen

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds jobs by their tags, whoever submitted them.

        Raises `VendorError` for a job that is still on its way from this process, and
        `AuthenticationError` without an API key.
        """
        return tuple(found for spec in specs if (found := self._find(spec)))

    def _find(self, spec: JobSpec) -> Job | None:
        under_way = self._submission.is_under_way(spec.key)
        entry = original(self._connection.ask(f"looking for job {spec.key}", lambda client: client.tagged(spec.key)))
        if entry is None:
            if under_way:
                raise still_under_way(spec.key)
            return None
        return self._seen(job_of(spec, entry), entry)

    def purge(self, job: Job) -> None:
        """Deletes a job at IBM, with its circuits and outcomes."""
        self._connection.ask(f"deleting job {job.vendor_id}", lambda client: client.delete(job.vendor_id))

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Checks the key, the instance with its plan, the time left, and each device."""
        yield from preflight.checks(self._connection)
        for name in names:
            try:
                yield preflight.device(self.describe(name))
            except QRNGError as error:
                yield Check(subject=f"ibm:{name}", verdict="failed", detail=str(error))


def _require_done(job: Job) -> None:
    where = f"job {job.vendor_id} on {job.spec.address}"
    if job.state is JobState.FAILED:
        raise JobFailedError(f"{where} failed: {job.message or 'no reason given'}")
    if job.state is JobState.CANCELLED:
        raise JobCancelledError(f"{where} was cancelled")
    if job.state is JobState.UNKNOWN:
        raise JobNotFoundError(f"{where}: {job.message or 'IBM gives a state that is not understood'}")
    if job.state is not JobState.DONE:
        raise JobError(f"{where} is {job.state}: collect it when it is done")
