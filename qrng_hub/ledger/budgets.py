"""Budgets: what is spent or reserved of each, kept true by every process that uses the ledger.

A job reserves its highest estimate in the transaction that puts it on record, and is settled in the one
that records its bill. A job whose fate is unknown keeps what it reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import Connection, select, text, update

from qrng_hub.errors import BudgetExceededError
from qrng_hub.ledger import schema
from qrng_hub.records import Record

_MAKE = text("INSERT INTO budgets (name, usd, committed) VALUES (:name, :usd, '0') ON CONFLICT (name) DO NOTHING")


class Budget(Record):
    """A budget as last used: its limit, and what is spent or reserved of it, in USD."""

    name: str
    usd: Decimal
    committed: Decimal


def reserve(connection: Connection, limits: Mapping[str, Decimal], amount: Decimal) -> tuple[Budget, ...]:
    """Reserves an amount of every budget, or of none: raises `BudgetExceededError` if one has not so much left.

    `limits` are the budgets' limits by name. The budgets are locked, in the order of their names, until
    the transaction ends.
    """
    reserved = []
    for name, usd in sorted(limits.items()):
        connection.execute(_MAKE, {"name": name, "usd": format(usd, "f")})
        committed = _committed(connection, name)
        if committed + amount > usd:
            raise BudgetExceededError(
                f"the budget {name} of {usd} USD has {committed} spent or reserved, and this job may cost {amount}"
            )
        _write(connection, name, committed + amount, usd)
        reserved.append(Budget(name=name, usd=usd, committed=committed + amount))
    return tuple(reserved)


def settle(connection: Connection, key: str, billed: Decimal | None) -> None:
    """Puts a job's bill in the place of what it reserved; nothing changes while there is no bill."""
    table = schema.jobs.c
    statement = select(table.cost_reserved, table.budgets).where(table.key == key).with_for_update()
    row = connection.execute(statement).first()
    if row is None or billed is None or not row.budgets or row.cost_reserved == billed:
        return
    for name in sorted(row.budgets):
        _write(connection, name, _committed(connection, name) + billed - row.cost_reserved)
    connection.execute(update(schema.jobs).where(table.key == key), {"cost_reserved": billed})


def budgets(connection: Connection) -> tuple[Budget, ...]:
    """Lists every budget by name."""
    rows = connection.execute(select(schema.budgets).order_by(schema.budgets.c.name))
    return tuple(Budget.model_validate(dict(row._mapping)) for row in rows)


def _committed(connection: Connection, name: str) -> Decimal:
    table = schema.budgets.c
    amount: Decimal = connection.execute(
        select(table.committed).where(table.name == name).with_for_update()
    ).scalar_one()
    return amount


def _write(connection: Connection, name: str, committed: Decimal, usd: Decimal | None = None) -> None:
    values = {"committed": committed} | ({} if usd is None else {"usd": usd})
    connection.execute(update(schema.budgets).where(schema.budgets.c.name == name), values)
