"""Runs jobs from their intent to their end, and keeps the ledger true on the way.

A job that outlives this process is on record, durably, before it is submitted, and is never
submitted again while the first attempt may have reached the vendor.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from qrng_hub import policy
from qrng_hub.adapter import Adapter, no_outcomes
from qrng_hub.callers import warn
from qrng_hub.clock import Clock
from qrng_hub.dispatcher.submission import LONGEST_PAUSE_SECONDS, Submission, asked_for, submit_once
from qrng_hub.errors import (
    BudgetExceededError,
    BudgetWarning,
    JobTimeoutError,
    QRNGError,
    RunInterruptedError,
)
from qrng_hub.ledger import Budget, Ledger, Limit
from qrng_hub.limits import Limits
from qrng_hub.policy import Action
from qrng_hub.records import Finished, Job, JobSpec, JobState, Quote

_FIRST_PAUSE_SECONDS = 0.5
_JITTER = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that gave no outcomes, and why."""

    spec: JobSpec
    error: QRNGError


@dataclass(frozen=True, slots=True)
class _InFlight:
    job: Job
    quote: Quote
    since: datetime


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why no look at the jobs succeeds, and since when."""

    error: QRNGError
    since: datetime


#: Is told of a job that was submitted, or was seen to change.
OnChange = Callable[[Job, Quote], None]


def _ignore(_job: Job, _quote: Quote) -> None:
    """Does nothing."""


class Dispatcher:
    """Submits and polls; safe for any number of threads. What a finished job gave is for the caller to collect."""

    def __init__(self, ledger: Ledger, clock: Clock, limits: Limits) -> None:
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._submission = Submission(ledger, clock, limits)

    def run(self, adapter: Adapter, spec: JobSpec, draw_id: str | None, stop: threading.Event) -> Finished:
        """Runs one job to its end.

        Raises `BudgetExceededError` before anything is submitted, `RunInterruptedError` once `stop`
        is set, `JobTimeoutError` when the time allowed is over, and whatever the adapter raises.
        """
        (settled,) = self.run_all(adapter, [spec], draw_id, stop)
        if isinstance(settled, Failure):
            raise settled.error
        return settled

    def run_all(
        self,
        adapter: Adapter,
        specs: Iterable[JobSpec],
        draw_id: str | None,
        stop: threading.Event,
        on_change: OnChange = _ignore,
    ) -> Iterator[Finished | Failure]:
        """Runs jobs of one adapter and yields each as it ends, in any order.

        All are submitted first, and those at the vendor are polled together: the vendor is asked as
        often for ten thousand as for one. `on_change` is told of every job that is submitted or seen to
        change.
        """
        in_flight: dict[str, _InFlight] = {}
        for spec in specs:
            try:
                quote = self._approve(adapter, spec, stop)
                if adapter.is_remote(spec.backend_name) or not quote.is_free:
                    job = self._start(adapter, spec, quote, draw_id, stop)
                    in_flight[spec.key] = _InFlight(job, quote, self._clock.now())
                    on_change(job, quote)
                else:
                    yield self._run_here(adapter, spec, quote, draw_id)
            except QRNGError as error:
                yield Failure(spec, error)
        yield from self._settle(adapter, in_flight, stop, on_change)

    def follow(
        self,
        adapter: Adapter,
        jobs: Iterable[tuple[Job, Quote]],
        stop: threading.Event,
        on_change: OnChange = _ignore,
    ) -> Iterator[Finished | Failure]:
        """Follows jobs of an earlier process to their ends; yields as `run_all` does and submits nothing."""
        now = self._clock.now()
        in_flight = {job.spec.key: _InFlight(job, quote, now) for job, quote in jobs}
        for flight in in_flight.values():
            on_change(flight.job, flight.quote)
        yield from self._settle(adapter, in_flight, stop, on_change)

    def require_affordable(self, adapter: Adapter, spec: JobSpec, draw_id: str, jobs: int) -> None:
        """Raises `BudgetExceededError` if so many jobs like this one cannot be had for what is left of a budget.

        They are reckoned by the lowest estimate: what may yet suffice is begun.
        """
        if jobs == 1 or not (low := adapter.quote(spec).low):
            return
        committed = {one.name: one.committed for one in self._ledger.budgets()}
        for name, limit in self.limits_of(spec.address, draw_id).items():
            left = limit.most - committed.get(name, Decimal(0))
            if limit.unit == "USD" and jobs * low > left:
                raise BudgetExceededError(
                    f"{jobs:,} jobs on {spec.address} are expected to be needed, which cost {jobs * low} USD at least,"
                    f" and the budget {name} of {limit.most} has {left} left: {jobs * low - left} more are needed"
                )

    def limits_of(self, address: str, draw_id: str | None) -> dict[str, Limit]:
        """Lists the budgets that a job of now is charged to, by name, with their limits."""
        return self._limits.of_job(address, draw_id, self._clock.now())

    def require_reservable(self, adapter: Adapter, specs: Sequence[JobSpec], draw_id: str | None) -> None:
        """Raises `BudgetExceededError` unless prices and budgets allow all of these jobs at their highest."""
        quotes = [self._approve(adapter, spec, threading.Event()) for spec in specs]
        self._ledger.require_left(quotes, self.limits_of(specs[0].address, draw_id))

    def _approve(self, adapter: Adapter, spec: JobSpec, stop: threading.Event) -> Quote:
        if stop.is_set():
            raise RunInterruptedError("the run was stopped before its next job was submitted")
        quote = adapter.quote(spec)
        limits = self._limits
        if objection := policy.price_objection(quote, limits.usd_per_job, accepts_unknown=limits.accepts_unknown_price):
            raise BudgetExceededError(f"a job on {spec.address} was not submitted: {objection}")
        return quote

    def _run_here(self, adapter: Adapter, spec: JobSpec, quote: Quote, draw_id: str | None) -> Finished:
        """Runs a job that ends with this process: it goes on record once, at its end."""
        finished = _finished(submit_once(adapter, spec), quote)
        self._ledger.record_free(finished.job, quote, adapter.origin(spec.backend_name), draw_id)
        return finished

    def _start(self, adapter: Adapter, spec: JobSpec, quote: Quote, draw_id: str | None, stop: threading.Event) -> Job:
        spec = spec.model_copy(update={"max_usd": self._limits.usd_per_job})
        origin = adapter.origin(spec.backend_name)
        limits = self.limits_of(spec.address, draw_id)
        used = self._ledger.intend(spec, quote, origin, draw_id, limits, _account(adapter, spec))
        job = self._submission.submit(adapter, spec, stop)
        self._ledger.acknowledged(job)
        self._warn(used)
        return job

    def _warn(self, used: Iterable[Budget]) -> None:
        """Warns of a budget that other runs share, once little of it is left."""
        for one in used:
            share = one.committed / one.most if one.most else Decimal(0)
            if one.name.startswith("project") and share >= self._limits.warn_at:
                spent = f"{one.committed} of {one.most} {one.unit}"
                message = f"{share:.0%} of the budget {one.name} is spent or reserved: {spent}"
                warn(message, BudgetWarning)

    def _settle(
        self, adapter: Adapter, in_flight: dict[str, _InFlight], stop: threading.Event, on_change: OnChange
    ) -> Iterator[Finished | Failure]:
        """Polls everything in flight, ever more slowly while nothing changes, until all of it is settled."""
        pause, at_least, trouble = _FIRST_PAUSE_SECONDS, 0.0, None
        while in_flight:
            yield from _settle_finished(in_flight)
            if not in_flight:
                return
            if self._clock.sleep(max(at_least, pause * _JITTER.uniform(0.8, 1.2)), stop):
                yield from self._interrupted(in_flight)
                return
            changed, error = self._poll(adapter, in_flight, on_change)
            pause = _FIRST_PAUSE_SECONDS if changed else min(1.5 * pause, LONGEST_PAUSE_SECONDS)
            at_least = asked_for(error)
            trouble = self._trouble(trouble, error, in_flight)
            yield from self._timed_out(in_flight, trouble)

    def _interrupted(self, in_flight: dict[str, _InFlight]) -> Iterator[Failure]:
        """Lets go of everything: it stays at the vendor and on record."""
        for flight in in_flight.values():
            where = f"job {flight.job.vendor_id} on {flight.job.spec.address}"
            message = f"{where} was {flight.job.state} when the run was stopped; it stays at the vendor"
            yield Failure(flight.job.spec, RunInterruptedError(message))

    def _trouble(
        self, before: _Trouble | None, error: QRNGError | None, in_flight: dict[str, _InFlight]
    ) -> _Trouble | None:
        """Notes since when no look succeeds; puts what is new in it on record."""
        if error is None:
            return None
        if before is None or str(before.error) != str(error):
            addresses = sorted({flight.job.spec.address for flight in in_flight.values()})
            self._ledger.record_event("poll.failed", ", ".join(addresses), {"reason": str(error)})
        return _Trouble(error, before.since if before else self._clock.now())

    def _timed_out(self, in_flight: dict[str, _InFlight], trouble: _Trouble | None) -> Iterator[Failure]:
        """Lets go of what has taken longer than is allowed: it stays at the vendor and on record."""
        now, error = self._clock.now(), trouble.error if trouble else None
        failing = (now - trouble.since).total_seconds() if trouble else 0.0
        for key, flight in list(in_flight.items()):
            waited = (now - flight.since).total_seconds()
            decision = policy.while_at_vendor(error, failing, waited, self._limits.max_wait_seconds)
            if decision.action is Action.STOP and not flight.job.state.finished:
                where = f"job {flight.job.vendor_id} on {flight.job.spec.address}"
                failure = JobTimeoutError(f"{where}: {decision.reason}. It stays at the vendor and in the ledger")
                failure.__cause__ = error
                del in_flight[key]
                yield Failure(flight.job.spec, failure)

    def _poll(
        self, adapter: Adapter, in_flight: dict[str, _InFlight], on_change: OnChange
    ) -> tuple[bool, QRNGError | None]:
        """Asks once for all; an error leaves them as they were, for a job that cannot be seen has not failed.

        Records what changed; returns whether anything did, and the error.
        """
        try:
            polled = {job.spec.key: job for job in adapter.poll([flight.job for flight in in_flight.values()])}
        except QRNGError as error:
            return False, error
        changed = [job for key, job in polled.items() if job != in_flight[key].job]
        if changed:
            self._ledger.update(*changed)
        for job in changed:
            in_flight[job.spec.key] = replace(in_flight[job.spec.key], job=job)
            on_change(job, in_flight[job.spec.key].quote)
        return bool(changed), None


def _account(adapter: Adapter, spec: JobSpec) -> str | None:
    """Names the account that a job is meant for; None if the vendor does not say."""
    try:
        return adapter.account(spec.backend_name) or None
    except QRNGError:
        return None


def _settle_finished(in_flight: dict[str, _InFlight]) -> Iterator[Finished | Failure]:
    for key, flight in list(in_flight.items()):
        if flight.job.state.finished:
            del in_flight[key]
            try:
                yield _finished(flight.job, flight.quote)
            except QRNGError as error:
                yield Failure(flight.job.spec, error)


def _finished(job: Job, quote: Quote) -> Finished:
    """Takes a job that is over; raises why it has no outcomes."""
    if job.state is not JobState.DONE:
        raise no_outcomes(job)
    return Finished(job=job, quote=quote)
