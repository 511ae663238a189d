"""A plan as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from qrng_hub.notebook import card

if TYPE_CHECKING:
    from qrng_hub.planner.model import Plan, PlanLine

_HEADER = ("backend", "origin", ">qubits", ">jobs", ">shots a job", ">bits expected", ">cost est.", ">wait s", "why")


def plan_html(plan: Plan) -> str:
    """Makes the table of a plan, one row a backend, also for those that run nothing."""
    done = "" if plan.seconds is None else f", done in about {plan.seconds:,.0f} s"
    title = f"plan: {plan.bytes:,} bytes for {_range(plan.cost_low, plan.cost_high)}{done}"
    return card(title, _HEADER, map(_cells, plan.lines), _remarks(plan))


def _cells(line: PlanLine) -> tuple[str, ...]:
    qubits = f"{len(line.qubits):,}" if line.qubits else "-"
    if not line.chosen:
        return (line.address, line.origin, qubits, "", "", "", "", "", line.reason)
    wait = "unknown" if line.wait_seconds is None else f"{line.wait_seconds[0]:,.0f}-{line.wait_seconds[1]:,.0f}"
    return (
        line.address,
        line.origin,
        qubits,
        f"{line.jobs:,}",
        f"{max(line.shots):,}",
        f"{line.expected_bits:,.0f}",
        _range(line.cost_low, line.cost_high),
        wait,
        line.reason,
    )


def _range(low: Decimal | None, high: Decimal | None) -> str:
    if low is None or high is None:
        return "unknown"
    return f"{low:,.2f} USD" if low == high else f"{low:,.2f}-{high:,.2f} USD"


def _remarks(plan: Plan) -> Iterator[str]:
    if plan.naive_cost is not None:
        yield f"all on the lowest price a shot, {plan.naive_address}: {plan.naive_cost:,.2f} USD"
    yield from plan.warnings
    yield f"planned {plan.created_utc:%Y-%m-%d %H:%M:%S} UTC; nothing is submitted yet"
