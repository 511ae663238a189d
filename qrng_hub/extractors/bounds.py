"""How many bits an extractor may give: exact arithmetic on what the caller claims, rounded down.

A claim is taken as the number it is, so that no rounding of a float can lengthen an output.
"""

from __future__ import annotations

import math
from fractions import Fraction

from qrng_hub.errors import RequestError

#: A number that a caller claims; a float stands for the exact value it holds.
Claim = float | Fraction
#: What must be left over before a fraction of a bit counts as a whole one: far more than a float's error.
_MARGIN = 2.0**-40


def claimed_min_entropy(per_bit: Claim, of: str = "source") -> Fraction:
    """Returns a min-entropy per bit as an exact number; raises `RequestError` unless it is above 0 and at most 1."""
    if not 0 < per_bit <= 1:
        raise RequestError(
            f"a min-entropy of {float(per_bit):g} per bit of the {of} is none a bit can have: "
            "give a number above 0 and at most 1"
        )
    return Fraction(per_bit)


def claimed_epsilon(epsilon: Claim) -> Fraction:
    """Returns a total error as an exact number; raises `RequestError` unless it is between 0 and 1."""
    if not 0 < epsilon < 1:
        raise RequestError(f"epsilon is {float(epsilon):g}: give a number between 0 and 1, such as 1e-10")
    return Fraction(epsilon)


def floor_minus_log2(bits: Fraction, ratio: Fraction) -> int:
    """Returns floor(bits - log2(ratio)) for a ratio of at least 1; one less where floats cannot tell, never more."""
    numerator, denominator = ratio.as_integer_ratio()
    power = max(0, numerator.bit_length() - denominator.bit_length() - 1)
    while denominator << power < numerator:
        power += 1
    whole = math.floor(bits)
    rest = float(bits - whole) - math.log2(numerator / (denominator << power))
    return whole - power + (rest >= 1 + _MARGIN)


def leftover_hash_bits(min_entropy: Fraction, epsilon: Fraction) -> int:
    """Returns floor(k - 2 log2(1 / epsilon)) + 2, the output of a 2-universal hash of k bits of min-entropy.

    It is below 1 where there is none, and never above k. With it the distance from uniform is at most
    2^(-(k - m) / 2) / 2 <= epsilon; against quantum side information k is the smooth min-entropy, whose
    smoothing error adds twice. Source: leftover hash lemma; Renner, arXiv:quant-ph/0512258, chapter 5.

    >>> leftover_hash_bits(Fraction(1000), Fraction(1, 2**32))
    938
    """
    return min(floor_minus_log2(min_entropy, epsilon**-2) + 2, math.floor(min_entropy))
