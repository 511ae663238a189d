"""Extraction of one string of outcomes whose min-entropy is known of the whole and of no part of it.

A bound on a whole run says nothing of its pieces: it is hashed at once, every bit of it, and where a method takes
fewer bits than there are, each bit left out is taken off the bound.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import numpy as np

from qrng_hub.bits import Bits, Packed
from qrng_hub.errors import InsufficientEntropyError
from qrng_hub.extractors._product import ToeplitzProduct
from qrng_hub.extractors._two_source import MOST_BITS, TwoSourceMethod
from qrng_hub.extractors.bounds import leftover_hash_bits
from qrng_hub.extractors.circulant import CIRCULANT
from qrng_hub.extractors.dodis import DODIS, DODIS_MARKOV
from qrng_hub.extractors.extraction import digest
from qrng_hub.records import Extraction

TwoSource = Literal["dodis", "dodis-markov", "circulant"]
MOST_WHOLE_BITS = 2**24
"""The longest string that is hashed at once: its transform takes about 1 GB."""
_METHODS: dict[TwoSource, TwoSourceMethod] = {"dodis": DODIS, "dodis-markov": DODIS_MARKOV, "circulant": CIRCULANT}
_ASSUMPTIONS = (
    "the seed is uniform, and independent of the outcomes and of all side information",
    "all outcomes together have the smooth min-entropy that is certified, given the side information",
)


def whole_bits(min_entropy: float, epsilon: float) -> int:
    """Returns how many bits `extract_whole` gives of a string with so much min-entropy; below 1 none."""
    return leftover_hash_bits(Fraction(min_entropy), Fraction(epsilon))


def extract_whole(
    outcomes: Packed, min_entropy: float, epsilon: float, seeds: Callable[[int], bytes] = os.urandom
) -> tuple[bytes, Extraction, bytes]:
    """Hashes zeros and ones, uint8 of shape (n,), by one Toeplitz matrix, whose seed is of `seeds`.

    Returns whole bytes, at most floor(k - 2 log2(1 / epsilon)) + 2 bits, how they were extracted, and the seed, which
    may be published. The output is within `epsilon` of uniform, and twice the smoothing error. Raises
    `InsufficientEntropyError` if nothing is left. Source: see `toeplitz`.
    """
    bits = whole_bits(min_entropy, epsilon) // 8 * 8
    if bits < 8 or not 0 < outcomes.size <= MOST_WHOLE_BITS:
        raise InsufficientEntropyError(
            f"{outcomes.size:,} outcomes with {min_entropy:,.1f} bits of min-entropy give no output at an epsilon of "
            f"{epsilon:.3g}: it takes {9 - 2 * math.log2(epsilon):,.0f} bits, and at most {MOST_WHOLE_BITS:,} outcomes"
        )
    seed_bits = outcomes.size + bits - 1
    packed = np.frombuffer(seeds(-(-seed_bits // 8)), np.uint8)
    seed = np.unpackbits(packed, count=seed_bits)
    extraction = Extraction(
        method="toeplitz",
        block_bits=outcomes.size,
        output_bits_per_block=bits,
        blocks=1,
        input_bits_used=outcomes.size,
        input_bits_dropped=0,
        min_entropy_per_bit=min_entropy / outcomes.size,
        epsilon=epsilon,
        epsilon_per_block=epsilon,
        seed_bits=seed_bits,
        seed_sha256=digest(seed),
        seed_min_entropy_per_bit=1.0,
        output_bits=bits,
        assumptions=_ASSUMPTIONS,
    )
    output = ToeplitzProduct(seed, outcomes.size, bits)(outcomes[None]).reshape(-1)
    return np.packbits(output).tobytes(), extraction, packed.tobytes()


def second_source_bits(method: TwoSource, outcomes: int) -> int:
    """Returns how many bits of the second source `extract_two_source` takes with so many outcomes."""
    found = _METHODS[method]
    return found.largest_length(min(outcomes + found.padding, MOST_BITS))


def two_source_bits(method: TwoSource, outcomes: int, min_entropy: float, rate: float, epsilon: float) -> int:
    """Returns how many bits `extract_two_source` gives of so many outcomes with so much min-entropy; below 1 none."""
    length = second_source_bits(method, outcomes)
    left = _left(_METHODS[method], outcomes, length, min_entropy)
    total = left + length * Fraction(rate)
    return min(_METHODS[method].output_bits(total, length, Fraction(epsilon)), math.floor(left), length - 1)


def extract_two_source(
    method: TwoSource, outcomes: Packed, second: Packed, min_entropy: float, rate: float, epsilon: float
) -> tuple[bytes, Extraction, bytes]:
    """Extracts from zeros and ones, uint8 of shape (n,), with packed bits of a weak source in the place of a seed.

    `rate` is the second source's min-entropy per bit. What is left out to reach a prime length is taken off
    the bound, and no more is given than is left of it. Returns whole bytes, how they were extracted, and the bits of
    the second source. Raises `InsufficientEntropyError` if nothing is left. Sources: `dodis`, `circulant`.
    """
    bits = two_source_bits(method, outcomes.size, min_entropy, rate, epsilon) // 8 * 8
    if bits < 8:
        raise InsufficientEntropyError(
            f"{outcomes.size:,} outcomes with {min_entropy:,.1f} bits of min-entropy and a second source of rate "
            f"{rate:g} give no output by the method {method} at an epsilon of {epsilon:.3g}"
        )
    found, length = _METHODS[method], second_source_bits(method, outcomes.size)
    used = length - found.padding
    per_bit = _left(found, outcomes.size, length, min_entropy) / used
    inputs = Bits.from_array(outcomes[:used]), Bits.from_array(np.unpackbits(second, count=length))
    extracted = found.extract(*inputs, (per_bit, Fraction(rate)), Fraction(epsilon), used)
    extraction = extracted.extraction.model_copy(
        update={"output_bits": bits, "output_bits_per_block": bits, "input_bits_dropped": outcomes.size - used}
    )
    return extracted.read().data[: bits // 8], extraction, inputs[1].data


def _left(method: TwoSourceMethod, outcomes: int, length: int, min_entropy: float) -> Fraction:
    """Returns the min-entropy of the outcomes that are used: of a prefix it is less by no more than what is cut off."""
    return max(Fraction(0), Fraction(min_entropy) - (outcomes - (length - method.padding)))
