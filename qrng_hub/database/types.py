"""Column types that mean the same on every database: exact money, UTC times, JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


class MoneyText(TypeDecorator[Decimal]):
    """A `Decimal` kept as text, since SQLite's numbers are binary."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Writes every digit; raises `ValueError` for what is no amount of money."""
        if value is not None and not (value.is_finite() and value >= 0):
            raise ValueError(f"{value} is no amount of money")
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Reads every digit."""
        return None if value is None else Decimal(value)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC; a time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Converts to UTC; raises `ValueError` for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time in the ledger needs a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives back the zone that SQLite does not keep."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class JsonText(TypeDecorator[Any]):
    """A JSON document kept as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Writes compact JSON with sorted keys; a `Decimal` becomes a string."""
        return None if value is None else _ENCODER.encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Reads the document."""
        return None if value is None else json.loads(value)
