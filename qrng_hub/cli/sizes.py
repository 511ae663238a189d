"""Numbers of bytes as people write them: 4096, 10MB, 1.5GiB."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import click

_SIZE = re.compile(r"([+-]?[0-9][0-9_]*(?:\.[0-9]+)?) ?(?:([kmgtp])(i?))?(b?)", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


class Size(click.ParamType[int]):
    """A number of bytes: k, M, G, T and P are powers of 1000; with an i, of 1024; the B may be left out."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Reads a size, which has to be a whole number of bytes."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no number of bytes, such as 32, 10MB or 1GiB", param, ctx)
        number, unit, binary, _ = found.groups()
        size = Decimal(number) * (1024 if binary else 1000) ** _POWERS[(unit or "").lower()]
        if size != int(size):
            self.fail(f"{value!r} is no whole number of bytes", param, ctx)
        return int(size)
