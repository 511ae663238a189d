"""Makes a plan of the terms of every backend, or says which limit is in the way and by how much."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from qrng_hub.errors import InfeasiblePlanError
from qrng_hub.planner.model import Demand, Plan, PlanLine, Tariff, Terms
from qrng_hub.planner.solve import Choice, solve
from qrng_hub.records import Quote

#: The quote of a job of so many shots on these terms.
Requote = Callable[[Terms, int], Quote]


def make_plan(terms: Sequence[Terms], demand: Demand, byte_count: int, requote: Requote, now: datetime) -> Plan:
    """Plans the cheapest, or the fastest, way; raises `InfeasiblePlanError` if no way keeps every limit.

    The costs shown are quotes of the very jobs planned.
    """
    usable = [one for one in terms if not one.problem]
    choice = solve(_timed(usable, demand), demand) or solve(usable, demand)
    if choice is None:
        heading = "no plan keeps every limit:" if usable else "no backend can be planned with:"
        raise InfeasiblePlanError("\n".join([heading, *_obstacles(terms, usable, demand)]))
    lines = tuple(_line(one, choice, requote) for one in terms)
    chosen = [line for line in lines if line.chosen]
    _require_within(chosen, terms, demand)
    cheapest = _naive(usable, demand.outputs)
    return Plan(
        created_utc=now,
        bytes=byte_count,
        outputs=demand.outputs,
        lines=lines,
        cost_low=sum((line.cost_low or Decimal(0) for line in chosen), Decimal(0)),
        cost_high=sum((line.cost_high or Decimal(0) for line in chosen), Decimal(0)),
        naive_cost=_alone(cheapest, demand.outputs) if cheapest else None,
        naive_address=cheapest.candidate.address if cheapest else None,
        seconds=_seconds(chosen, terms, choice),
        warnings=tuple(_warnings(chosen, demand)),
    )


def _timed(usable: Sequence[Terms], demand: Demand) -> list[Terms]:
    """Where time is weighed, takes a backend of an unknown run time to be as slow as the slowest known."""
    known = [float(one.seconds.in_all(one.jobs_for(demand.outputs), demand.outputs)) for one in usable if one.seconds]
    if not known or (demand.objective == "cost" and not demand.usd_per_hour):
        return list(usable)
    slowest = Tariff(lines=((Decimal(max(known)), Decimal(0)),))
    return [one if one.seconds else one.model_copy(update={"seconds": slowest}) for one in usable]


def _require_within(chosen: Sequence[PlanLine], terms: Sequence[Terms], demand: Demand) -> None:
    """Holds the quotes of the very jobs against the limits: a tariff is an estimate where it is not exact."""
    caps = {one.candidate.address: one.max_usd for one in terms}
    total = sum((line.cost_high or Decimal(0) for line in chosen), Decimal(0))
    if demand.usd is not None and total > demand.usd:
        raise InfeasiblePlanError(f"the jobs of the best plan are quoted at {total} USD, and {demand.usd} USD are left")
    for line in chosen:
        cap = caps[line.address]
        if cap is not None and (line.cost_high or Decimal(0)) > cap:
            raise InfeasiblePlanError(
                f"{line.address} is quoted at {line.cost_high} USD, and {cap} USD are left for it"
            )


def _line(one: Terms, choice: Choice, requote: Requote) -> PlanLine:
    address, origin = one.candidate.address, str(one.candidate.origin)
    wait = one.wait_seconds
    if one.problem:
        return PlanLine(address=address, origin=origin, chosen=False, reason=one.problem, problem=not one.is_excluded)
    if address not in choice:
        reason = _why_not(one)
        return PlanLine(
            address=address, origin=origin, chosen=False, reason=reason, qubits=one.qubits, wait_seconds=wait
        )
    jobs, outputs = choice[address]
    some, more = divmod(outputs, jobs)
    shots = tuple(one.shots_for(some + (number < more)) for number in range(jobs))
    quotes = {size: requote(one, size) for size in set(shots)}
    lows, highs = ([getattr(quotes[size], end) for size in shots] for end in ("low", "high"))
    return PlanLine(
        address=address,
        origin=origin,
        chosen=True,
        reason="chosen",
        qubits=one.qubits,
        jobs=jobs,
        shots=shots,
        outputs=outputs,
        expected_bits=sum(one.expected_bits(some) for some in shots),
        cost_low=None if None in lows else sum(lows, Decimal(0)),
        cost_high=None if None in highs else sum(highs, Decimal(0)),
        wait_seconds=wait,
        run_seconds=float(one.seconds.in_all(jobs, outputs)) if one.seconds else None,
        stale_price=one.is_stale,
    )


def _why_not(one: Terms) -> str:
    if one.cost is None:
        return "its price is unknown, and others suffice"
    each = one.cost.of(one.outputs_a_job) / one.outputs_a_job
    return f"not needed: {each:.4f} USD an output at best"


def _seconds(chosen: Sequence[PlanLine], terms: Sequence[Terms], choice: Choice) -> float | None:
    if any(line.wait_seconds is None or _is_anybodys_guess(line) for line in chosen):
        return None
    return _longest(terms, choice)


def _warnings(chosen: Sequence[PlanLine], demand: Demand) -> Iterator[str]:
    for line in chosen:
        if line.stale_price:
            yield f"the price of {line.address} is stale: the estimate is a quarter wider each way"
        if line.cost_high is None:
            yield f"the price of {line.address} is unknown, and the run file accepts that"
        if demand.seconds is not None and line.wait_seconds is None:
            yield f"the queue of {line.address} is unknown: nothing says that it meets the deadline"
        elif demand.seconds is not None and line.run_seconds is None:
            yield f"how long {line.address} runs is unknown: nothing says that it meets the deadline"


def _is_anybodys_guess(line: PlanLine) -> bool:
    """Whether a backend has no queue, so that all of its time is how long it runs, and nobody knows that."""
    return line.run_seconds is None and not any(line.wait_seconds or ())


def _naive(usable: Sequence[Terms], outputs: int) -> Terms | None:
    """Picks the backend with the lowest price a shot, as one would without reckoning."""

    def price_a_shot(pair: tuple[Terms, Tariff]) -> tuple[Decimal, Decimal]:
        one, cost = pair
        return max(each for _, each in cost.lines) / Decimal(one.shots_each), _alone(one, outputs)

    priced = [(one, one.cost) for one in usable if one.cost is not None]
    return min(priced, key=price_a_shot)[0] if priced else None


def _alone(one: Terms, outputs: int) -> Decimal:
    return one.cost.in_all(one.jobs_for(outputs), outputs) if one.cost else Decimal(0)


def _obstacles(terms: Sequence[Terms], usable: Sequence[Terms], demand: Demand) -> Iterator[str]:
    """Says what each limit alone would have to be; if none alone is in the way, that several are."""
    if not usable:
        yield from (f"  {one.candidate.address}: {one.problem}" for one in terms)
        return
    found = [*_without_budget(usable, demand), *_without_caps(usable, demand), *_without_deadline(usable, demand)]
    vendors = len({one.vendor for one in usable} | demand.vendors_served)
    if vendors < demand.vendors_min:
        found.append(f"  policy.vendors_min is {demand.vendors_min}, and {vendors} vendor(s) can be used")
    yield from found or _without_any(usable, demand)
    yield from (f"  not usable: {one.candidate.address}: {one.problem}" for one in terms if one.problem)


def _without_budget(usable: Sequence[Terms], demand: Demand) -> Iterator[str]:
    if demand.usd is not None:
        free = demand.model_copy(update={"usd": None, "objective": "cost", "usd_per_hour": Decimal(0)})
        if (least := _cost(usable, solve(usable, free))) is not None:
            short = least - demand.usd
            limit = demand.usd_of if demand.usd_of == "budget.usd" else f"what is left of the budget {demand.usd_of},"
            yield f"  {limit} is {demand.usd}, and it takes {_cents(least)}: {_cents(short)} USD more"


def _without_caps(usable: Sequence[Terms], demand: Demand) -> Iterator[str]:
    if any(one.max_usd is not None or one.max_seconds is not None for one in usable):
        choice = solve(_uncapped(usable), demand) or {}
        passed = [text for one in usable for text in _passed(one, *choice.get(one.candidate.address, (0, 0)))]
        if passed:
            yield f"  the caps of single backends are too low; without them: {', '.join(passed)}"


def _uncapped(usable: Sequence[Terms]) -> list[Terms]:
    return [one.model_copy(update={"max_usd": None, "max_seconds": None}) for one in usable]


def _passed(one: Terms, jobs: int, outputs: int) -> Iterator[str]:
    """Says which caps of a backend so many jobs pass, and by how much."""
    address = one.candidate.address
    usd, seconds = (tariff.in_all(jobs, outputs) if tariff else Decimal(0) for tariff in (one.cost, one.seconds))
    if one.max_usd is not None and usd > one.max_usd:
        yield f"{address} takes {_cents(usd)} USD, {_cents(usd - one.max_usd)} more than it may"
    if one.max_seconds is not None and seconds > one.max_seconds:
        yield f"{address} runs {seconds:,.1f} s, {float(seconds) - one.max_seconds:,.1f} more than it may"


def _without_any(usable: Sequence[Terms], demand: Demand) -> Iterator[str]:
    free, unlimited = _uncapped(usable), demand.model_copy(update={"usd": None, "seconds": None})
    choice = solve(free, unlimited) or {}
    takes = f"{_cents(_cost(free, choice) or Decimal(0))} USD and {math.ceil(_longest(free, choice)):,} s"
    yield (
        "  several limits together are in the way: the budget, the deadline, the caps of backends; without all of them"
        f" it takes {takes}"
    )


def _without_deadline(usable: Sequence[Terms], demand: Demand) -> Iterator[str]:
    if demand.seconds is not None:
        unhurried = demand.model_copy(update={"seconds": None, "objective": "time"})
        if (choice := solve(usable, unhurried)) is not None:
            takes = _longest(usable, choice)
            yield (
                f"  budget.deadline_utc is in {demand.seconds:,.0f} s, and the fastest plan takes"
                f" {math.ceil(takes):,} s: {math.ceil(takes - demand.seconds):,} s more"
            )


def _cents(usd: Decimal) -> Decimal:
    """Rounds up: who allows what is shown allows enough."""
    return usd.quantize(Decimal("0.01"), ROUND_CEILING)


def _longest(usable: Sequence[Terms], choice: Choice) -> float:
    own = (one for one in usable if one.candidate.address in choice)
    return max((_end(one, *choice[one.candidate.address]) for one in own), default=0.0)


def _end(one: Terms, jobs: int, outputs: int) -> float:
    run = float(one.seconds.in_all(jobs, outputs)) if one.seconds else 0.0
    return run + one.queues(jobs)


def _cost(usable: Sequence[Terms], choice: Choice | None) -> Decimal | None:
    if choice is None:
        return None
    own = ((one, choice[one.candidate.address]) for one in usable if one.candidate.address in choice)
    return sum((one.cost.in_all(*pair) for one, pair in own if one.cost), Decimal(0))
