"""The price book: the prices that ship, below those of the user's own file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from qrng_hub.errors import ConfigError
from qrng_hub.files import state_folder, write_private
from qrng_hub.pricing.model import Price
from qrng_hub.records import Record
from qrng_hub.validation import decimal_of, validated

_SHIPPED = Path(__file__).with_name("prices.toml")


class PriceBook(Record):
    """Prices, the first that fits counts."""

    version: int = 1
    prices: tuple[Price, ...]

    def find(self, vendor: str, device: str) -> Price | None:
        """Finds the price of a device by the vendor's name for it, in any case; None if there is none."""
        wanted = vendor.casefold(), device.casefold()
        return next((one for one in self.prices if (one.vendor.casefold(), one.device.casefold()) == wanted), None)

    def over(self, other: PriceBook) -> PriceBook:
        """Returns this book with the prices of `other` below its own."""
        rest = tuple(one for one in other.prices if self.find(one.vendor, one.device) is None)
        return PriceBook(prices=self.prices + rest)


def user_prices() -> Path:
    """Returns the file whose prices go before those that ship: prices.toml in the state folder."""
    return state_folder() / "prices.toml"


def price_book() -> PriceBook:
    """Opens the price book; raises `ConfigError` if the user's file is wrong."""
    return user_book().over(shipped_book())


def shipped_book() -> PriceBook:
    """Opens the prices that ship alone."""
    return _load(_SHIPPED, 0)


def user_book() -> PriceBook:
    """Opens the user's own prices alone; there may be none."""
    path = user_prices()
    return _load(path, path.stat().st_mtime_ns) if path.exists() else PriceBook(prices=())


def save_user_prices(book: PriceBook) -> Path:
    """Replaces the user's file, whole or not at all."""
    return write_private(user_prices(), _toml(book.prices).encode())


@lru_cache(maxsize=4)
def _load(path: Path, _changed: int) -> PriceBook:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=decimal_of)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: the price book cannot be read: {error}") from error
    return validated(PriceBook, values, place=lambda keys: f"{path}: {'.'.join(map(str, keys))}")


def _toml(prices: Iterable[Price]) -> str:
    """Writes prices as TOML; strings are quoted as JSON's, which are TOML's as well."""
    tables = ("\n".join(["[[prices]]", *_lines(price)]) for price in prices)
    return "version = 1\n\n" + "\n\n".join(tables) + "\n"


def _lines(price: Price) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in price if value != type(price).model_fields[name].default]


def _value(value: object) -> str:
    match value:
        case Decimal():
            return format(value, "f") if "." in format(value, "f") else f"{value:f}.0"
        case date():
            return value.isoformat()
        case int():
            return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
