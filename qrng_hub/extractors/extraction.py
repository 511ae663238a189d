"""What an extraction takes and gives: packed bits in, a record and packed bits out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from qrng_hub.bits import Bits, Packed, row_bytes, unpack_shots
from qrng_hub.errors import RequestError
from qrng_hub.records import Extraction

#: Bits of any length, or a uint8 array of shape (bytes,), such as a `numpy.memmap`, of which every bit counts.
Source = Bits | Packed


@dataclass(frozen=True, slots=True)
class Extracted:
    """An extraction and its output, whose packed bytes are made piece by piece as they are asked for, once.

    The last byte is filled with zeros. A piece may raise `ExtractionError`: then no piece may be used.
    """

    extraction: Extraction
    pieces: Iterator[bytes] = field(repr=False)

    def read(self) -> Bits:
        """Returns the whole output."""
        return Bits(b"".join(self.pieces), self.extraction.output_bits)


def packed_bits(source: Source) -> tuple[Packed, int]:
    """Returns packed bytes, uint8 of shape (bytes,), and how many bits they hold; raises `RequestError` otherwise."""
    if isinstance(source, Bits):
        return np.frombuffer(source.data, np.uint8), source.length
    if source.dtype != np.uint8 or source.ndim != 1:
        raise RequestError(f"packed bits are uint8 of shape (bytes,), not {source.dtype} of shape {source.shape}")
    return source, 8 * source.size


def first_bits(packed: Packed, count: int) -> Packed:
    """Unpacks the first bits to uint8 zeros and ones, shape (count,)."""
    return unpack_shots(packed[None, : row_bytes(count)], count).reshape(-1)


def digest(bits: Packed) -> str:
    """Returns the SHA-256, in hex, of zeros and ones as they are packed."""
    return hashlib.sha256(Bits.from_array(bits).data).hexdigest()
