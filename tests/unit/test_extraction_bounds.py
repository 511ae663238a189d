"""How long an output may be: known answers, and exact arithmetic in place of floats."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng_hub.errors import RequestError
from qrng_hub.extractors.bounds import claimed_epsilon, claimed_min_entropy, floor_minus_log2, leftover_hash_bits
from qrng_hub.extractors.circulant import circulant_bits
from qrng_hub.extractors.dodis import dodis_bits, dodis_markov_bits
from qrng_hub.extractors.primes import (
    has_primitive_root_2,
    is_prime,
    largest_prime,
    largest_prime_with_primitive_root_2,
)

FRACTIONS = st.fractions(0, 1, max_denominator=10**6).filter(lambda value: 0 < value < 1)


@given(st.integers(0, 10**6), FRACTIONS)
def test_a_hash_of_whole_bits_gives_the_most_that_the_lemma_allows(min_entropy: int, epsilon: Fraction) -> None:
    bits = leftover_hash_bits(Fraction(min_entropy), epsilon)
    assert _distance_squared(min_entropy, bits) <= epsilon**2
    assert bits == min_entropy or _distance_squared(min_entropy, bits + 1) > epsilon**2


def _distance_squared(min_entropy: int, bits: int) -> Fraction:
    """The square of 2^(-(k - m) / 2) / 2."""
    return Fraction(2) ** (bits - min_entropy) / 4


@given(st.floats(0, 1e6), st.floats(1e-300, 0.99))
def test_a_fraction_of_a_bit_is_rounded_as_forty_more_digits_say(min_entropy: float, epsilon: float) -> None:
    with localcontext(prec=60):
        exact = Decimal(min_entropy) + 2 * Decimal(epsilon).ln() / Decimal(2).ln()
        expected = math.floor(exact)
        near = abs(exact - round(exact)) < Decimal("1e-9")
    bits = floor_minus_log2(Fraction(min_entropy), Fraction(epsilon) ** -2)
    assert bits == expected or (near and bits == round(exact) - 1)


def test_powers_of_two_are_not_rounded_away() -> None:
    assert leftover_hash_bits(Fraction(1000), Fraction(1, 2**32)) == 1000 - 64 + 2
    assert leftover_hash_bits(Fraction(1000), Fraction(1, 2**32) - Fraction(1, 2**200)) == 1000 - 64 + 1
    assert leftover_hash_bits(Fraction(1000) - Fraction(1, 2**200), Fraction(1, 2**32)) == 1000 - 64 + 1


def test_no_hash_gives_more_than_it_gets() -> None:
    assert leftover_hash_bits(Fraction(1000), Fraction(9, 10)) == 1000


def test_two_source_lengths_of_a_mermin_test_of_a_million_bits() -> None:
    """Mermin value 3.15 and a Santha-Vazirani source of rate 0.95, epsilon 5e-31: formula of arXiv:2009.06551.

    P_guess = 1/4 + 2b + sqrt 3 sqrt(b - 4 b^2), b = p_lose / (8 (1/2 - e)^3), e = 2^-0.95 - 1/2, two raw bits a round.
    """
    b = (4 - 3.15) / 16 / (8 * (1 - 2**-0.95) ** 3)
    per_round = -math.log2(0.25 + 2 * b + math.sqrt(3) * math.sqrt(b - 4 * b * b))
    min_entropy = Fraction(per_round * 500_000) + 950_000
    assert dodis_bits(min_entropy, 1_000_000, Fraction(5e-31)) == 170_495
    assert dodis_markov_bits(min_entropy, 1_000_000, Fraction(5e-31)) == 33_978


def test_a_circulant_gives_one_bit_less_than_a_cyclic_shift_of_its_length() -> None:
    assert circulant_bits(Fraction(1500), 1009, Fraction(1, 2**32)) == 1500 - 1009 - 64
    assert dodis_bits(Fraction(1500), 1009, Fraction(1, 2**32)) == 1500 - 1009 + 1 - 64


@pytest.mark.parametrize("per_bit", [0.0, -0.5, 1.0000001, math.nan, math.inf])
def test_a_bit_has_more_than_none_and_at_most_one_bit_of_min_entropy(per_bit: float) -> None:
    with pytest.raises(RequestError, match="per bit of the source is none a bit can have"):
        claimed_min_entropy(per_bit)


@pytest.mark.parametrize("epsilon", [0.0, -1e-9, 1.0, math.nan, math.inf])
def test_epsilon_is_between_0_and_1(epsilon: float) -> None:
    with pytest.raises(RequestError, match="give a number between 0 and 1"):
        claimed_epsilon(epsilon)


def test_primes_are_those_of_a_sieve() -> None:
    sieve = [number > 1 for number in range(20_000)]
    for number in range(2, 142):
        for multiple in range(2 * number, 20_000, number):
            sieve[multiple] = False
    assert [is_prime(number) for number in range(20_000)] == sieve


@pytest.mark.parametrize("composite", [3_215_031_751, 3_474_749_660_383, 318_665_857_834_031_151_167_461])
def test_strong_pseudoprimes_to_the_first_bases_are_no_primes(composite: int) -> None:
    """They deceive the first 4, 6 and 12 bases (Jaeschke 1993; Sorenson and Webster, arXiv:1509.00864)."""
    assert not is_prime(composite)
    assert is_prime(2**61 - 1)


def test_primes_with_primitive_root_2_are_known() -> None:
    """OEIS A001122."""
    found = [number for number in range(200) if is_prime(number) and has_primitive_root_2(number)]
    assert found == [3, 5, 11, 13, 19, 29, 37, 53, 59, 61, 67, 83, 101, 107, 131, 139, 149, 163, 173, 179, 181, 197]


def test_the_largest_admissible_length_below_a_million() -> None:
    assert largest_prime(1_000_000) == 999_983
    assert largest_prime_with_primitive_root_2(1_000_000) == 999_979
    assert (largest_prime(999_983), largest_prime(999_982)) == (999_983, 999_979)
    with pytest.raises(RequestError, match="no prime is as small as 1"):
        largest_prime(1)
