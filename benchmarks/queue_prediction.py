"""How often the expected interval of queue times holds, on made-up histories of known kinds. Prints a table.

0.80 is meant. The seeds are fixed: the figures are the same on every machine. Beside the share that held stands the
width of the interval, as the ratio of its ends, its median over all histories.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from qrng_hub.ledger import LedgerJob
from qrng_hub.records import JobState, Origin
from qrng_hub.reports import queue_times

_BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
_MEDIAN_SECONDS = 600
Median = Callable[[random.Random, int, float], float]


def independent(_generator: random.Random, _jobs: int, _hour: float) -> float:
    """The same distribution for every job."""
    return 0.0


def hourly(_generator: random.Random, _jobs: int, hour: float) -> float:
    """Twenty times as long at the busiest time of day as at the quietest."""
    return 1.5 * math.sin(2 * math.pi * hour / 24)


def rising(_generator: random.Random, jobs: int, hour: float) -> float:
    """Twenty times as long at the end as at the beginning."""
    return 3.0 * hour / (3 * jobs)


def wandering(kept: float) -> Callable[[], Median]:
    """A random walk in steps of 20 % that keeps so much of where it is: with 0.98, within seven times mostly."""

    def begun() -> Median:
        level = 0.0

        def median(generator: random.Random, _jobs: int, _hour: float) -> float:
            nonlocal level
            level = kept * level + generator.gauss(0, 0.2)
            return level

        return median

    return begun


def history(median: Median, spread: float, jobs: int, generator: random.Random) -> list[LedgerJob]:
    """Makes up jobs about three hours apart, whose queue times are lognormal around a median."""
    hour, made = 0.0, list[LedgerJob]()
    for number in range(jobs):
        hour += generator.expovariate(1 / 3)
        seconds = _MEDIAN_SECONDS * math.exp(median(generator, jobs, hour) + generator.gauss(0, spread))
        made.append(_job(number, _BEGIN + timedelta(hours=hour), seconds))
    return made


def _job(number: int, queued: datetime, seconds: float) -> LedgerJob:
    running = queued + timedelta(seconds=seconds)
    return LedgerJob(
        key=str(number), draw_id=None, address="made:up", origin=Origin.HARDWARE, vendor_id="v", state=JobState.DONE,
        qubits=1, circuits=1, shots=1, cost_estimated_low=Decimal(0), cost_estimated_high=Decimal(0),
        cost_billed=Decimal(0), currency="USD", native_estimated={}, native_billed={}, recorded_utc=queued,
        queued_utc=queued, running_utc=running, finished_utc=running, stamps="vendor", message="", is_remote=True,
    )  # fmt: skip


def coverage(make: Callable[[], Median], spread: float, jobs: int, histories: int) -> tuple[float, float]:
    """Returns the share of all predictions that held, and the median ratio of the last intervals' ends."""
    held, predictions, ratios = 0.0, 0, list[float]()
    for seed in range(histories):
        made = history(make(), spread, jobs, random.Random(seed))
        (line,) = queue_times(made, _BEGIN + timedelta(days=10_000))
        held += (line.held or 0) * line.predictions
        predictions += line.predictions
        if line.expected:
            ratios.append(line.expected.high_seconds / line.expected.low_seconds)
    return held / predictions, statistics.median(ratios)


HISTORIES: dict[str, tuple[Callable[[], Median], float]] = {
    "lognormal, independent": (lambda: independent, 1.0),
    "by the hour of the day": (lambda: hourly, 0.5),
    "rising": (lambda: rising, 0.5),
    "wandering": (wandering(0.98), 0.5),
    "wandering off": (wandering(1.0), 0.5),
}


def main() -> None:
    """Prints a row a kind of history and a length."""
    print(f"{'history':24}{'jobs':>6}{'held':>8}{'high/low':>10}")
    for name, (make, spread) in HISTORIES.items():
        for jobs, histories in ((40, 100), (100, 40), (500, 10)):
            held, ratio = coverage(make, spread, jobs, histories)
            print(f"{name:24}{jobs:6}{held:8.2f}{ratio:10.1f}")


if __name__ == "__main__":
    main()
