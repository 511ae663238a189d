"""Submits one job: how often it is tried, what is waited for, and what becomes of one that is in doubt."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from qrng_hub import policy
from qrng_hub.adapter import Adapter
from qrng_hub.clock import Clock
from qrng_hub.errors import QRNGError, QueueFullError, RateLimitedError, RunInterruptedError, VendorError
from qrng_hub.ledger import Ledger
from qrng_hub.limits import Limits
from qrng_hub.policy import Action
from qrng_hub.records import Job, JobSpec, JobState

_LOG = logging.getLogger(__name__)
LONGEST_PAUSE_SECONDS = 30.0


class Submission:
    """Submits jobs whose intents are on record; says in the log what it waits for, and for how long at most."""

    def __init__(self, ledger: Ledger, clock: Clock, limits: Limits) -> None:
        self._ledger = ledger
        self._clock = clock
        self._limits = limits

    def submit(self, adapter: Adapter, spec: JobSpec, stop: threading.Event) -> Job:
        """Submits once the vendor has room for the job; waiting for it is no attempt, and keeps its intent fresh."""
        until, is_said = self._clock.now() + timedelta(seconds=self._limits.max_wait_seconds), False
        while True:
            try:
                return self._attempts(adapter, spec, stop)
            except QueueFullError as error:
                if not is_said:
                    most = f"{self._limits.max_wait_seconds:,.0f} s"
                    _LOG.warning("%s waits for up to %s for room in the queue: %s", _of(spec), most, error)
                    is_said = True
                if self._clock.sleep(LONGEST_PAUSE_SECONDS, stop):
                    raise self._stopped(spec, error) from error
                if self._clock.now() >= until or not self._ledger.renew_intent(spec.key, str(error)):
                    self._close(spec, error)
                    raise

    def _attempts(self, adapter: Adapter, spec: JobSpec, stop: threading.Event) -> Job:
        """Submits until the vendor has the job; after a doubtful end only where no second one can come of it."""
        latest, doubt = self._clock.now() + policy.SUBMISSION_WINDOW, None
        in_time = spec.model_copy(update={"submit_by_utc": latest})
        for attempt in range(1, self._limits.max_attempts + 1):
            try:
                return submit_once(adapter, in_time).model_copy(update={"spec": spec})
            except QRNGError as error:
                doubt = error if policy.is_doubtful(error) else doubt
                if doubt and not adapter.may_resubmit(spec.backend_name):
                    return self._looked_for(adapter, spec, doubt, stop)
                if isinstance(error, QueueFullError) and not doubt:
                    raise
                decision = policy.after_refusal(error, attempt, self._limits.max_attempts)
                pause = max(2.0**attempt, asked_for(error))
                is_over = decision.action is not Action.RETRY or self._clock.now() + timedelta(seconds=pause) > latest
                is_stopped = not is_over and self._paused(spec, pause, error, stop)
                if doubt and (is_over or is_stopped):
                    return self._looked_for(adapter, spec, doubt, stop)
                if is_stopped:
                    raise self._stopped(spec, error) from error
                if is_over:
                    self._close(spec, error)
                    raise
                self._ledger.record_event("job.retried", spec.key, {"reason": decision.reason})
        raise AssertionError("the last attempt returns or raises")

    def _paused(self, spec: JobSpec, seconds: float, error: QRNGError, stop: threading.Event) -> bool:
        """Waits before the next attempt, and says so if it takes long; returns whether the run was stopped."""
        if seconds > LONGEST_PAUSE_SECONDS:
            _LOG.warning("%s is submitted again in %.0f s: %s", _of(spec), seconds, error)
        return self._clock.sleep(seconds, stop)

    def _stopped(self, spec: JobSpec, error: QRNGError) -> RunInterruptedError:
        """Gives up a job that the vendor certainly does not have, for the run was stopped."""
        self._close(spec, error)
        return RunInterruptedError(f"{_of(spec)} was not submitted when the run was stopped: {error}")

    def _close(self, spec: JobSpec, error: QRNGError) -> None:
        self._ledger.close_intent(spec.key, JobState.CANCELLED, f"not submitted: {error}")

    def _looked_for(self, adapter: Adapter, spec: JobSpec, doubt: QRNGError, stop: threading.Event) -> Job:
        """Looks for a job that may have reached the vendor, for as long as its list may lag behind, if it can be read.

        Raises `doubt` once it certainly did not; while nobody knows, the job is on record as unknown.
        """
        until, pause = self._clock.now() + policy.GRACE, 1.0
        while True:
            found, second = _find_one(adapter, spec)
            if found:
                return found
            is_first = pause == 1.0
            if is_first or second:
                then = f"; then: {second}" if second else ""
                message = f"nobody knows whether the job reached the vendor: {doubt}{then}"
                self._ledger.close_intent(spec.key, JobState.UNKNOWN, message)
            if self._clock.now() >= until or (second and not policy.passes(second)):
                break
            if is_first:
                minutes = f"{policy.GRACE.total_seconds() / 60:g} minutes, until {until:%H:%M} UTC"
                _LOG.warning("%s is looked for at the vendor for up to %s: %s", _of(spec), minutes, message)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            if self._clock.sleep(pause, stop):
                where = f"{_of(spec)} was looked for when the run was stopped"
                raise RunInterruptedError(f"{where}: {message}; `qrng jobs reconcile` looks for it again") from doubt
        if second:
            raise VendorError(
                f"{_of(spec)}: {message}. It is in the ledger as unknown, not submitted again"
            ) from second
        self._close(spec, doubt)
        raise doubt


def asked_for(error: QRNGError | None) -> float:
    """Returns the seconds that the vendor asks to wait for."""
    if not isinstance(error, RateLimitedError):
        return 0.0
    return LONGEST_PAUSE_SECONDS if error.retry_after_seconds is None else error.retry_after_seconds


def _of(spec: JobSpec) -> str:
    return f"job {spec.key} on {spec.address}"


def _find_one(adapter: Adapter, spec: JobSpec) -> tuple[Job | None, QRNGError | None]:
    """Looks for a job under its key; returns what kept the vendor from answering, if something did."""
    try:
        return next(iter(adapter.find([spec])), None), None
    except QRNGError as error:
        return None, error


def submit_once(adapter: Adapter, spec: JobSpec) -> Job:
    """Submits a job, once, and returns it."""
    (job,) = adapter.submit([spec])
    return job
