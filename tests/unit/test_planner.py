"""The plan is what trying every way gives, and says which limit is in the way when there is none."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng_hub import Circuit, Hub
from qrng_hub.errors import InfeasiblePlanError
from qrng_hub.planner import Demand, Plan, RunTimes, Tariff, Terms, make_plan
from qrng_hub.planner.solve import solve
from qrng_hub.planner.tariffs import fit
from qrng_hub.records import Candidate, Origin, Quote

NOW = datetime(2026, 11, 23, tzinfo=UTC)
AMOUNTS = st.decimals(0, 5, places=2)


def terms(
    address: str,
    *lines: tuple[str, str],
    outputs_a_job: int = 10,
    seconds: tuple[str, str] | None = None,
    wait: tuple[float, float] | None = None,
    max_usd: str | None = None,
    problem: str = "",
) -> Terms:
    """Makes the terms of a device."""
    return Terms(
        candidate=Candidate(address=address, origin=Origin.HARDWARE),
        qubits=(0, 1),
        shots_each=384,
        outputs_a_job=outputs_a_job,
        cost=Tariff(lines=tuple((Decimal(a), Decimal(b)) for a, b in lines)),
        seconds=None if seconds is None else Tariff(lines=((Decimal(seconds[0]), Decimal(seconds[1])),)),
        wait_seconds=wait,
        max_usd=None if max_usd is None else Decimal(max_usd),
        problem=problem,
    )


def requote(one: Terms, shots: int) -> Quote:
    assert one.cost is not None
    cost = one.cost.of(int(shots // one.shots_each))
    return Quote(low=cost, high=cost, source="test")


def planned(listed: Sequence[Terms], **demand: object) -> Plan:
    wanted = Demand.model_validate({"outputs": 10} | demand)
    return make_plan(listed, wanted, 64 * wanted.outputs, requote, NOW)


def ways(listed: Sequence[Terms], outputs: int) -> Iterator[dict[str, int]]:
    """Lists every way to get so many outputs or a few more."""
    for shares in product(range(outputs + 1), repeat=len(listed)):
        if outputs <= sum(shares) <= outputs + len(listed):
            yield {one.candidate.address: share for one, share in zip(listed, shares, strict=True) if share}


def cost_of(listed: Sequence[Terms], way: dict[str, int]) -> Decimal:
    """Adds up what a way costs with the fewest jobs: with more, no tariff here is cheaper."""
    own = ((one, way[one.candidate.address]) for one in listed if one.candidate.address in way)
    return sum((one.cost.in_all(one.jobs_for(share), share) for one, share in own if one.cost), Decimal(0))


@st.composite
def several_terms(draw: st.DrawFn) -> list[Terms]:
    names = ["a:one", "a:two", "b:one", "c:one"][: draw(st.integers(1, 4))]
    return [
        terms(name, (str(draw(AMOUNTS)), str(draw(AMOUNTS))), outputs_a_job=draw(st.integers(1, 6))) for name in names
    ]


@settings(max_examples=60, deadline=None)
@given(several_terms(), st.integers(1, 6), st.integers(1, 3))
def test_the_plan_is_what_trying_every_way_gives(listed: list[Terms], outputs: int, vendors: int) -> None:
    allowed = [way for way in ways(listed, outputs) if len({name.partition(":")[0] for name in way}) >= vendors]
    demand = Demand(outputs=outputs, vendors_min=vendors)
    choice = solve(listed, demand)
    if not allowed:
        assert choice is None
        return
    assert choice is not None
    least = min(cost_of(listed, way) for way in allowed)
    found = cost_of(listed, {name: share for name, (_, share) in choice.items()})
    assert sum(share for _, share in choice.values()) >= outputs
    assert abs(found - least) <= Decimal("0.0001")
    assert solve(listed, demand.model_copy(update={"usd": least + Decimal("0.001")})) is not None
    if least > Decimal("0.01"):
        assert solve(listed, demand.model_copy(update={"usd": least - Decimal("0.01")})) is None


@settings(max_examples=60, deadline=None)
@given(several_terms(), st.integers(1, 40))
def test_a_plan_never_costs_more_than_the_cheapest_price_a_shot(listed: list[Terms], outputs: int) -> None:
    plan = make_plan(listed, Demand(outputs=outputs), 64 * outputs, requote, NOW)
    assert plan.naive_cost is not None
    assert plan.cost_high <= plan.naive_cost + Decimal("0.0001")


def quarters(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number) / 4)


@st.composite
def limited_terms(draw: st.DrawFn) -> Terms:
    """Draws a backend with minimum fees, run times, queues and caps of its own; the address is to be set."""
    fee, each, over = draw(quarters(0, 8)), draw(quarters(0, 8)), draw(st.none() | quarters(0, 16))
    lines = [(fee, each), *([] if over is None else [(fee + over, Decimal(0))])]
    run = draw(st.none() | st.tuples(st.integers(0, 20), st.integers(0, 10)))
    return terms(
        "",
        *((str(a), str(b)) for a, b in lines),
        outputs_a_job=draw(st.integers(1, 4)),
        seconds=None if run is None else (str(run[0]), str(run[1])),
        wait=draw(st.sampled_from([None, (0.0, 10.0), (0.0, 50.0)])),
    ).model_copy(
        update={
            "max_usd": draw(st.none() | quarters(0, 30)),
            "max_seconds": None if run is None else draw(st.sampled_from([None, 30.0])),
            "done": draw(st.integers(0, 1)),
        }
    )


@settings(max_examples=250, deadline=None)
@given(
    st.lists(limited_terms(), min_size=1, max_size=2),
    st.integers(1, 5),
    st.none() | quarters(0, 40),
    st.none() | st.integers(5, 120),
    st.sampled_from(["cost", "time"]),
    st.sampled_from([Decimal(0), Decimal(36)]),
)
def test_a_plan_within_limits_is_what_trying_every_way_gives(
    listed: list[Terms], outputs: int, usd: Decimal | None, seconds: int | None, objective: str, usd_per_hour: Decimal
) -> None:
    names = (
        one.candidate.model_copy(update={"address": f"{name}:qpu"}) for one, name in zip(listed, "ab", strict=False)
    )
    listed = [one.model_copy(update={"candidate": name}) for one, name in zip(listed, names, strict=True)]
    limits = {"usd": usd, "seconds": seconds, "objective": objective, "usd_per_hour": usd_per_hour}
    worths = [worth for way in every_job(listed, outputs) if (worth := weighed(listed, way, limits)) is not None]
    choice = solve(listed, Demand.model_validate({"outputs": outputs} | limits))
    if not worths:
        assert choice is None
        return
    assert choice is not None
    found = weighed(listed, tuple(choice.get(one.candidate.address, (0, 0)) for one in listed), limits)
    assert found is not None, "a limit is passed"
    assert found <= min(worths) + 2e-4


def every_job(listed: Sequence[Terms], outputs: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Lists every way to share outputs out over jobs and backends: (jobs, outputs) of each."""
    own = [[(0, 0)] + [(j, o) for o in range(1, outputs + 1) for j in range(one.jobs_for(o), o + 1)] for one in listed]
    fits = (one.jobs_for(outputs) for one in listed)
    own = [[(jobs, share) for jobs, share in some if jobs <= most] for some, most in zip(own, fits, strict=True)]
    return (way for way in product(*own) if sum(share for _, share in way) >= outputs)


