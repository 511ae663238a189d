"""Budgets: what is spent or reserved of each, kept true by every process that uses the ledger.

A job reserves its highest estimate in the transaction that puts it on record, and is settled in the one
that records its bill. A job whose fate is unknown keeps what it reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from sqlalchemy import Connection, select, text, update

from qrng_hub.errors import BudgetExceededError
from qrng_hub.ledger import schema
from qrng_hub.records import Job, Quote, Record

#: what budgets are in: money, or a vendor's own measure of how long jobs run
Unit = Literal["USD", "seconds"]

_MAKE = text(
    "INSERT INTO budgets (name, most, committed, unit) VALUES (:name, :most, '0', :unit) ON CONFLICT (name) DO NOTHING"
)


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
    connection.execute(_MAKE, {"name": name, "most": format(limit.most, "f"), "unit": limit.unit})
    committed, _ = _locked(connection, name)
    if committed + amount > limit.most:
        raise BudgetExceededError(
            f"the budget {name} of {limit.most} {limit.unit} has {committed} spent or reserved, and this job may cost"
            f" {amount}"
        )
    _write(connection, name, {"committed": committed + amount, "most": limit.most})
    return Budget(name=name, most=limit.most, unit=limit.unit, committed=committed + amount)


def quoted(quote: Quote, unit: Unit) -> Decimal:
    """Returns the most that a job is quoted to take; nothing where that is unknown and was accepted."""
    return (quote.high if unit == "USD" else quote.native.get("seconds")) or Decimal(0)


def taken(job: Job) -> dict[str, Decimal]:
    """Says what a job took, in the units in which that is known."""
    seconds = job.usage.get("seconds") if job.state.finished else None
    known = {"USD": job.billed, "seconds": seconds}
    return {unit: amount for unit, amount in known.items() if amount is not None}


def settle(connection: Connection, key: str, amounts: Mapping[str, Decimal]) -> None:
    """Puts what a job took, by unit, in the place of what it reserved."""
    table = schema.jobs.c
    before = connection.execute(select(table.budgets).where(table.key == key).with_for_update()).scalar()
    if not before or not amounts:
        return
    held = dict(before)
    for name in sorted(held):
        committed, unit = _locked(connection, name)
        if unit in amounts and amounts[unit] != Decimal(held[name]):
            _write(connection, name, {"committed": committed + amounts[unit] - Decimal(held[name])})
            held[name] = format(amounts[unit], "f")
    if held != before:
        connection.execute(update(schema.jobs).where(table.key == key), {"budgets": held})


def budgets(connection: Connection) -> tuple[Budget, ...]:
    """Lists every budget by name."""
    rows = connection.execute(select(schema.budgets).order_by(schema.budgets.c.name))
    return tuple(Budget.model_validate(dict(row._mapping)) for row in rows)


def _locked(connection: Connection, name: str) -> tuple[Decimal, str]:
    """Reads what is committed of a budget, and its unit; nobody else changes it until the transaction ends."""
    table = schema.budgets.c
    row = connection.execute(select(table.committed, table.unit).where(table.name == name).with_for_update()).one()
    return row.committed, row.unit


def _write(connection: Connection, name: str, values: Mapping[str, Decimal]) -> None:
    connection.execute(update(schema.budgets).where(schema.budgets.c.name == name), dict(values))
