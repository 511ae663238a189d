"""How long jobs queued, what to expect from that, and how often such expectations held.

The expectation is the interval between the 10 % and the 90 % quantile of a backend's own past queue
times, of the same hour of the day (UTC) where there are enough of them. Its record is kept by
predicting each past job from those before it.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from qrng_hub.ledger import LedgerJob
from qrng_hub.records import Record

ENOUGH = 10
"""Fewer past jobs give no interval."""


class Interval(Record):
    """From 10 % to 90 % of the past queue times, in seconds, and from how many jobs."""

    low_seconds: float
    high_seconds: float
    jobs: int


class QueueLine(Record):
    """The queue times of one backend, in seconds."""

    address: str
    jobs: int
    shortest_seconds: float
    median_seconds: float
    longest_seconds: float
    expected: Interval | None
    """What to expect now; None with fewer than ten past jobs."""
    held: float | None
    """The share of past jobs that fell into the interval predicted for them; 0.8 is meant."""
    predictions: int
    queue_seconds: tuple[float, ...]
    """Every queue time, oldest first."""


class _Sample(NamedTuple):
    queued_utc: datetime
    seconds: float


def queue_times(jobs: Iterable[LedgerJob], now: datetime) -> tuple[QueueLine, ...]:
    """Sums up the queue times of every backend that jobs waited for."""
    samples: defaultdict[str, list[_Sample]] = defaultdict(list)
    for job in jobs:
        if job.queued_utc is not None and job.queue_seconds is not None:
            samples[job.address].append(_Sample(job.queued_utc, job.queue_seconds))
    return tuple(_line(address, sorted(own), now) for address, own in sorted(samples.items()))


def expectation(history: Sequence[_Sample], hour: int) -> Interval | None:
    """Predicts the queue time of a job submitted in this hour of the day from those before it."""
    same_hour = [sample.seconds for sample in history if sample.queued_utc.hour == hour]
    seconds = same_hour if len(same_hour) >= ENOUGH else [sample.seconds for sample in history]
    if len(seconds) < ENOUGH:
        return None
    deciles = statistics.quantiles(seconds, n=10, method="inclusive")
    return Interval(low_seconds=deciles[0], high_seconds=deciles[-1], jobs=len(seconds))


def _line(address: str, samples: list[_Sample], now: datetime) -> QueueLine:
    seconds = [sample.seconds for sample in samples]
    verdicts = _verdicts(samples)
    return QueueLine(
        address=address,
        jobs=len(samples),
        shortest_seconds=min(seconds),
        median_seconds=statistics.median(seconds),
        longest_seconds=max(seconds),
        expected=expectation(samples, now.hour),
        held=statistics.fmean(verdicts) if verdicts else None,
        predictions=len(verdicts),
        queue_seconds=tuple(seconds),
    )


def _verdicts(samples: Sequence[_Sample]) -> list[bool]:
    """Says of each job that could be predicted whether it fell into its interval."""
    verdicts = []
    for number, sample in enumerate(samples):
        predicted = expectation(samples[:number], sample.queued_utc.hour)
        if predicted is not None:
            verdicts.append(predicted.low_seconds <= sample.seconds <= predicted.high_seconds)
    return verdicts
