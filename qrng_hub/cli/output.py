"""Where the bytes that a command prints go, and in which form."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import click

from qrng_hub.files import private_file, require_new

#: Every command that writes a file has it, and refuses a file that is there without it.
force_option = click.option("--force", is_flag=True, help="Replace a file that is there already.")


def _nothing(_count: int) -> bytes:
    return b""


def _npy_header(count: int) -> bytes:
    """The head of a .npy file of `count` uint8, format 1.0 (NEP 1)."""
    from numpy.lib import format as npy

    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (count,)})
    return header.getvalue()


@dataclass(frozen=True, slots=True)
class Encoder:
    """A form of bytes; pieces of which all but the last are a multiple of 3 long are encoded one by one."""

    body: Callable[[bytes], bytes]
    end: bytes = b""
    start: Callable[[int], bytes] = _nothing

    def __call__(self, data: bytes) -> bytes:
        """Encodes bytes that are all there is."""
        return self.start(len(data)) + self.body(data) + self.end


ENCODERS = {
    "hex": Encoder(lambda data: data.hex().encode(), b"\n"),
    "base64": Encoder(base64.b64encode, b"\n"),
    "raw": Encoder(bytes),
    "npy": Encoder(bytes, start=_npy_header),
}


def encoding_of(chosen: str | None, out: str | None) -> str:
    """Returns the form chosen, else that of the suffix .npy, .bin or .raw, else hex; refuses another under .npy."""
    if out is None or not out.endswith(".npy"):
        return chosen or ("raw" if out and out.endswith((".bin", ".raw")) else "hex")
    if chosen not in (None, "npy"):
        raise click.UsageError(f"{out} would hold {chosen}, and .npy says that it is NumPy's: leave --format out")
    return "npy"


@contextmanager
def open_output(path: str | None, default: str | None = "-", *, force: bool = False) -> Iterator[BinaryIO]:
    """Opens where to write, before anything is drawn that could then not be written: "-" is stdout.

    Raises `ConfigError` for a file that is there already, unless `force` says to replace it.
    """
    path = default if path is None else path
    if path is None:
        yield io.BytesIO()
    elif path == "-":
        yield sys.stdout.buffer
    elif path:
        require_new(path, force=force)
        with private_file(path) as file:
            yield file
    else:
        raise click.UsageError("an output file needs a name")
