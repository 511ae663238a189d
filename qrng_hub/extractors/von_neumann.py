"""Von Neumann's debiasing of independent, identically biased bits: never certification, no claim of entropy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qrng_hub.bits import Bits, Packed, unpack_shots
from qrng_hub.errors import RequestError
from qrng_hub.extractors.extraction import Extracted, Source, packed_bits
from qrng_hub.records import Extraction

_PIECE_BYTES = 2**19
ASSUMPTIONS = (
    "debiased only: the output is unbiased if the bits are independent and all biased alike, which nothing here checks",
    "no min-entropy is claimed of the output",
)


def von_neumann(source: Source) -> Extracted:
    """Debiases: of each pair of bits 01 gives 0, 10 gives 1, and 00 and 11 give nothing.

    It removes a bias from bits that are independent and identically distributed, and nothing else: it is
    never called certification, and no entropy is claimed of its output. The source is read twice, first
    to count. An odd last bit is dropped. Raises `RequestError` if no pair differs.
    Source: von Neumann, NBS Appl. Math. Ser. 12, 36 (1951).
    """
    packed, given = packed_bits(source)
    used = given - given % 2
    output_bits = sum(bits.size for bits in _debiased(packed, used))
    if not output_bits:
        raise RequestError(f"an input of {given:,} bits gives no output: no pair of its bits differs; give more")
    extraction = Extraction(
        method="von-neumann",
        input_bits_used=used,
        input_bits_dropped=given - used,
        output_bits=output_bits,
        assumptions=ASSUMPTIONS,
    )
    return Extracted(extraction, _pieces(packed, used))


def _debiased(packed: Packed, used: int) -> Iterator[Packed]:
    """Debiases an even number of bits, some at a time."""
    for start in range(0, packed.size, _PIECE_BYTES):
        piece = packed[None, start : start + _PIECE_BYTES]
        pairs = unpack_shots(piece, min(8 * piece.size, used - 8 * start)).reshape(-1, 2)
        yield pairs[pairs[:, 0] != pairs[:, 1], 0]


def _pieces(packed: Packed, used: int) -> Iterator[bytes]:
    """Packs what is debiased; bits that do not fill a byte wait for the next ones."""
    rest = np.zeros(0, np.uint8)
    for more in _debiased(packed, used):
        bits = np.concatenate([rest, more])
        whole = bits.size - bits.size % 8
        yield Bits.from_array(bits[:whole]).data
        rest = bits[whole:]
    yield Bits.from_array(rest).data
