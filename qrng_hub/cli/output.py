"""Where the bytes that a command prints go, and in which form."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click

from qrng_hub.files import private_file

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "hex": lambda data: data.hex().encode() + b"\n",
    "base64": lambda data: base64.b64encode(data) + b"\n",
    "raw": lambda data: data,
}


@contextmanager
def open_output(path: str | None, default: str | None = "-") -> Iterator[BinaryIO]:
    """Opens where to write, before anything is drawn that could then not be written: "-" is stdout."""
    path = default if path is None else path
    if path is None:
        yield io.BytesIO()
    elif path == "-":
        yield sys.stdout.buffer
    elif path:
        with private_file(path) as file:
            yield file
    else:
        raise click.UsageError("an output file needs a name")
