"""One key, one job: submitting to IBM so that a lost answer, a retry or a second process makes no second job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any

from qrng_hub.adapter import before_sending, require_in_time, require_supported
from qrng_hub.clock import Clock
from qrng_hub.errors import (
    BackendLimitError,
    BackendOfflineError,
    QRNGError,
    QueueFullError,
    QuotaError,
    VendorError,
)
from qrng_hub.records import Backend, Job, JobSpec, JobState
from qrng_hub_ibm import costs
from qrng_hub_ibm.connection import LONG_PATIENCE, Connection
from qrng_hub_ibm.devices import runs_jobs
from qrng_hub_ibm.entries import job_of
from qrng_hub_ibm.errors import codes_of, status_of
from qrng_hub_ibm.listing import made_under
from qrng_hub_ibm.settings import IBMOptions, options_of

#: what IBM's service runs at most in one job
MAX_EXECUTIONS = 10_000_000
#: IBM's codes: the account has as many jobs waiting as its plan allows (3 in the Open plan), or has used up its time
_TOO_MANY_JOBS, _TIME_USED_UP = 3458, 4317
#: how long it counts that a device runs jobs and that there is time left; IBM refuses by itself what comes later
_ANSWER_COUNTS = timedelta(seconds=10)


class Submission:
    """Makes jobs; remembers which are still on their way."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._time_left_until = datetime.min.replace(tzinfo=UTC)
        self._under_way: set[str] = set()
        self._submitting: set[str] = set()
        self._lock = Lock()

    def submit(self, spec: JobSpec, device: str, backend: Backend, described: datetime) -> Job:
        """Makes a job, unless IBM has it already; checks first whatever would make IBM refuse it.

        `backend` is the device as it was when it was `described`.
        """
        options = options_of(spec)
        with before_sending():
            require_supported(backend, spec)
            self._require_limits(spec, device, options)
        with self._alone(spec.key):
            under_way = self.is_under_way(spec.key)
            with before_sending(unless=under_way):
                if job := self._at_ibm(spec):
                    return job
            if under_way:
                raise still_under_way(spec.key)
            with before_sending():
                self._require_open(spec, device, described)
            return self._made(spec, device, options)

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Lets one thread at a time submit under a key, and refuses a second one."""
        with self._lock:
            if key in self._submitting:
                raise still_under_way(key)
            self._submitting.add(key)
        try:
            yield
        finally:
            self._submitting.discard(key)

    def is_under_way(self, key: str) -> bool:
        """Whether a request to make the job was given up waiting for, but may yet succeed.

        Ask this before looking for the job at IBM: it may land in between.
        """
        return key in self._under_way

    def _made(self, spec: JobSpec, device: str, options: IBMOptions) -> Job:
        """Asks IBM once; whatever goes wrong, the job is looked for, since it may have been made before that."""
        require_in_time(spec, self._clock.now())
        try:
            vendor_id = self._connection.ask_once(
                f"submitting job {spec.key} to {device}", lambda client: self._run(client, spec, device, options)
            )
        except VendorError as error:
            if (job := self._at_ibm_after(error, spec)) is None:
                raise
            return job
        return Job(spec=spec, vendor_id=vendor_id, state=JobState.QUEUED, queued_utc=self._clock.now())

    def _run(self, client: Any, spec: JobSpec, device: str, options: IBMOptions) -> str:
        """Runs in a thread of its own, which goes on when nobody waits for it any more."""
        self._under_way.add(spec.key)
        try:
            return str(client.run(spec, device, _within_budget(options, client.instance, spec.max_usd)))
        except Exception as error:
            if _TOO_MANY_JOBS in codes_of(error):
                raise QueueFullError(
                    f"IBM takes no further job of this account until one of those that wait has ended: {error}"
                ) from error
            if status_of(error) == 409 or _TIME_USED_UP in codes_of(error):
                raise QuotaError(f"IBM refused job {spec.key}: the instance has no time left: {error}") from error
            raise
        finally:
            self._under_way.discard(spec.key)

    def _at_ibm_after(self, error: VendorError, spec: JobSpec) -> Job | None:
        try:
            return self._at_ibm(spec)
        except QRNGError as second:
            raise error from second

    def _at_ibm(self, spec: JobSpec) -> Job | None:
        first, _ = made_under(self._connection, spec.key)
        return None if first is None else job_of(spec, first)

    # what IBM would refuse, or take and not run

    def _require_limits(self, spec: JobSpec, device: str, options: IBMOptions) -> None:
        if (executions := spec.shots * len(spec.circuits)) > MAX_EXECUTIONS:
            raise BackendLimitError(
                f"{spec.address} runs at most {MAX_EXECUTIONS:,} shots a job over all circuits, not {executions:,}"
            )
        self._connection.ask(
            f"compiling for {device}", lambda client: client.compile(device, spec.circuits), LONG_PATIENCE
        )
        if options.rep_delay is None:
            return
        low, high = self._connection.ask(f"describing {device}", lambda client: client.rep_delays(device))
        if not low <= options.rep_delay <= high:
            raise BackendLimitError(
                f"{spec.address} takes a rep_delay of {low:g} to {high:g} s, not {options.rep_delay:g}"
            )

    def _require_open(self, spec: JobSpec, device: str, described: datetime) -> None:
        """The client only warns when the usage limit is reached, and a device that is paused still takes jobs."""
        if self._clock.now() > described + _ANSWER_COUNTS:
            status = self._connection.ask(f"reading the status of {device}", lambda client: client.status(device))
            if not runs_jobs(status):
                raise BackendOfflineError(f"{device} of IBM does not run jobs now: {status.status_msg or 'offline'}")
        if self._clock.now() > self._time_left_until:
            self._require_time_left(spec)
            self._time_left_until = self._clock.now() + _ANSWER_COUNTS

    def _require_time_left(self, spec: JobSpec) -> None:
        usage = self._connection.ask("reading the usage", lambda client: client.usage())
        if usage.get("usage_limit_reached"):
            raise QuotaError(
                f"the instance of IBM Quantum has used {usage.get('usage_consumed_seconds', 'all')} s of its time and"
                f" has none left: no job was sent to {spec.address}"
            )


def _within_budget(options: IBMOptions, instance: Mapping[str, Any], usd: Decimal | None) -> IBMOptions:
    """Has IBM stop the job at what it may cost, should it take longer than was quoted."""
    limits = [one for one in (options.max_execution_time, costs.seconds_for(instance, usd)) if one is not None]
    return options.model_copy(update={"max_execution_time": min(limits, default=None)})


def still_under_way(key: str) -> VendorError:
    """Makes the error for a job that may or may not come to be."""
    return VendorError(f"job {key} is still on its way to IBM, which has not answered: look for it again later")
