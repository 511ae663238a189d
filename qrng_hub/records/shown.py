"""A draw as a notebook shows it: its receipt, never its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from qrng_hub.notebook import card

if TYPE_CHECKING:
    from qrng_hub.records.receipts import Draw, Receipt, SourceReceipt

_HEADER = (
    "backend",
    "origin",
    ">qubits",
    ">shots",
    ">bytes",
    ">bound bits",
    ">credited bits",
    ">billed",
    ">queue s",
)


def draw_html(draw: Draw) -> str:
    """Makes the table of a draw, one row a backend."""
    receipt = draw.receipt
    title = (
        f"{receipt.bytes:,} bytes, {receipt.origin}, {receipt.credit.bits:,.0f} of {8 * receipt.bytes:,} bits credited"
    )
    return card(title, _HEADER, map(_cells, receipt.sources), _remarks(receipt))


def _cells(source: SourceReceipt) -> tuple[str, ...]:
    queued = "unknown" if source.queue_seconds is None else f"{source.queue_seconds:,.1f}"
    return (
        source.address,
        str(source.origin),
        f"{len(source.qubits):,}",
        f"{source.shots:,}",
        f"{source.bytes_delivered:,}",
        f"{source.bound_bits:,.0f}",
        f"{source.credited_bits:,.0f}",
        _money(source.cost_billed, source.currency),
        queued,
    )


def _money(amount: Decimal | None, currency: str) -> str:
    return "unknown" if amount is None else f"{amount:,.2f} {currency}"


def _remarks(receipt: Receipt) -> Iterator[str]:
    for one in receipt.substitutions:
        yield f"{one.failed} did not deliver, {one.used or 'nothing'} was used: {one.reason}"
    if receipt.bound is not None:
        yield f"bound: {receipt.bound.certified_bits:,.0f} bits certified: {receipt.bound.reason}"
    if receipt.claimed_bits:
        yield f"claimed by {receipt.claimed_by}: {receipt.claimed_bits:,.0f} bits, of which none are credited"
    yield f"credit: {receipt.credit.reason}"
    yield "mixed with the operating system's entropy" if receipt.mixed_with_os_entropy else "not mixed with anything"
    yield f"receipt {receipt.draw_id}, {receipt.created_utc:%Y-%m-%d %H:%M:%S} UTC"
