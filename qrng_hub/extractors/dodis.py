"""Two-source extraction by cyclic shifts, after Dodis et al., with the output lengths of arXiv:2402.09481."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from qrng_hub.extractors._two_source import TwoSourceMethod
from qrng_hub.extractors.bounds import Claim, floor_minus_log2
from qrng_hub.extractors.extraction import Extracted, Source
from qrng_hub.extractors.primes import largest_prime_with_primitive_root_2


def dodis_bits(min_entropy: Fraction, length: int, epsilon: Fraction) -> int:
    """Returns m = floor(k1 + k2 - n + 1 + 2 log2(epsilon)) for k1 + k2 bits of min-entropy; below 1 there is none."""
    return floor_minus_log2(min_entropy - length + 1, epsilon**-2)


def dodis_markov_bits(min_entropy: Fraction, length: int, epsilon: Fraction) -> int:
    """Returns m = floor((k1 + k2 - n + 8 log2(epsilon) + 9 - 4 log2(3)) / 5), likewise, in the Markov model."""
    return floor_minus_log2(min_entropy - length + 9, 81 * epsilon**-8) // 5


DODIS = TwoSourceMethod(
    name="dodis",
    largest_length=largest_prime_with_primitive_root_2,
    padding=0,
    output_bits=dodis_bits,
    slope=1,
    assumptions=(
        "the two sources are independent of each other",
        "each has the min-entropy claimed, given classical side information",
    ),
)
DODIS_MARKOV = replace(
    DODIS,
    name="dodis-markov",
    output_bits=dodis_markov_bits,
    slope=5,
    assumptions=(
        "the two sources are independent of each other, given the side information (Markov model)",
        "each has the min-entropy claimed, given the side information, which may be quantum",
    ),
)


def dodis(
    first: Source,
    second: Source,
    *,
    min_entropy_per_bit: Claim,
    second_min_entropy_per_bit: Claim,
    epsilon: Claim,
    block_bits: int | None = None,
) -> Extracted:
    """Extracts y_i = XOR_j x_j s_((i + j) mod n), 0 <= i < m, from n bits x of one source and n bits s of another.

    n is the largest prime with primitive root 2 for which both sources are long enough, or that is at most
    `block_bits`. m = floor(k1 + k2 - n + 1 + 2 log2(epsilon)), with each k = n times what is claimed per
    bit. One block is extracted: what is left of the sources is not used.

    It is assumed, and cannot be seen here, that the two sources are independent and have the min-entropy
    claimed, given classical side information; neither need be uniform. Raises `RequestError` if a claim is
    out of range, a source too short, or the output empty. Source: Dodis, Elbaz, Oliveira and Raz,
    RANDOM 2004, LNCS 3122, 334; output length as in arXiv:2402.09481.
    """
    return DODIS.extract(first, second, (min_entropy_per_bit, second_min_entropy_per_bit), epsilon, block_bits)


def dodis_markov(
    first: Source,
    second: Source,
    *,
    min_entropy_per_bit: Claim,
    second_min_entropy_per_bit: Claim,
    epsilon: Claim,
    block_bits: int | None = None,
) -> Extracted:
    """Extracts as `dodis` does, fewer bits, against quantum side information that relates the sources.

    The sources need only be independent given the side information (the Markov model):
    m = floor((k1 + k2 - n + 8 log2(epsilon) + 9 - 4 log2(3)) / 5). Raises as `dodis`.
    Source: arXiv:2402.09481.
    """
    return DODIS_MARKOV.extract(first, second, (min_entropy_per_bit, second_min_entropy_per_bit), epsilon, block_bits)
