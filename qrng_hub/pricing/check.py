"""The pre-flight check of a price: whether there is one, where it is from and how old it is."""

from __future__ import annotations

from datetime import date

from qrng_hub.pricing.model import Price
from qrng_hub.records import Check


def check_price(of: str, price: Price | None, today: date) -> Check:
    """Checks what the price book says of a backend; without a price or with a stale one it warns."""
    subject = f"price of {of}"
    if price is None:
        return Check(subject=subject, verdict="warning", detail="not in the price book: its jobs are refused")
    detail = f"{price.source}, {price.dated:%Y-%m-%d}, {(today - price.dated).days} days old"
    return Check(subject=subject, verdict="warning" if price.is_stale(today) else "ok", detail=detail)
