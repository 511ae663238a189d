"""A comparison through the hub: who is asked, what a failure is, what is counted, in which order."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.errors import ConfigError, RequestError, UnknownNameError
from qrng_hub.records import ComparedBackend, Comparison, Job, JobState, Origin, RawBlock, ShotOrder
from qrng_hub.runner import Compared
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

CHEAP, DEAR = Script(price=Decimal("0.10")), Script(price=Decimal("0.40"))


def hub_of(scripts: dict[str, Script], addresses: list[str] | None = None, **sections: Any) -> Hub:
    clock = FrozenClock()
    values: dict[str, Any] = {
        "version": 1,
        "backend": [{"address": address} for address in addresses or [f"scripted:{name}" for name in scripts]],
        "budget": {"usd_per_job": Decimal(1)},
        "compare": {"shots": 2048, "repeats": 2},
    }
    return Hub.open(run_file_from(values | sections), clock=clock, adapters=[ScriptedAdapter(scripts, clock, seed=1)])


def rows(comparison: Comparison) -> dict[str, ComparedBackend]:
    return {row.address: row for row in comparison.backends}


def test_every_backend_runs_the_same_as_often_and_is_on_record() -> None:
    with hub_of({"a": CHEAP, "b": DEAR}) as hub:
        comparison = hub.compare()
        jobs = hub.jobs()
        assert hub.audit() == ()
    assert {(job.address, job.shots, job.draw_id) for job in jobs} == {
        (f"scripted:{name}", 2048, comparison.comparison_id) for name in "ab"
    }
    assert len(jobs) == 4
    row = rows(comparison)["scripted:b"]
    assert row.measures is not None and row.totals is not None
    assert (row.measures.shots, len(row.measures.qubits), row.totals.raw_bits) == (4096, 16, 65_536)
    assert {one.key for one in row.repeats} == {job.key for job in jobs if job.address == "scripted:b"}
    assert len({one.block_sha256 for one in row.repeats}) == 2


def test_costs_and_times_are_added_up_a_megabit() -> None:
    with hub_of({"a": DEAR}) as hub:
        (row,) = hub.compare().backends
    totals = row.totals
    assert totals is not None
    assert (totals.cost_billed, totals.queue_seconds, totals.run_seconds) == (Decimal("0.80"), 120.0, 4.0)
    assert totals.cost_per_raw_mbit == pytest.approx(Decimal("0.80") / Decimal("0.065536"))
    assert totals.raw_bits_per_second == 65_536 / 4
    assert totals.seconds_per_bounded_mbit == pytest.approx(124 / (totals.bounded_bits / 1e6))
    assert 0 < totals.extractable_bits < totals.bounded_bits < totals.raw_bits
    assert totals.credited_bits == pytest.approx(totals.bounded_bits)


def test_a_simulator_is_bounded_and_credited_nothing() -> None:
    script = Script(origin=Origin.SIMULATOR, price=Decimal(0))
    with hub_of({"a": script}) as hub:
        comparison = hub.compare()
    totals = comparison.backends[0].totals
    assert totals is not None
    assert (totals.credited_bits, totals.cost_per_bounded_mbit) == (0.0, Decimal(0))
    assert totals.bounded_bits > 40_000
    assert "credit is 0" in comparison.summary[-1]


def test_what_fails_is_a_row_with_its_reason_and_the_rest_is_finished() -> None:
    scripts = {
        "fine": CHEAP,
        "offline": Script(offline=True),
        "failing": Script(ends=JobState.FAILED),
        "dear": Script(price=Decimal("1.50")),
        "unpriced": Script(price=None),
        "rebuilt": Script(shot_order=ShotOrder.RECONSTRUCTED),
    }
    with hub_of(scripts) as hub:
        comparison = hub.compare()
        assert "scripted:dear" not in {job.address for job in hub.jobs()}
    of = rows(comparison)
    assert of["scripted:fine"].failure == "" and of["scripted:fine"].measures is not None
    reasons = {address: row.failure.partition(":")[0] for address, row in of.items() if row.measures is None}
    assert reasons == {
        "scripted:offline": "BackendOfflineError",
        "scripted:failing": "JobFailedError",
        "scripted:dear": "BudgetExceededError",
        "scripted:unpriced": "BudgetExceededError",
        "scripted:rebuilt": "ReconstructedMeasurementsError",
    }
    assert comparison.backends[0].address == "scripted:fine"
    assert "Of 6 backends 5 gave nothing" in comparison.summary[0]


def test_hardware_is_refused_without_a_budget_and_where_the_policy_forbids_it() -> None:
    with hub_of({"a": CHEAP}, budget={}) as hub:
        assert "BudgetExceededError" in hub.compare().backends[0].failure
        assert hub.jobs() == ()
    with hub_of({"a": CHEAP}, policy={"fallback": "simulator-only"}) as hub:
        assert "does not allow hardware" in hub.compare().backends[0].failure


def test_the_budget_holds_for_all_jobs_together() -> None:
    with hub_of({"a": DEAR}, budget={"usd": Decimal("0.70")}) as hub:
        (row,) = hub.compare().backends
    assert len(row.repeats) == 1
    assert "BudgetExceededError" in row.failure
    assert row.totals is not None and row.totals.cost_billed == Decimal("0.40")


def test_sorts_by_entropy_cost_or_time() -> None:
    scripts = {
        "cheap": Script(price=Decimal("0.10"), queue_seconds=600, p_one=0.45),
        "quick": Script(price=Decimal("0.90"), queue_seconds=5, p_one=0.40),
        "best": Script(price=Decimal("0.50"), queue_seconds=60),
        "offline": Script(offline=True),
    }
    with hub_of(scripts) as hub:
        first = {by: hub.compare(by=by).backends for by in ("entropy", "cost", "time")}
    assert {by: of[0].address for by, of in first.items()} == {
        "entropy": "scripted:best", "cost": "scripted:cheap", "time": "scripted:quick",
    }  # fmt: skip
    assert {of[-1].address for of in first.values()} == {"scripted:offline"}


def test_backends_that_differ_are_told_apart() -> None:
    with hub_of({"good": CHEAP, "poor": Script(p_one=0.4), "fair": CHEAP}) as hub:
        comparison = hub.compare()
    real = {(one.better, one.worse) for one in comparison.differences if one.is_real}
    assert real == {("scripted:good", "scripted:poor"), ("scripted:fair", "scripted:poor")}
    poor = rows(comparison)["scripted:poor"].measures
    assert poor is not None and [one.kind for one in poor.findings] == ["bias"]
    assert len(poor.findings[0].qubits) == 16


def test_a_pattern_stands_for_what_fits_and_a_name_goes_before_it() -> None:
    scripts = {"snap/a": CHEAP, "snap/b": CHEAP, "other": CHEAP}
    backends = [{"address": "scripted:snap/*", "qubits": 4}, {"address": "scripted:snap/b", "qubits": 8}]
    with hub_of(scripts, backend=backends) as hub:
        of = rows(hub.compare())
        with pytest.raises(RequestError, match="only qrng compare"):
            hub.draw(32)
        assert [check.subject for check in hub.preflight()][-2:] == ["scripted:snap/a", "scripted:snap/b"]
    sizes = {address: len(row.measures.qubits) for address, row in of.items() if row.measures}
    assert sizes == {"scripted:snap/a": 4, "scripted:snap/b": 8}


def test_refuses_what_cannot_be_compared() -> None:
    with hub_of({"a": CHEAP}, ["scripted:b*"]) as hub, pytest.raises(UnknownNameError, match="no backend fits"):
        hub.compare()
    with hub_of({"a": CHEAP}, ["scripted:a", "scripted:a"]) as hub, pytest.raises(ConfigError, match="listed twice"):
        hub.compare()
    with hub_of({"a": CHEAP}, request={"retain_raw": True}) as hub, pytest.raises(ConfigError, match="retain_raw"):
        hub.compare()
    chsh = {"protocol": "chsh", "certificate": {"score": 0.8, "circuits": 100, "shots": 2}}
    with hub_of({"a": CHEAP}, request=chsh) as hub, pytest.raises(ConfigError, match="superpositions and no chsh runs"):
        hub.compare()
    with pytest.raises(ConfigError, match=r"names many backends, which only \[compare\] allows"):
        run_file_from({"version": 1, "backend": [{"address": "scripted:*"}]})


def test_tells_how_far_each_backend_is() -> None:
    told: list[Compared] = []
    with hub_of({"a": CHEAP, "b": Script(offline=True)}) as hub:
        hub.compare(on_progress=told.append)
    assert [(one.done, one.of) for one in told if one.address == "scripted:a"] == [(0, 2), (1, 2), (2, 2)]
    first, failed = [one for one in told if one.address == "scripted:b"]
    assert (first.done, first.note) == (0, "")
    assert "offline" in failed.note


def test_a_calibration_is_run_and_heeded() -> None:
    with hub_of({"a": CHEAP}, request={"calibrate": True}) as hub:
        (calibrated,) = hub.compare().backends
        assert {job.circuits for job in hub.jobs()} == {3}
    with hub_of({"a": CHEAP}) as hub:
        (plain,) = hub.compare().backends
    assert calibrated.measures is not None and plain.measures is not None
    assert calibrated.measures.bound_bits_per_shot < plain.measures.bound_bits_per_shot - 0.1


class Recording(ScriptedAdapter):
    """Keeps what it gave; a `stale` one gives the first block of each backend again and again."""

    stale = False

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        given: dict[str, tuple[RawBlock, ...]] = self.__dict__.setdefault("given", {})
        key = job.spec.address if self.stale else job.spec.key
        (block,) = given.setdefault(key, super().collect(job))
        return (block.model_copy(update={"vendor_id": job.vendor_id}),)


class Stale(Recording):
    stale = True


def test_a_digest_is_that_of_the_very_outcomes() -> None:
    clock = FrozenClock()
    adapter = Recording({"a": CHEAP}, clock)
    run_file = {"version": 1, "backend": [{"address": "scripted:a"}], "budget": {"usd_per_job": 1}}
    with Hub.open(run_file, clock=clock, adapters=[adapter]) as hub:
        (row,) = hub.compare().backends
    given = vars(adapter)["given"]
    assert [one.block_sha256 for one in row.repeats] == [
        sha256(given[one.key][0].outcomes.tobytes()).hexdigest() for one in row.repeats
    ]
    assert [one.shots for one in row.repeats] == [4096] * 3


def test_outcomes_given_twice_are_not_counted_twice() -> None:
    clock = FrozenClock()
    run_file = {"version": 1, "backend": [{"address": "scripted:a"}], "budget": {"usd_per_job": 1}}
    with Hub.open(run_file, clock=clock, adapters=[Stale({"a": CHEAP}, clock)]) as hub:
        (row,) = hub.compare().backends
    assert len(row.repeats) == 1
    assert "VendorError" in row.failure and "not new" in row.failure


def test_too_few_shots_to_measure_are_a_row_with_its_reason() -> None:
    backends = [
        {"address": "scripted:a", "shots": 3},
        {"address": "scripted:b", "shots": 4},
        {"address": "scripted:c", "shots": 40},
    ]
    with hub_of(dict.fromkeys("abc", CHEAP), backend=backends) as hub:
        of = rows(hub.compare())
    few = of["scripted:a"]
    assert few.measures is None and few.totals is not None
    assert few.failure == "6 shots in all are too few to measure anything: that takes 8"
    assert len(few.repeats) == 2  # they were run, and paid
    enough = of["scripted:b"].measures
    assert enough is not None and enough.shots == 8 and enough.bound_bits_per_shot == 0
    (finding,) = enough.findings
    assert "too few for the start-up test" in finding.sentence
    assert of["scripted:c"].measures is not None
