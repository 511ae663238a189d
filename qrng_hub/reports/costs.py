"""What was estimated, what was billed, and what a credited megabit cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

from qrng_hub.ledger import LedgerJob
from qrng_hub.records import Receipt, Record

Grouping = Literal["backend", "day", "run"]


class CostLine(Record):
    """The costs of one backend, day or run, in one currency.

    `billed` adds up the bills that are known; `bills_unknown` counts the jobs that have none yet.
    `credited_bits` are those of the bytes delivered, as if each source had been the only one.
    `overrun` is what those jobs were billed above their highest estimate, negative if below.
    """

    group: str
    currency: str
    jobs: int
    estimated_low: Decimal
    estimated_high: Decimal
    estimates_unknown: int
    billed: Decimal
    bills_unknown: int
    overrun: Decimal
    credited_bits: float
    billed_per_credited_mbit: Decimal | None


def costs(jobs: Iterable[LedgerJob], receipts: Iterable[Receipt], by: Grouping) -> tuple[CostLine, ...]:
    """Adds up the costs of jobs by backend, by day (UTC) or by run, and what the receipts credit."""
    group_of: Callable[[LedgerJob], str] = {
        "backend": lambda job: job.address,
        "day": lambda job: f"{job.recorded_utc:%Y-%m-%d}",
        "run": lambda job: job.draw_id or "outside a run",
    }[by]
    grouped: defaultdict[tuple[str, str], list[LedgerJob]] = defaultdict(list)
    for job in jobs:
        grouped[group_of(job), job.currency].append(job)
    credited = _credited(receipts, by)
    return tuple(_line(*key, own, credited.get(key[0], 0.0)) for key, own in sorted(grouped.items()))


def _credited(receipts: Iterable[Receipt], by: Grouping) -> dict[str, float]:
    bits: defaultdict[str, float] = defaultdict(float)
    for receipt in receipts:
        for source in receipt.sources:
            groups = {"backend": source.address, "day": f"{receipt.created_utc:%Y-%m-%d}", "run": receipt.draw_id}
            bits[groups[by]] += min(source.credited_bits, 8.0 * receipt.bytes)
    return bits


def _line(group: str, currency: str, jobs: list[LedgerJob], credited_bits: float) -> CostLine:
    billed = sum((job.cost_billed for job in jobs if job.cost_billed is not None), Decimal(0))
    overruns = (
        job.cost_billed - job.cost_estimated_high
        for job in jobs
        if job.cost_billed is not None and job.cost_estimated_high is not None
    )
    return CostLine(
        group=group,
        currency=currency,
        jobs=len(jobs),
        estimated_low=sum((job.cost_estimated_low or Decimal(0) for job in jobs), Decimal(0)),
        estimated_high=sum((job.cost_estimated_high or Decimal(0) for job in jobs), Decimal(0)),
        estimates_unknown=sum(job.cost_estimated_high is None for job in jobs),
        billed=billed,
        bills_unknown=sum(job.cost_billed is None for job in jobs),
        overrun=sum(overruns, Decimal(0)),
        credited_bits=credited_bits,
        billed_per_credited_mbit=billed / Decimal(credited_bits / 1e6) if credited_bits else None,
    )