def weighed(listed: Sequence[Terms], way: Sequence[tuple[int, int]], limits: dict[str, Any]) -> float | None:
    """Returns what a plan makes small, for one way; None if that passes a limit."""
    pairs = [(one, jobs, share) for one, (jobs, share) in zip(listed, way, strict=True) if share]
    costs = [(one.cost.in_all(jobs, share) if one.cost else Decimal(0), one.max_usd) for one, jobs, share in pairs]
    runs = [float(one.seconds.in_all(jobs, share)) if one.seconds else 0.0 for one, jobs, share in pairs]
    ends = [run + one.queues(jobs) for run, (one, jobs, _) in zip(runs, pairs, strict=True)]
    cost, end = sum((usd for usd, _ in costs), Decimal(0)), max(ends, default=0.0)
    passed = [usd > most for usd, most in costs if most is not None]
    passed += [
        run > one.max_seconds for run, (one, _, _) in zip(runs, pairs, strict=True) if one.max_seconds is not None
    ]
    passed += [limits["usd"] is not None and cost > limits["usd"]]
    passed += [limits["seconds"] is not None and end > limits["seconds"]]
    if any(passed):
        return None
    return end if limits["objective"] == "time" else float(cost) + float(limits["usd_per_hour"]) / 3600 * end


def test_a_plan_of_a_minimum_and_a_fee_crosses_over_where_it_should() -> None:
    by_task, by_time = terms("b:qpu", ("0.30", "0.10")), terms("s:sim", ("0.90", "0"), ("0.40", "0.05"))
    small, large = planned([by_task, by_time], outputs=5), planned([by_task, by_time], outputs=10)
    assert [line.address for line in (*small.chosen, *large.chosen)] == ["b:qpu", "s:sim"]
    assert (small.cost_high, large.cost_high) == (Decimal("0.80"), Decimal("0.90"))


