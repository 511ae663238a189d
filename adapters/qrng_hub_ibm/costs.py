"""What a job on a device of IBM takes of its time, and what that costs; asks nobody.

The time is IBM's own rule of thumb: about 2 s a sub-job and (repetition delay + circuit) a shot. How
a job is cut into sub-jobs is not published; one per 100,000 shots is taken as the upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from qrng_hub.pricing import Price, price_book
from qrng_hub.records import Quote, total

_SUB_JOB_SECONDS, _SUB_JOB_SHOTS, _MARGIN = 2, 100_000, 1.25


def seconds_of(shot_seconds: list[float], shots: int, limit: int | None) -> tuple[Decimal, Decimal]:
    """Estimates, low and high, the device's seconds for circuits of which one shot takes `shot_seconds`.

    `limit` is the time after which IBM stops the job.
    """
    busy = shots * sum(shot_seconds)
    sub_jobs = math.ceil(shots * len(shot_seconds) / _SUB_JOB_SHOTS)
    low, high = _SUB_JOB_SECONDS + busy, math.ceil(_SUB_JOB_SECONDS * sub_jobs + _MARGIN * busy)
    bound = math.inf if limit is None else limit
    return _decimal(min(low, bound)), _decimal(min(high, bound))


def quote_of(instance: Mapping[str, Any], low: Decimal, high: Decimal, today: date) -> Quote:
    """Quotes seconds of the device's time at the price of the instance's plan; unknown if the book has none."""
    if price := price_of(instance):
        return price.quote_seconds(low, high, today)
    source = f"the price book has no price for IBM's plan {instance['plan']!r}"
    return Quote(low=None, high=None, native={"seconds": high}, source=source)


def billed(instance: Mapping[str, Any], usage: Mapping[str, Any]) -> tuple[Decimal | None, dict[str, Decimal]]:
    """Reads a job's usage: what it cost and its seconds, both unknown until IBM gives them, complete."""
    charged = usage.get("qpu_charge_time_seconds")
    is_number = isinstance(charged, int | float) and not isinstance(charged, bool)
    if usage.get("status", "pending") == "pending" or not is_number or not 0 <= float(str(charged)) < math.inf:
        return None, {}
    seconds = Decimal(str(charged))
    price = price_of(instance)
    return (price.time_cost(seconds) if price else None), {"seconds": seconds}


def summed(bills: Sequence[tuple[Decimal | None, dict[str, Decimal]]]) -> tuple[Decimal | None, dict[str, Decimal]]:
    """Adds up bills; unknown as long as one of them is."""
    if not all("seconds" in usage for _, usage in bills):
        return None, {}
    seconds = sum((usage["seconds"] for _, usage in bills), Decimal(0))
    return total(cost for cost, _ in bills), {"seconds": seconds}


def seconds_for(instance: Mapping[str, Any], usd: Decimal | None) -> int | None:
    """Returns how many seconds of the device's time an amount buys; None where money sets no limit."""
    price = price_of(instance)
    if usd is None or price is None or price.currency != "USD" or not price.per_second:
        return None
    return max(1, math.floor(usd / price.per_second))


def price_of(instance: Mapping[str, Any]) -> Price | None:
    """Finds the price of the instance's plan, by its name or else by its kind."""
    book = price_book()
    return book.find("ibm", str(instance["plan"])) or book.find("ibm", str(instance["pricing_type"]))


def _decimal(seconds: float) -> Decimal:
    return Decimal(str(round(seconds, 3)))
