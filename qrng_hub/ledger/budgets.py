"""Budgets: what is spent or reserved of each, kept true by every process that uses the ledger.

A job reserves its highest estimate in the transaction that puts it on record, and is settled in the one
that records its bill. A job whose fate is unknown keeps what it reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from sqlalchemy import Connection, bindparam, select, text, update

from qrng_hub.errors import BudgetExceededError
from qrng_hub.ledger import schema
from qrng_hub.records import Job, Quote, Record

#: what budgets are in: money, or a vendor's own measure of how long jobs run
Unit = Literal["USD", "seconds"]

_MAKE = text(
    "INSERT INTO budgets (name, most, committed, unit) VALUES (:name, :most, '0', :unit) ON CONFLICT (name) DO NOTHING"
)

_OF = schema.budgets.c
_READ = select(_OF.committed, _OF.unit).where(_OF.name == bindparam("of")).with_for_update()
_WRITE = update(schema.budgets).where(_OF.name == bindparam("of"))
_HELD = select(schema.jobs.c.budgets).where(schema.jobs.c.key == bindparam("of")).with_for_update()
_HOLD = update(schema.jobs).where(schema.jobs.c.key == bindparam("of"))


class Limit(Record):
    """The most that all jobs charged to a budget may take."""

    most: Decimal
    unit: Unit = "USD"


class Budget(Limit):
    """A budget as last used: its limit, and what is spent or reserved of it."""

    name: str
    committed: Decimal


def reserve(connection: Connection, limits: Mapping[str, Limit], quote: Quote) -> tuple[Budget, ...]:
    """Reserves what a job may take of every budget, or nothing: raises `BudgetExceededError` if one has too little.

    `limits` are the budgets' limits by name. The budgets are locked, in the order of their names, until
    the transaction ends.
    """
    return tuple(_reserve(connection, name, limit, quoted(quote, limit.unit)) for name, limit in sorted(limits.items()))


def _reserve(connection: Connection, name: str, limit: Limit, amount: Decimal) -> Budget:
    if (known := connection.execute(_READ, {"of": name}).first()) is None:
        connection.execute(_MAKE, {"name": name, "most": format(limit.most, "f"), "unit": limit.unit})
        known = connection.execute(_READ, {"of": name}).one()
    committed: Decimal = known.committed
    require_left(name, limit, committed, amount)
    connection.execute(_WRITE, {"of": name, "committed": committed + amount, "most": limit.most})
    return Budget(name=name, most=limit.most, unit=limit.unit, committed=committed + amount)


def require_left(name: str, limit: Limit, committed: Decimal, amount: Decimal, what: str = "this job") -> None:
    """Raises `BudgetExceededError` if a budget of which so much is committed has not this amount left."""
    if committed + amount > limit.most:
        raise BudgetExceededError(
            f"the budget {name} of {limit.most} {limit.unit} has {committed} spent or reserved, and {what} may cost"
            f" {amount}"
        )


def quoted(quote: Quote, unit: Unit) -> Decimal:
    """Returns the most that a job is quoted to take; no money where its price is unknown and was accepted.

    Raises `BudgetExceededError` where nobody says how long it runs.
    """
    if unit == "USD":
        return quote.high or Decimal(0)
    if "seconds" not in quote.native:
        raise BudgetExceededError(
            f"a limit in seconds is set, and nobody says how long this job runs ({quote.source}): take the limit away,"
            " or use max_usd"
        )
    return quote.native["seconds"]


def taken(job: Job) -> dict[str, Decimal]:
    """Says what a job took, in the units in which that is known."""
    seconds = job.usage.get("seconds") if job.state.finished else None
    known = {"USD": job.billed if job.currency == "USD" else None, "seconds": seconds}
    return {unit: amount for unit, amount in known.items() if amount is not None}


def settle(connection: Connection, key: str, amounts: Mapping[str, Decimal]) -> None:
    """Puts what a job took, by unit, in the place of what it reserved."""
    before = connection.execute(_HELD, {"of": key}).scalar() if amounts else None
    held = dict(before or {})
    for name in sorted(held):
        committed, unit = connection.execute(_READ, {"of": name}).one()
        if unit in amounts and amounts[unit] != Decimal(held[name]):
            connection.execute(_WRITE, {"of": name, "committed": committed + amounts[unit] - Decimal(held[name])})
            held[name] = format(amounts[unit], "f")
    if before and held != before:
        connection.execute(_HOLD, {"of": key, "budgets": held})


def budgets(connection: Connection) -> tuple[Budget, ...]:
    """Lists every budget by name."""
    rows = connection.execute(select(schema.budgets).order_by(schema.budgets.c.name))
    return tuple(Budget.model_validate(dict(row._mapping)) for row in rows)
