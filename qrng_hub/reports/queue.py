"""How long jobs queued, what to expect from that, and how often such expectations held.

The expectation is an interval between two quantiles of a backend's own past queue times, at the positions i / (n + 1):
of n independent times and the next, each rank is as likely as another. The latest jobs weigh the most, and those of
the same time of day more than others (nonexchangeable conformal prediction: Barber, Candes, Ramdas, Tibshirani, Ann.
Statist. 51, 816, 2023). After each job that falls outside its interval the next is made wider, and narrower after each
that falls inside (adaptive conformal inference: Gibbs, Candes, NeurIPS 2021), so that four of five hold in the long run
however queues drift. The record is kept by predicting each past job from what was known when it was submitted.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from qrng_hub.ledger import LedgerJob
from qrng_hub.records import Record

ENOUGH = 10
"""Fewer past jobs give no interval."""
_MISSES = 0.2
"""The share of jobs that may fall outside."""
_STEP = 0.05
_MISSES_RANGE = (0.02, 0.5)
_HALF_LIFE_JOBS = 40
_MOST_JOBS = 200
"""A job so many jobs ago weighs 2^-5, and those before it nothing."""
_SAME_TIME_HOURS = 2
_OTHER_TIME_WEIGHT = 0.1
_MOST_PREDICTIONS = 500


class Interval(Record):
    """What four of five queue times are expected to be in, in seconds, and from how many jobs."""

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
    """The share of the last 500 jobs that fell into the interval predicted for them; 0.8 is meant."""
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


def expectation(history: Sequence[_Sample], now: datetime, misses: float = _MISSES) -> Interval | None:
    """Predicts the queue time of a job submitted now from those whose wait was over by then."""
    known = [sample for sample in history if sample.queued_utc + timedelta(seconds=sample.seconds) <= now]
    if len(known) < ENOUGH:
        return None
    weighted = sorted((sample.seconds, _weight(age, sample, now)) for age, sample in enumerate(reversed(known)))
    low, high = (_quantile(weighted, share) for share in (misses / 2, 1 - misses / 2))
    return Interval(low_seconds=low, high_seconds=high, jobs=len(known))


def _weight(age: int, sample: _Sample, now: datetime) -> float:
    """Weighs a job by how many came after it and by how far its time of day is from now's."""
    apart = abs(((now - sample.queued_utc).total_seconds() / 3600 + 12) % 24 - 12)
    return math.exp2(-age / _HALF_LIFE_JOBS) * (1.0 if apart <= _SAME_TIME_HOURS else _OTHER_TIME_WEIGHT)


def _quantile(weighted: Sequence[tuple[float, float]], share: float) -> float:
    """Interpolates between sorted values at their positions, i / (n + 1) if all n weigh 1 as the next one does."""
    total = 1.0 + sum(weight for _, weight in weighted)
    below, seconds_before, position_before = 0.0, weighted[0][0], 0.0
    for seconds, weight in weighted:
        position = (below + weight / 2 + 0.5) / total
        if position >= share:
            return seconds_before + (seconds - seconds_before) * (share - position_before) / (
                position - position_before
            )
        below, seconds_before, position_before = below + weight, seconds, position
    return seconds_before


def _line(address: str, samples: list[_Sample], now: datetime) -> QueueLine:
    seconds = [sample.seconds for sample in samples]
    verdicts, misses = _replayed(samples)
    return QueueLine(
        address=address,
        jobs=len(samples),
        shortest_seconds=min(seconds),
        median_seconds=statistics.median(seconds),
        longest_seconds=max(seconds),
        expected=expectation(samples[-_MOST_JOBS:], now, misses),
        held=statistics.fmean(verdicts) if verdicts else None,
        predictions=len(verdicts),
        queue_seconds=tuple(seconds),
    )


def _replayed(samples: Sequence[_Sample]) -> tuple[list[bool], float]:
    """Says of each job that could be predicted whether it fell into its interval, and which share is to miss next."""
    verdicts, misses = list[bool](), _MISSES
    for number in range(max(0, len(samples) - _MOST_PREDICTIONS), len(samples)):
        sample = samples[number]
        predicted = expectation(samples[max(0, number - _MOST_JOBS) : number], sample.queued_utc, misses)
        if predicted is not None:
            held = predicted.low_seconds <= sample.seconds <= predicted.high_seconds
            verdicts.append(held)
            least, most = _MISSES_RANGE
            misses = min(max(misses + _STEP * (_MISSES - (not held)), least), most)
    return verdicts, misses
