"""The rows of a comparison: what each backend took and gave in all, their order, and the whole in three sentences."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from qrng_hub.records import ComparedBackend, Difference, Origin, RepeatLine, Totals, total

SIMULATED = (
    "a simulator's bits come from a deterministic generator, their credit is 0, and their bound is only what they would"
    " be worth from hardware"
)
NOT_HARDWARE = "only hardware is credited, and their bound is what they would be worth from it"


def totals(repeats: Sequence[RepeatLine]) -> Totals:
    """Adds up the repeats on one backend; what is unknown of one is unknown of all."""
    raw = sum(one.shots * len(one.ones) for one in repeats)
    bounded = sum(one.shots * one.bound_bits_per_shot for one in repeats)
    queue, run = _seconds([one.queue_seconds for one in repeats]), _seconds([one.run_seconds for one in repeats])
    high, billed = total(one.cost_estimated_high for one in repeats), total(one.cost_billed for one in repeats)
    cost = high if billed is None else billed
    return Totals(
        raw_bits=raw,
        bounded_bits=bounded,
        credited_bits=sum(one.credited_bits for one in repeats),
        claimed_bits=sum(one.claimed_bits for one in repeats),
        extractable_bits=sum(one.extractable_bits for one in repeats),
        queue_seconds=queue,
        run_seconds=run,
        raw_bits_per_second=raw / run if run else None,
        seconds_per_bounded_mbit=None if queue is None or run is None else _each(queue + run, bounded / 1e6),
        cost_estimated_low=total(one.cost_estimated_low for one in repeats),
        cost_estimated_high=high,
        cost_billed=billed,
        currency=repeats[0].currency,
        cost_per_raw_mbit=_price(cost, raw),
        cost_per_bounded_mbit=_price(cost, bounded),
    )


def in_order(rows: Sequence[ComparedBackend], by: str) -> tuple[ComparedBackend, ...]:
    """Sorts the best first: most bounded bits a shot, least cost or time of a bounded megabit; then what is unknown."""
    return tuple(sorted(rows, key=lambda row: (*_rank(row, by), row.label)))


def summary(rows: Sequence[ComparedBackend], differences: Sequence[Difference]) -> tuple[str, ...]:
    """Says the whole in three sentences; `rows` are in order."""
    return (_first(rows), _second(differences), _third(rows))


def _first(rows: Sequence[ComparedBackend]) -> str:
    best = max(rows, key=lambda row: row.measures.bound_bits_per_shot if row.measures else -1.0)
    failed = [row.label for row in rows if row.measures is None]
    gave = f" Of {len(rows)} backends {len(failed)} gave nothing: {', '.join(failed)}." if failed else ""
    if best.measures is None:
        return f"No backend gave anything.{gave}"
    per_bit = max((row for row in rows if row.measures), key=_per_bit)
    return (
        f"Most bounded min-entropy a shot: {best.address}, {best.measures.bound_bits_per_shot:.1f} bits of"
        f" {len(best.measures.qubits)} qubits; most a raw bit: {per_bit.address}, {_per_bit(per_bit):.3f}.{gave}"
    )


def _second(differences: Sequence[Difference]) -> str:
    real = sum(one.is_real for one in differences)
    if not differences:
        return "There are no two backends to compare."
    surest = f", most surely {differences[0].better} above {differences[0].worse}" if real else ""
    return f"Of {len(differences)} pairs of backends {real} differ beyond chance in their qubits' min-entropy{surest}."


def _third(rows: Sequence[ComparedBackend]) -> str:
    credited = sum(row.totals.credited_bits for row in rows if row.totals)
    gave = sum(row.measures is not None for row in rows)
    hardware = sum(row.origin is Origin.HARDWARE for row in rows if row.measures)
    others = {row.origin for row in rows if row.measures} - {Origin.HARDWARE}
    if not others:
        return (
            f"All of it is from hardware, and credited with {credited:,.0f} bits."
            if hardware
            else "Nothing is credited."
        )
    which = " or ".join(origin.adjective for origin in sorted(others))
    why = SIMULATED if others == {Origin.SIMULATOR} else NOT_HARDWARE
    if not hardware:
        return f"All data are {which}: {why}."
    real = f"{hardware} of {gave} backends {'is' if hardware == 1 else 'are'} hardware"
    return f"{real}, credited with {credited:,.0f} bits; the rest is {which}: {why}."


def _per_bit(row: ComparedBackend) -> float:
    return row.measures.bound_bits_per_raw_bit if row.measures else 0.0


def _rank(row: ComparedBackend, by: str) -> tuple[float, float]:
    if row.measures is None or row.totals is None:
        return float("inf"), 0.0
    entropy = -row.measures.bound_bits_per_shot
    price, seconds = row.totals.cost_per_bounded_mbit, row.totals.seconds_per_bounded_mbit
    value = {"entropy": entropy, "cost": price, "time": seconds}[by]
    return 1e300 if value is None else float(value), entropy


def _seconds(each: Sequence[float | None]) -> float | None:
    known = [one for one in each if one is not None]
    return sum(known) if len(known) == len(each) else None


def _each(amount: float, of: float) -> float | None:
    return amount / of if of else None


def _price(cost: Decimal | None, bits: float) -> Decimal | None:
    return cost / Decimal(bits / 1e6) if cost is not None and bits else None