def test_jobs_share_the_outputs_evenly() -> None:
    (line,) = planned([terms("b:qpu", ("0.30", "0.10"), outputs_a_job=4)]).chosen
    assert (line.jobs, line.shots, line.outputs) == (3, (4 * 384, 3 * 384, 3 * 384), 10)
    assert line.cost_high == Decimal("1.90")
    assert line.expected_bits == 10 * 512


def test_the_fastest_plan_shares_out_what_the_cheapest_does_not() -> None:
    slow = terms("b:qpu", ("0", "0.10"), seconds=("0", "100"), wait=(0, 10))
    fast = terms("i:qpu", ("0", "0.20"), seconds=("0", "50"), wait=(0, 10))
    assert [line.address for line in planned([slow, fast]).chosen] == ["b:qpu"]
    shared = planned([slow, fast], objective="time")
    assert {line.address: line.outputs for line in shared.chosen} == {"b:qpu": 3, "i:qpu": 7}
    assert shared.seconds == 360
    worth = planned([slow, fast], usd_per_hour=Decimal(1000))
    assert worth.seconds == 360


def test_a_deadline_moves_work_to_whoever_meets_it() -> None:
    slow = terms("b:qpu", ("0", "0.10"), seconds=("0", "100"), wait=(0, 10))
    fast = terms("i:qpu", ("0", "0.20"), seconds=("0", "50"), wait=(0, 10))
    plan = planned([slow, fast], seconds=520.0)
    assert {line.address: line.outputs for line in plan.chosen} == {"b:qpu": 5, "i:qpu": 5}
    with pytest.raises(InfeasiblePlanError, match=r"in 300 s, and the fastest plan takes 360 s: 60 s more"):
        planned([slow, fast], seconds=300.0)


def test_what_is_in_the_way_is_named_with_its_amount() -> None:
    one, capped = terms("b:qpu", ("0.30", "0.10")), terms("b:qpu", ("0.30", "0.10"), max_usd="1")
    with pytest.raises(InfeasiblePlanError, match=r"budget.usd is 1, and it takes 1.30: 0.30 USD more"):
        planned([one], usd=Decimal(1))
    with pytest.raises(InfeasiblePlanError, match=r"caps of single .*: b:qpu takes 1.30 USD, 0.30 more than it may"):
        planned([capped])
    with pytest.raises(InfeasiblePlanError, match=r"policy.vendors_min is 2, and 1 vendor"):
        planned([one], vendors_min=2)
    with pytest.raises(InfeasiblePlanError, match=r"x:y: offline"):
        planned([terms("x:y", problem="offline")])
    with pytest.raises(InfeasiblePlanError, match=r"several limits together.*; without all of them it takes 1.30 USD"):
        planned([capped], usd=Decimal(1))
    timed = terms("b:qpu", ("0", "0"), seconds=("0", "10")).model_copy(update={"max_seconds": 50.0})
    with pytest.raises(InfeasiblePlanError, match=r"b:qpu runs 100.0 s, 50.0 more than it may"):
        planned([timed])


@pytest.mark.parametrize(("price", "usd"), [("0.0003", "0"), ("1.3041", "1.30")])
def test_a_budget_that_is_raised_by_what_is_missing_suffices(price: str, usd: str) -> None:
    dear = terms("b:qpu", (price, "0"))
    with pytest.raises(InfeasiblePlanError, match=r": 0.01 USD more"):
        planned([dear], usd=Decimal(usd))
    assert planned([dear], usd=Decimal(usd) + Decimal("0.01")).cost_high == Decimal(price)


