"""ibm:<device> and ibm:least_busy: jobs on the devices of IBM Quantum Platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from qrng_hub.adapter import Adapter, before_sending, looked_at, no_outcomes, understood
from qrng_hub.clock import Clock
from qrng_hub.errors import QRNGError, RateLimitedError, VendorError
from qrng_hub.records import Backend, Check, Job, JobSpec, JobState, Origin, Quote, RawBlock, ShotOrder
from qrng_hub_ibm import costs, listing, preflight
from qrng_hub_ibm.connection import LONG_PATIENCE, Connection
from qrng_hub_ibm.entries import job_of, seen, stamped
from qrng_hub_ibm.errors import ERRORS
from qrng_hub_ibm.results import cloud_tables
from qrng_hub_ibm.settings import IBMOptions, IBMSettings, options_of
from qrng_hub_ibm.submission import Submission, still_under_way

LEAST_BUSY = "least_busy"


class IBMCloud(Adapter):
    """Submits, polls and collects on IBM's devices; every question goes through one connection."""

    name = "ibm"
    settings_model = IBMSettings
    options_model = IBMOptions

    def __init__(self, settings: IBMSettings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._connection = Connection(settings, clock)
        self._submission = Submission(self._connection, clock)
        self._described: dict[str, tuple[Backend, datetime]] = {}
        self._least_busy: str | None = None
        self._least_qubits = 1
        self._account: str | None = None
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

    def account(self, name: str) -> str:
        """Names the instance by its CRN."""
        if self._account is None:
            self._account = self._connection.ask("reading the instance", lambda client: str(client.instance["crn"]))
        return self._account

    def expect(self, name: str, qubits: int) -> None:
        """Has `least_busy` stand for a device of so many qubits."""
        if name == LEAST_BUSY:
            self._least_qubits = max(qubits, self._least_qubits)

    def describe(self, name: str) -> Backend:
        """Describes a device as it is now.

        `least_busy` stands for the device chosen when it was first described, whose qubits circuits
        then name, for as long as that device is online and has as many qubits as are expected.
        """
        backend = self._describe(name)
        if name == LEAST_BUSY and (backend.availability != "online" or backend.qubits < self._least_qubits):
            self._choose(self._least_busy)
            backend = self._describe(name)
        return backend

    def _describe(self, name: str) -> Backend:
        device = self._device(name)
        backend = self._connection.ask(f"describing {device}", lambda client: client.describe(f"ibm:{name}", device))
        self._described[device] = backend, self.clock.now()
        return backend

    def _device(self, name: str) -> str:
        return name if name != LEAST_BUSY else self._least_busy or self._choose(None)

    def _choose(self, instead_of: str | None) -> str:
        with self._choosing:
            if self._least_busy == instead_of or self._least_busy is None:
                self._least_busy = self._connection.ask(
                    "choosing a device", lambda client: client.least_busy(self._least_qubits)
                )
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
            with before_sending():
                device = self._device(spec.backend_name)
                if device not in self._described:
                    self._describe(spec.backend_name)
                backend, described = self._described[device]
            yield self._submission.submit(spec, device, backend, described)

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Asks for the states of all jobs in pages, and once for the times and the bill of each that ended.

        A job that IBM no longer has is UNKNOWN. One that is over is finished, whether or not its bill can be read.
        """
        listed = listing.entries(self._connection, jobs) if jobs else listing.Listed({}, {})

        def look(job: Job) -> Job:
            entry = listed.entries.get(job.vendor_id) or listing.entry(self._connection, job.vendor_id)
            return self._seen(job, entry, listed.others.get(job.vendor_id, ()))

        return looked_at(jobs, look)

    def _seen(self, job: Job, entry: Mapping[str, Any] | None, others: Sequence[Mapping[str, Any]]) -> Job:
        """Brings a job up to date with its entry; `others` are those of jobs that were made again under its key."""
        if entry is None:
            message = "IBM has no job of this id, or not for this account and instance"
            return job.model_copy(update={"state": JobState.UNKNOWN, "message": message})
        if job.spec.backend_name == LEAST_BUSY and self._least_busy is None:
            self._least_busy = entry.get("backend")  # its qubits are those that the job's circuits name
        if job.state.finished and "seconds" in job.usage:
            return job
        return understood(job, lambda: self._with_bill(seen(job, entry, self.clock.now()), others))

    def _with_bill(self, job: Job, others: Sequence[Mapping[str, Any]]) -> Job:
        """Adds the bill to a job that ended, together with those of jobs that were made again under its key."""
        if not job.state.finished:
            return job
        again = [str(entry["id"]) for entry in others]
        if again:
            note = f"made {1 + len(again)} times, and billed together with {', '.join(again)}"
            job = job.model_copy(update={"message": f"{job.message}; {note}" if job.message else note})

        def ask(client: Any) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
            return [client.metrics(one) for one in (job.vendor_id, *again)], client.instance

        try:
            (metrics, *more), instance = self._connection.ask(f"reading the times of job {job.vendor_id}", ask)
        except RateLimitedError:
            raise
        except VendorError as error:
            return job.model_copy(
                update={"message": f"{job.message or 'it is over'}; its bill cannot be read: {error}"}
            )
        bills = [costs.billed(instance, one.get("usage") or {}) for one in (metrics, *more)]
        billed, usage = costs.summed(bills)
        return stamped(job, metrics).model_copy(update={"billed": billed, "usage": usage})

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Fetches the outcomes and checks them against what was asked for; a private job's can be read once."""
        seconds = LONG_PATIENCE * self._connection.settings.timeout_seconds
        fetched = self._connection.ask(
            f"fetching the outcomes of job {job.vendor_id}",
            lambda client: client.results(job.vendor_id, seconds),
            LONG_PATIENCE,
        )
        if fetched is None:
            (seen_now,) = self.poll([job])
            raise no_outcomes(seen_now)
        device, result = fetched
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
        listing.cancel(self._connection, job.vendor_id)
        (seen_now,) = self.poll([job])
        return seen_now

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds jobs by their tags, whoever submitted them.

        Raises `VendorError` for a job that is still on its way from this process, and
        `AuthenticationError` without an API key.
        """
        return tuple(found for spec in specs if (found := self._find(spec)))

    def _find(self, spec: JobSpec) -> Job | None:
        under_way = self._submission.is_under_way(spec.key)
        entry, others = listing.made_under(self._connection, spec.key)
        if entry is None:
            if under_way:
                raise still_under_way(spec.key)
            return None
        return self._seen(job_of(spec, entry), entry, others)

    def purge(self, job: Job) -> None:
        """Deletes a job at IBM, with its circuits and outcomes."""
        self._connection.ask(f"deleting job {job.vendor_id}", lambda client: client.delete(job.vendor_id))

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Checks the key, the instance with its plan, the time left, and each device."""
        yield from preflight.checks(self._connection, self.clock.now().date())
        for name in names:
            try:
                yield preflight.device(self.describe(name))
            except QRNGError as error:
                yield Check(subject=f"ibm:{name}", verdict="failed", detail=str(error))
