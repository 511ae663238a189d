import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.ledger import LedgerJob
from qrng_hub.records import JobState, Origin
from qrng_hub.reports import costs, queue_times
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def job(address: str, queue_seconds: float, *, hours: float = 0, billed: str | None = "0.30") -> LedgerJob:
    queued = MONDAY + timedelta(hours=hours)
    running = queued + timedelta(seconds=queue_seconds)
    return LedgerJob(
        key=f"{address}-{hours}", draw_id="draw", address=address, origin=Origin.HARDWARE, vendor_id="v",
        state=JobState.DONE, qubits=1, circuits=1, shots=1, cost_estimated_low=Decimal("0.25"),
        cost_estimated_high=Decimal("0.28"), cost_billed=None if billed is None else Decimal(billed), currency="USD",
        native_estimated={}, native_billed={}, recorded_utc=queued, queued_utc=queued, running_utc=running,
        finished_utc=running, stamps="vendor", message="", is_remote=True, account=None,
    )  # fmt: skip


def expected(jobs: Iterable[LedgerJob]) -> tuple[float, float] | None:
    (line,) = queue_times(jobs, MONDAY)
    return (line.expected.low_seconds, line.expected.high_seconds) if line.expected else None


def test_costs_keep_estimates_bills_and_unknowns_apart() -> None:
    (one, two) = costs([job("a:x", 1), job("a:x", 1, hours=1, billed=None), job("b:y", 1)], [], "backend")
    assert (one.group, one.jobs, one.billed, one.bills_unknown) == ("a:x", 2, Decimal("0.30"), 1)
    assert (one.estimated_low, one.estimated_high, one.overrun) == (Decimal("0.50"), Decimal("0.56"), Decimal("0.02"))
    assert one.billed_per_credited_mbit is None
    assert two.group == "b:y"


def test_costs_are_grouped_by_day_and_by_run() -> None:
    jobs = [job("a:x", 1), job("a:x", 1, hours=24)]
    assert [line.group for line in costs(jobs, [], "day")] == ["2026-01-05", "2026-01-06"]
    assert [(line.group, line.jobs) for line in costs(jobs, [], "run")] == [("draw", 2)]


def test_a_credited_megabit_has_its_price() -> None:
    clock = FrozenClock()
    values = {"version": 1, "backend": [{"address": "scripted:a"}], "budget": {"usd_per_job": Decimal(1)}}
    with Hub.open(run_file_from(values), clock=clock, adapters=[ScriptedAdapter({"a": Script()}, clock)]) as hub:
        receipt = hub.draw(64).receipt
        (line,) = hub.costs()
        assert receipt.sources[0].credited_bits > line.credited_bits == receipt.credit.bits == 8 * 64
        assert float(line.billed_per_credited_mbit or 0) == pytest.approx(0.30 / line.credited_bits * 1e6)
        assert [one.queue_seconds for one in hub.queue_times()] == [(60,)]


def test_jobs_of_this_process_have_no_queue() -> None:
    with Hub.open() as hub:
        hub.random_bytes(1)
        assert hub.queue_times() == ()


def test_too_few_jobs_give_no_expectation() -> None:
    assert expected(job("a:x", seconds, hours=seconds) for seconds in range(9)) is None


def record(seconds: Iterable[float], apart_hours: float = 24) -> tuple[float, int]:
    """How often expectations held, and of how many."""
    (line,) = queue_times([job("a:x", value, hours=n * apart_hours) for n, value in enumerate(seconds)], MONDAY)
    assert line.held is not None
    return line.held, line.predictions


def test_four_of_five_independent_times_are_in_the_interval() -> None:
    generator = random.Random(1)
    held, predictions = record(generator.lognormvariate(6, 1) for _ in range(400))
    assert (predictions, abs(held - 0.8) < 0.03) == (390, True)


def test_four_of_five_are_in_it_however_the_queue_drifts() -> None:
    generator = random.Random(2)
    held, _ = record(600 * math.exp(n / 60 + generator.gauss(0, 0.5)) for n in range(400))
    assert abs(held - 0.8) < 0.05


def test_an_interval_of_few_jobs_is_wider_than_the_middle_of_what_was_seen() -> None:
    """Of ten jobs and the next, the next is the longest as often as any other."""
    low, high = expected(job("a:x", seconds, hours=24 * (seconds - 10)) for seconds in range(10)) or (0.0, 0.0)
    assert low < 0.3 and high > 8.7  # between the nearest two of ten, 10 % and 90 % are 0.9 and 8.1


def test_recent_times_weigh_more() -> None:
    before = [job("a:x", 10, hours=24 * day) for day in range(-300, -100)]
    after = [job("a:x", 1000, hours=24 * day) for day in range(-100, 0)]
    assert expected(before + after) == pytest.approx((1000, 1000))


def test_the_same_time_of_day_weighs_more() -> None:
    noon, midnight = ([job("a:x", 1000 - 80 * at, hours=24 * day + at) for day in range(-60, 0)] for at in (0, 12))
    assert expected(noon + midnight) == pytest.approx((1000, 1000))


def test_a_job_is_predicted_from_those_whose_wait_was_over() -> None:
    """All are submitted in one hour and wait for a day: when the last is submitted, nothing is known."""
    (line,) = queue_times([job("a:x", 86_400, hours=n / 20 - 48) for n in range(20)], MONDAY)
    assert (line.predictions, line.held) == (0, None)
    assert line.expected is not None


def test_it_is_told_how_often_expectations_held() -> None:
    """Ten jobs found the record; of the ten after them, the last two wait longer than any before."""
    seconds = [*range(10), *([4.0] * 8), 500.0, 501.0]
    (line,) = queue_times([job("a:x", value, hours=n) for n, value in enumerate(seconds)], MONDAY)
    assert (line.held, line.predictions) == (0.8, 10)
    assert (line.shortest_seconds, line.median_seconds, line.longest_seconds) == (0, 4, 501)
