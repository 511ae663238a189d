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
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from qrng_hub.errors import ConfigError, ServiceUnreachableError, VendorError
from qrng_hub.pricing.book import PriceBook, price_book, save_user_prices, user_book, user_prices
from qrng_hub.pricing.model import Price

URL = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonBraket/current/index.csv"
_TIMEOUT_SECONDS = 60
_METADATA_LINES = 5
_LARGEST_JUMP = 3
_SECONDS_OF_UNIT = {
    name: Decimal(seconds)
    for seconds, names in (
        ("0.001", ("milliseconds", "millisecond", "ms")),
        ("1", ("seconds", "second", "sec", "s")),
        ("60", ("minutes", "minute", "mins", "min")),
        ("3600", ("hours", "hour", "hrs", "hr")),
    )
    for name in names
}
#: what tells a price that was fetched from one that the user wrote
_SOURCE = "AWS price list"
Row = Mapping[str, str]


class Refreshed(NamedTuple):
    """The price book after a refresh, and a sentence on each price that the refresh left as it was."""

    book: PriceBook
    remarks: tuple[str, ...]


class Listed(NamedTuple):
    """The prices of a list, and of each device without one why it has none."""

    prices: tuple[Price, ...]
    unread: Mapping[str, str]


def refresh(today: date) -> Refreshed:
    """Replaces Braket's prices fetched before by AWS's own, dated `today`; those that the user wrote stand.

    Raises `ServiceUnreachableError` if the list cannot be fetched and `VendorError` if it is not
    plausible; the prices then stay as they were, with their dates.
    """
    listed = parse(_fetch(), today)
    own = PriceBook(prices=tuple(one for one in user_book().prices if (one.vendor, one.source) != ("braket", _SOURCE)))
    known = [one for one in price_book().prices if one.vendor == "braket" and own.find("braket", one.device) is None]
    _require_plausible(known, listed.prices)
    save_user_prices(own.over(PriceBook(prices=listed.prices)))
    return Refreshed(price_book(), tuple(_remarks(own, known, listed)))


def _remarks(own: PriceBook, known: Iterable[Price], listed: Listed) -> Iterator[str]:
    fetched = PriceBook(prices=listed.prices)
    for one in own.prices:
        if fetched.find(one.vendor, one.device):
            yield (
                f"the price of {one.device} stays your own ({one.source}, {one.dated}):"
                f" remove it from {user_prices()} to have AWS's"
            )
    missing = {one.device: "it is not in the list" for one in known if not fetched.find("braket", one.device)}
    read = {one.device.casefold() for one in own.prices}
    for device, reason in sorted((missing | dict(listed.unread)).items()):
        if device.casefold() not in read:
            yield f"the price of {device} was not read from the AWS price list: {reason}; what was known of it stays"


def parse(text: str, today: date) -> Listed:
    """Reads the prices of QPU tasks and shots, and of on-demand simulators, from the CSV's text."""
    lines = "".join(text.splitlines(keepends=True)[_METADATA_LINES:])
    try:
        rows = list(csv.DictReader(io.StringIO(lines), restval=""))
    except csv.Error as error:
        raise VendorError(f"the AWS price list is no CSV: {error}; prices stay as they were") from error
    tasks, shots = (_rows_of(rows, family, "DeviceName") for family in ("Quantum Task", "Quantum Task-Shot"))
    simulators = _rows_of([row for row in rows if row.get("operation") == "CompleteTask"], "Simulator Task", "Version")
    prices: list[Price] = []
    unread: dict[str, str] = {}
    for device in sorted({*tasks, *shots, *simulators}):
        try:
            fees = (
                {"per_second": _dearest(simulators[device], _per_second), "minimum_seconds": Decimal(3)}
                if device in simulators
                else {"per_task": _dearest(tasks.get(device), _fee), "per_shot": _dearest(shots.get(device), _fee)}
            )
        except LookupError as error:
            unread[device] = str(error.args[0])
            continue
        named = {"vendor": "braket", "device": device, "source": _SOURCE, "dated": today, "confidence": "official"}
        prices.append(Price.model_validate(named | fees))
    return Listed(tuple(prices), unread)


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


def _rows_of(rows: Iterable[Row], family: str, column: str) -> dict[str, list[Row]]:
    """Sorts the rows of a product family by device."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get("Product Family") == family and row.get(column):
            found[row[column]].append(row)
    return dict(found)


def _dearest(rows: Iterable[Row] | None, amount: Callable[[Row], Decimal]) -> Decimal:
    """Returns the price of a device; of one sold in several regions the dearest counts. Raises `LookupError`."""
    if rows is None:
        raise LookupError("it has a fee per task or per shot, and not both")
    amounts = [amount(row) for row in rows if row.get("Currency") == "USD"]
    if not amounts:
        raise LookupError("it has no price in USD")
    return max(amounts)


def _per_second(row: Row) -> Decimal:
    """Returns what a second costs; raises `LookupError` for a unit that is no known unit of time."""
    seconds = _SECONDS_OF_UNIT.get(row.get("Unit", "").casefold())
    if seconds is None:
        raise LookupError(f"its unit, {row.get('Unit', '')!r}, is no known unit of time")
    return _fee(row) / seconds


def _fee(row: Row) -> Decimal:
    try:
        amount = Decimal(row["PricePerUnit"])
    except (KeyError, InvalidOperation):
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount >= 0):
        raise VendorError(f"the AWS price list has a price that is no number: {row.get('PricePerUnit')!r}")
    return amount


def _require_plausible(known: Iterable[Price], fetched: tuple[Price, ...]) -> None:
    """Raises `VendorError` if most known devices are missing or a price is many times another."""
    before = list(known)
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
                    f"{name} of {one.device} jumped from {old_price} to {new_price} USD; prices stay as they were:"
                    f" if the new one is right, write it into {user_prices()}"
                )
