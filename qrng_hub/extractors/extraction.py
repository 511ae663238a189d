"""What an extraction takes and gives: packed bits in, a record and packed bits out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from qrng_hub.bits import Bits, Packed, row_bytes, unpack_shots
from qrng_hub.errors import RequestError
from qrng_hub.records import Record

#: Bits of any length, or a uint8 array of shape (bytes,), such as a `numpy.memmap`, of which every bit counts.
Source = Bits | Packed
Method = Literal["toeplitz", "circulant", "dodis", "dodis-markov", "von-neumann"]


class Extraction(Record):
    """How bits were extracted: enough to account for every one of them.

    What is None does not apply: von Neumann's method has neither blocks nor a seed, and claims nothing.
    """

    method: Method
    block_bits: int | None = None
    """Input bits of a block, n."""
    output_bits_per_block: int | None = None
    """Output bits of a block, m."""
    blocks: int | None = None
    input_bits_used: int
    input_bits_dropped: int
    min_entropy_per_bit: float | None = None
    """What the caller claims of the source."""
    epsilon: float | None = None
    """The distance from uniform of the whole output, at most; each block has its share, `epsilon_per_block`."""
    epsilon_per_block: float | None = None
    seed_bits: int | None = None
    """Bits of the seed that were used, or of the second source."""
    seed_sha256: str | None = None
    """The SHA-256, in hex, of these bits as they are packed."""
    seed_min_entropy_per_bit: float | None = None
    """1 for a seed, which has to be uniform; what the caller claims of a second source."""
    output_bits: int
    assumptions: tuple[str, ...]


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
