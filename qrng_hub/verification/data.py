"""Reads an output from its file, in whichever form `qrng bytes` writes it, as the bytes that it is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from qrng_hub.errors import ConfigError, ReceiptError

_CHUNK_BYTES = 3 << 18
_NPY = b"\x93NUMPY"


class FileDigest(NamedTuple):
    """The length of an output in bytes, and its SHA-256 in hex."""

    size: int
    sha256: str


class _Text(NamedTuple):
    """A form of bytes as text: what it looks like, how many characters are read together, and how."""

    name: str
    looks: re.Pattern[bytes]
    together: int
    read: Callable[[bytes], bytes]


_TEXTS = (
    _Text("hex", re.compile(rb"[0-9a-f\s]*", re.IGNORECASE), 2, binascii.unhexlify),
    _Text("base64", re.compile(rb"[A-Za-z0-9+/\s]*=?=?\s*"), 4, lambda text: base64.b64decode(text, validate=True)),
)


def digest_of(path: str | Path) -> FileDigest:
    """Reads the output in a file; raises as `digests_of` does."""
    return digests_of(path, [None])[0]


def digests_of(path: str | Path, sizes: Sequence[int | None]) -> list[FileDigest]:
    """Reads the parts of the output in a file, of so many bytes each, piece by piece; the last has all that is left.

    The file is raw, a .npy of uint8, hex or base64; what could be two of these is raw if its length is that of the
    output. Raises `ConfigError` if it cannot be read, and `ReceiptError` if it ends as no file of its form does.
    """
    whole = None if None in sizes else sum(size for size in sizes if size is not None)
    try:
        with Path(path).open("rb") as file:
            chunks = _decoded(file, whole)
            pending, parts = b"", []
            for size in [*sizes[:-1], None]:
                part, pending = _part(chunks, pending, size)
                parts.append(part)
            return parts
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (binascii.Error, ValueError) as error:
        raise ReceiptError(f"{path} is no whole file of the form that it begins in: {error}") from None


def _part(chunks: Iterator[bytes], pending: bytes, most: int | None) -> tuple[FileDigest, bytes]:
    """Reads the next part, which begins with what is pending, and returns what was read beyond it."""
    size, digest = 0, hashlib.sha256()
    while most is None or size < most:
        chunk = pending or next(chunks, b"")
        if not chunk:
            break
        taken = chunk if most is None else chunk[: most - size]
        pending = chunk[len(taken) :]
        size += len(taken)
        digest.update(taken)
    return FileDigest(size, digest.hexdigest()), pending


def _decoded(file: BinaryIO, whole: int | None) -> Iterator[bytes]:
    first = file.read(_CHUNK_BYTES)
    is_raw = len(first) == whole and len(first) < _CHUNK_BYTES
    text = None if is_raw else next((text for text in _TEXTS if text.looks.fullmatch(first)), None)
    if first.startswith(_NPY) and not is_raw:
        return _of_npy(file, first)
    chunks = _chunks(file, first)
    return chunks if text is None or not first.strip() else _of_text(chunks, text)


def _chunks(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = file.read(_CHUNK_BYTES)


def _of_npy(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    """Reads what stands behind the head of a .npy file, version 1.0 (NEP 1), as `qrng bytes` writes it."""
    start = 10 + int.from_bytes(first[8:10], "little")
    head = first[10:start]
    if first[6:8] != b"\x01\x00" or b"'|u1'" not in head or not re.search(rb"\(\d+,\)", head):
        raise ReceiptError("the .npy file is not one of uint8 in one dimension")
    yield from _chunks(file, first[start:] or file.read(_CHUNK_BYTES))


def _of_text(chunks: Iterator[bytes], text: _Text) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest += b"".join(chunk.split())
        whole = len(rest) - len(rest) % text.together
        if whole:
            yield text.read(rest[:whole])
        rest = rest[whole:]
    if rest:
        raise ReceiptError(f"the file in {text.name} ends in the middle of a byte")
