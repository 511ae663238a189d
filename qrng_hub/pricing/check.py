"""The pre-flight check of a price: whether there is one, where it is from and how old it is."""

from __future__ import annotations

from datetime import date, timedelta

from qrng_hub.pricing.book import PriceBook
from qrng_hub.pricing.model import Price
from qrng_hub.records import Check


def check_price(of: str, price: Price | None, today: date) -> Check:
    """Checks what the price book says of a backend; without a price or with a stale one it warns."""
    subject = f"price of {of}"
    if price is None:
        return Check(subject=subject, verdict="warning", detail="not in the price book: its jobs are refused")
    detail = f"{price.source}, {price.dated:%Y-%m-%d}, {(today - price.dated).days} days old"
    return Check(subject=subject, verdict="warning" if price.is_stale(today) else "ok", detail=detail)


def stale_within(book: PriceBook, today: date, days: int) -> tuple[Price, ...]:
    """Returns the prices that are stale or will be `days` days from now, the oldest first."""
    soon = (one for one in book.prices if one.is_stale(today + timedelta(days=days)))
    return tuple(sorted(soon, key=lambda one: one.stale_after))
