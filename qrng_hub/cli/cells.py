"""Cells of tables: money and seconds, and what is unknown of them."""

from __future__ import annotations

from decimal import Decimal


def money_range(low: Decimal | None, high: Decimal | None, currency: str) -> str:
    """Writes what is estimated: one amount where both ends are the same."""
    return money(high, currency) if low == high else f"{money(low, currency)}-{money(high, currency)}"


def money(amount: Decimal | None, currency: str, digits: int = 4) -> str:
    """Writes an amount, with four decimals unless more are wanted."""
    return "unknown" if amount is None else f"{amount:.{digits}f} {currency}" if amount else "0"


def in_seconds(seconds: float | None) -> str:
    """Writes a duration in seconds, without the unit."""
    return "unknown" if seconds is None else f"{seconds:.3f}"
