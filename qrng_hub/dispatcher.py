"""Runs one job from its intent to its outcomes, and keeps the ledger true on the way.

A job that outlives this process is on record, durably, before it is submitted, and is never
submitted again while the first attempt may have reached the vendor.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal

from qrng_hub import policy
from qrng_hub.adapter import Adapter
from qrng_hub.clock import Clock
from qrng_hub.errors import (
    BudgetExceededError,
    JobCancelledError,
    JobFailedError,
    JobTimeoutError,
    QRNGError,
    RequestError,
    RunInterruptedError,
    VendorError,
)
from qrng_hub.ledger import Ledger
from qrng_hub.policy import Action
from qrng_hub.records import Job, JobSpec, JobState, Outcome, Quote

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may cost and how long it may take."""

    usd_per_job: Decimal = Decimal(0)
    max_wait_seconds: float = 86_400.0
    max_attempts: int = 3


class Dispatcher:
    """Submits, polls and collects; safe for any number of threads."""

    def __init__(self, ledger: Ledger, clock: Clock, limits: Limits) -> None:
        self._ledger = ledger
        self._clock = clock
        self._limits = limits

    def run(self, adapter: Adapter, spec: JobSpec, draw_id: str | None, stop: threading.Event) -> Outcome:
        """Runs one job to its end.

        Raises `BudgetExceededError` before anything is submitted, `RunInterruptedError` once `stop`
        is set, `JobTimeoutError` when the time allowed is over, and whatever the adapter raises.
        """
        if stop.is_set():
            raise RunInterruptedError("the run was stopped before its next job was submitted")
        quote = adapter.quote(spec)
        if objection := policy.price_objection(quote, self._limits.usd_per_job):
            raise BudgetExceededError(
                f"a job on {spec.address} was not submitted: {objection}; allow it with [budget] usd_per_job"
            )
        if quote.is_free and not adapter.is_remote(spec.backend_name):
            return self._run_here(adapter, spec, quote, draw_id)
        return self._run_remotely(adapter, spec, quote, draw_id, stop)

    def _run_here(self, adapter: Adapter, spec: JobSpec, quote: Quote, draw_id: str | None) -> Outcome:
        """Runs a job that ends with this process: it goes on record once, at its end."""
        (job,) = adapter.submit([spec])
        outcome = Outcome(job=job, quote=quote, blocks=adapter.collect(job))
        self._ledger.record_free(job, quote, adapter.origin(spec.backend_name), draw_id)
        return outcome

    def _run_remotely(
        self, adapter: Adapter, spec: JobSpec, quote: Quote, draw_id: str | None, stop: threading.Event
    ) -> Outcome:
        self._ledger.intend(spec, quote, adapter.origin(spec.backend_name), draw_id)
        job = self._submit(adapter, spec, stop)
        self._ledger.update(job)
        job = self._wait(adapter, job, stop)
        if job.state is JobState.FAILED:
            raise JobFailedError(f"job {job.vendor_id} on {spec.address} failed: {job.message or 'no reason given'}")
        if job.state is JobState.CANCELLED:
            raise JobCancelledError(f"job {job.vendor_id} on {spec.address} was cancelled")
        return Outcome(job=job, quote=quote, blocks=adapter.collect(job))

    def _submit(self, adapter: Adapter, spec: JobSpec, stop: threading.Event) -> Job:
        """Submits until the vendor has the job; looks for it after every doubtful error."""
        for attempt in range(1, self._limits.max_attempts + 1):
            try:
                (job,) = adapter.submit([spec])
            except RequestError as error:
                self._ledger.close_intent(spec.key, JobState.CANCELLED, f"not submitted: {error}")
                raise
            except QRNGError as error:
                if found := self._find(adapter, spec, error):
                    return found
                decision = policy.after_refusal(error, attempt, self._limits.max_attempts)
                if decision.action is not Action.RETRY or self._clock.sleep(2.0**attempt, stop):
                    self._ledger.close_intent(spec.key, JobState.CANCELLED, f"not submitted: {error}")
                    raise
                self._ledger.record_event("job.retried", spec.key, {"reason": decision.reason})
            else:
                return job
        raise AssertionError("the last attempt returns or raises")

    def _find(self, adapter: Adapter, spec: JobSpec, error: QRNGError) -> Job | None:
        """Looks for a job that may have reached the vendor although submitting it failed."""
        try:
            found = adapter.find([spec.key])
        except QRNGError as second:
            message = f"nobody knows whether the job reached the vendor: {error}; then: {second}"
            self._ledger.close_intent(spec.key, JobState.UNKNOWN, message)
            raise VendorError(
                f"job {spec.key} on {spec.address}: {message}. It is in the ledger as unknown, not submitted again"
            ) from second
        return found[0] if found else None

    def _wait(self, adapter: Adapter, job: Job, stop: threading.Event) -> Job:
        """Polls, ever more slowly, until the job is finished; records each change of state."""
        pause, started = _FIRST_PAUSE_SECONDS, self._clock.now()
        while not job.state.finished:
            where = f"job {job.vendor_id} on {job.spec.address}"
            if self._clock.sleep(pause, stop):
                raise RunInterruptedError(f"{where} was {job.state} when the run was stopped; it stays at the vendor")
            seen, error = self._poll(adapter, job)
            if seen != job:
                self._ledger.update(seen)
                job = seen
            waited = (self._clock.now() - started).total_seconds()
            decision = policy.while_at_vendor(error, waited, self._limits.max_wait_seconds)
            if decision.action is Action.STOP and not job.state.finished:
                raise JobTimeoutError(
                    f"{where}: {decision.reason}. It stays at the vendor and in the ledger"
                ) from error
            pause = min(1.5 * pause, _LONGEST_PAUSE_SECONDS)
        return job

    def _poll(self, adapter: Adapter, job: Job) -> tuple[Job, QRNGError | None]:
        """Asks once; an error leaves the job as it was, for a job that cannot be seen has not failed."""
        try:
            (seen,) = adapter.poll([job])
        except QRNGError as error:
            return job, error
        return seen, None
