"""Two-source extraction by a circulant matrix of prime size (arXiv:2402.09481)."""

from __future__ import annotations

from fractions import Fraction

from qrng_hub.extractors._two_source import TwoSourceMethod
from qrng_hub.extractors.bounds import Claim, floor_minus_log2
from qrng_hub.extractors.extraction import Extracted, Source
from qrng_hub.extractors.primes import largest_prime


def circulant_bits(min_entropy: Fraction, second_length: int, epsilon: Fraction) -> int:
    """Returns m = floor(k1 + k2 - n2 + 2 log2(epsilon)) for k1 + k2 bits of min-entropy; below 1 there is none."""
    return floor_minus_log2(min_entropy - second_length, epsilon**-2)


CIRCULANT = TwoSourceMethod(
    name="circulant",
    largest_length=largest_prime,
    padding=1,
    output_bits=circulant_bits,
    slope=1,
    assumptions=(
        "the two sources are independent of each other",
        "each has the min-entropy claimed, given classical side information",
    ),
)


def circulant(
    first: Source,
    second: Source,
    *,
    min_entropy_per_bit: Claim,
    second_min_entropy_per_bit: Claim,
    epsilon: Claim,
    block_bits: int | None = None,
) -> Extracted:
    """Extracts y_i = XOR_j x_j s_((i + j) mod n2), 0 <= i < m, from n1 bits x of one source and n2 bits s of another.

    n2 = n1 + 1 is the largest prime for which both sources are long enough, or for which n1 is at most
    `block_bits`; x is padded by one zero. m = floor(k1 + k2 - n2 + 2 log2(epsilon)), with each k the bits
    used times what is claimed per bit. One block is extracted: what is left of the sources is not used.

    It is assumed, and cannot be seen here, that the two sources are independent and have the min-entropy
    claimed, given classical side information; neither need be uniform. Raises `RequestError` if a claim is
    out of range, a source too short, or the output empty. Source: arXiv:2402.09481.
    """
    return CIRCULANT.extract(first, second, (min_entropy_per_bit, second_min_entropy_per_bit), epsilon, block_bits)