def test_jobs_on_either_side_of_a_minimum_are_not_taken_for_cheaper_than_they_are() -> None:
    minimum = terms("a:qpu", ("1.0", "0"), ("0", "0.667"), outputs_a_job=2)  # jobs of 2 and 1 outputs take 2.334
    flat = terms("b:qpu", ("1.6", "0.2"))
    for limits in ({}, {"usd": Decimal("2.25")}):
        plan = planned([minimum, flat], outputs=3, **limits)
        assert (plan.cost_high, plan.naive_cost) == (Decimal("2.2"), Decimal("2.2"))


def test_a_deadline_is_met_by_two_backends_where_one_would_queue_once_more() -> None:
    slow = [terms(f"{name}:qpu", ("0.1", "0"), outputs_a_job=1, wait=(0, 100)) for name in "ab"]
    assert planned([*slow], seconds=250.0).seconds == 200
    with pytest.raises(InfeasiblePlanError, match=r"in 150 s, and the fastest plan takes 200 s: 50 s more"):
        planned([*slow], seconds=150.0)


def test_a_cap_leaves_the_rest_to_the_next() -> None:
    cheap, dear = terms("b:qpu", ("0", "0.10"), max_usd="0.45"), terms("i:qpu", ("0", "0.20"))
    plan = planned([cheap, dear])
    assert {line.address: line.outputs for line in plan.chosen} == {"b:qpu": 4, "i:qpu": 6}


def test_an_unknown_queue_does_not_promise_a_deadline() -> None:
    plan = planned([terms("b:qpu", ("0", "0.10"))], seconds=60.0)
    assert "nothing says that it meets the deadline" in plan.warnings[0]
    assert plan.seconds is None


def test_a_simulator_whose_run_nobody_can_tell_does_not_promise_a_deadline_either() -> None:
    plan = planned([terms("local:stim", ("0", "0"), wait=(0, 0))], seconds=60.0)
    assert plan.warnings == ("how long local:stim runs is unknown: nothing says that it meets the deadline",)
    assert plan.seconds is None


@pytest.mark.parametrize(
    ("taken", "lines"),
    [
        (lambda size: Decimal("0.3") + size * Decimal("0.1"), 1),
        (lambda size: max(Decimal("0.9"), Decimal("0.4") + size * Decimal("0.05")), 2),
        (lambda size: Decimal(7), 1),
    ],
)
def test_a_tariff_is_fitted_exactly_to_fees_and_minimums(taken: object, lines: int) -> None:
    assert callable(taken)
    tariff = fit(taken, 1, 100)
    assert len(tariff.lines) == lines
    assert all(tariff.of(size) == taken(size) for size in (1, 2, 3, 10, 11, 50, 99, 100))


def test_a_tariff_of_whole_seconds_is_bounded_from_above() -> None:
    def taken(size: int) -> Decimal:
        return Decimal(2 + -(-size // 7))

    tariff = fit(taken, 1, 100)
    assert all(taken(size) <= tariff.of(size) <= taken(size) + 2 for size in (1, 2, 25, 50, 75, 99, 100))


def test_a_plan_for_time_does_not_take_an_unknown_run_time_for_none() -> None:
    unknown = terms("a:sim", ("0", "0"), wait=(0, 0))
    slow, fast = (
        terms(name, ("0", "0"), seconds=(run, "0"), wait=(0, 0)) for name, run in (("b:s", "4.3"), ("c:s", "0.01"))
    )
    for listed in ([unknown, slow, fast], [slow, unknown, fast], [fast, slow]):
        (line,) = planned(listed, objective="time").chosen
        assert (line.address, line.run_seconds) == ("c:s", 0.01)


def test_a_job_is_expected_to_run_as_long_as_others_or_as_its_shots_take() -> None:
    ran = RunTimes(seconds=2.0, seconds_each=0.001)
    assert (ran.of(1000), ran.of(4000)) == (Decimal(2), Decimal(4))


def test_how_long_a_simulator_runs_is_known_once_it_ran() -> None:
    plan = {"version": 1, "request": {"mode": "plan", "objective": "time"}, "backend": [{"address": "local:stim"}]}
    with Hub.open(plan) as hub:
        assert hub.plan().seconds is None
        hub.raw("local:stim", Circuit().h(0).measure(0), 2048)
        (line,) = hub.plan().chosen
        assert line.run_seconds is not None and hub.plan().seconds == line.run_seconds
