"""Fetches AWS's public price list and takes the prices of Braket's devices from it.

The list is the CSV file of the AWS Price List Bulk API: five lines on the file, then a header and
one line a product. An answer that lacks devices known before, or in which a price jumped, is not
taken over; and nothing is marked fresh that was not fetched.
"""

from __future__ import annotations

import csv
import io
import os
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from qrng_hub.errors import ConfigError, ServiceUnreachableError, VendorError
from qrng_hub.pricing.book import PriceBook, price_book, save_user_prices, user_book
from qrng_hub.pricing.model import Price

URL = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonBraket/current/index.csv"
_TIMEOUT_SECONDS = 60
_METADATA_LINES = 5
_LARGEST_JUMP = 3
_SECONDS_OF_UNIT = {"minutes": 60, "minute": 60, "seconds": 1, "second": 1, "hours": 3600, "hrs": 3600}
Row = Mapping[str, str]


def refresh(today: date) -> PriceBook:
    """Replaces the user's prices of Braket by AWS's own, dated `today`, and returns the new book.

    Raises `ServiceUnreachableError` if the list cannot be fetched and `VendorError` if it is not
    plausible; the prices then stay as they were, with their dates.
    """
    fetched = tuple(parse(_fetch(), today))
    _require_plausible(price_book(), fetched)
    own = tuple(one for one in user_book().prices if one.vendor != "braket")
    save_user_prices(PriceBook(prices=fetched + own))
    return price_book()


def parse(text: str, today: date) -> Iterator[Price]:
    """Reads the prices of QPU tasks and shots, and of on-demand simulators, from the CSV's text."""
    rows = list(csv.DictReader(io.StringIO("".join(text.splitlines(keepends=True)[_METADATA_LINES:]))))
    tasks = _by_device(rows, "Quantum Task", "DeviceName")
    shots = _by_device(rows, "Quantum Task-Shot", "DeviceName")
    source = "AWS price list"
    for device in sorted(tasks.keys() & shots.keys()):
        yield Price(
            vendor="braket", device=device, per_task=_amount(tasks[device]), per_shot=_amount(shots[device]),
            source=source, dated=today, confidence="official",
        )  # fmt: skip
    simulators = [row for row in rows if row.get("operation") == "CompleteTask"]
    for device, row in sorted(_by_device(simulators, "Simulator Task", "Version").items()):
        seconds = _SECONDS_OF_UNIT.get(row.get("Unit", "").casefold())
        if seconds:
            yield Price(
                vendor="braket", device=device, per_second=_amount(row) / seconds, minimum_seconds=Decimal(3),
                source=source, dated=today, confidence="official",
            )  # fmt: skip


def _fetch() -> str:
    url = os.environ.get("BRAKET_PRICE_OFFERS_URL", URL)
    if not url.startswith(("https://", "http://")):
        raise ConfigError(f"BRAKET_PRICE_OFFERS_URL must be an http(s) address, not {url!r}")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked above
            text: str = answer.read().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceUnreachableError(
            f"the AWS price list cannot be fetched: {error}; prices stay as they were"
        ) from error
    return text


def _by_device(rows: Iterable[Row], family: str, column: str) -> dict[str, Row]:
    """Picks the dollar rows of a product family; of a device sold in several regions the dearest counts."""
    found: dict[str, Row] = {}
    for row in rows:
        device = row.get(column) or ""
        if row.get("Product Family") == family and row.get("Currency") == "USD" and device:
            found[device] = max(found.get(device, row), row, key=_amount)
    return found


def _amount(row: Row) -> Decimal:
    try:
        return Decimal(row["PricePerUnit"])
    except (KeyError, InvalidOperation) as error:
        raise VendorError(f"the AWS price list has a price that is no number: {row.get('PricePerUnit')!r}") from error


def _require_plausible(known: PriceBook, fetched: tuple[Price, ...]) -> None:
    """Raises `VendorError` if most known devices are missing or a price is many times another."""
    before = [one for one in known.prices if one.vendor == "braket"]
    after = {one.device.casefold(): one for one in fetched}
    missing = [one.device for one in before if one.device.casefold() not in after]
    if not fetched or 2 * len(missing) > len(before):
        raise VendorError(
            f"the AWS price list shrank: {', '.join(missing) or 'everything'} missing; prices stay as they were"
        )
    for one in before:
        new = after.get(one.device.casefold(), one)
        for name in ("per_task", "per_shot", "per_second"):
            old_price, new_price = getattr(one, name), getattr(new, name)
            if max(old_price, new_price) > _LARGEST_JUMP * min(old_price, new_price):
                raise VendorError(
                    f"{name} of {one.device} jumped from {old_price} to {new_price} USD; prices stay as they were"
                )
