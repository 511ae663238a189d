"""Extraction of a whole run: the matrix, the lengths, and what is taken off where bits are left out."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng_hub.bits import Packed
from qrng_hub.errors import InsufficientEntropyError
from qrng_hub.extractors import extract_two_source, extract_whole, second_source_bits, two_source_bits, whole_bits
from qrng_hub.extractors.dodis import dodis_bits
from qrng_hub.extractors.whole import TwoSource

METHODS: tuple[TwoSource, ...] = ("dodis", "dodis-markov", "circulant")


def outcomes(count: int, seed: int = 1) -> Packed:
    return np.random.default_rng(seed).integers(0, 2, count, np.uint8)


@pytest.mark.parametrize("count", [201, 1000, 4099])
def test_a_run_is_multiplied_by_the_toeplitz_matrix_of_its_seed(count: int) -> None:
    raw = outcomes(count)
    output, extraction, seed = extract_whole(raw, 0.9 * count, 1e-6)
    bits = extraction.output_bits
    s = np.unpackbits(np.frombuffer(seed, np.uint8), count=count + bits - 1)
    matrix = s[np.arange(bits)[:, None] - np.arange(count) + count - 1]
    assert np.array_equal(np.unpackbits(np.frombuffer(output, np.uint8)), matrix.astype(int) @ raw % 2)
    assert (extraction.input_bits_used, extraction.input_bits_dropped, extraction.blocks) == (count, 0, 1)


@given(st.floats(40, 1e6), st.sampled_from([1e-3, 1e-9, 2.0**-64]))
def test_a_run_gives_what_the_leftover_hash_lemma_leaves_and_never_more_than_the_bound(
    k: float, epsilon: float
) -> None:
    bits = whole_bits(k, epsilon)
    assert bits <= k
    assert bits <= k + 2 * math.log2(epsilon) + 2 + 1e-6


@given(
    st.sampled_from(METHODS), st.integers(50, 20_000), st.floats(0, 1), st.floats(0.5, 1), st.sampled_from([1e-3, 1e-9])
)
def test_two_sources_never_give_more_than_the_first_is_bounded_by(
    method: TwoSource, count: int, share: float, rate: float, epsilon: float
) -> None:
    assert two_source_bits(method, count, share * count, rate, epsilon) <= share * count


def test_what_is_left_out_to_reach_a_prime_is_taken_off_the_bound() -> None:
    """Of 1,000 outcomes 947 are used: the largest prime below with primitive root 2 is 947."""
    length = second_source_bits("dodis", 1000)
    assert length == 947
    left = Fraction(600) - (1000 - length) + length * Fraction(0.99)
    assert two_source_bits("dodis", 1000, 600.0, 0.99, 1e-3) == dodis_bits(left, length, Fraction(1e-3))


@pytest.mark.parametrize("method", METHODS)
def test_a_two_source_output_is_the_cyclic_product(method: TwoSource) -> None:
    raw, second = outcomes(1000), outcomes(1200, 2)
    output, extraction, _ = extract_two_source(method, raw, np.packbits(second), 900.0, 1.0, 1e-3)
    length = second_source_bits(method, 1000)
    x = np.zeros(length, int)
    x[: extraction.input_bits_used] = raw[: extraction.input_bits_used]
    rows = [int(x @ second[(i + np.arange(length)) % length]) % 2 for i in range(extraction.output_bits)]
    assert np.unpackbits(np.frombuffer(output, np.uint8)).tolist() == rows
    assert extraction.input_bits_used + extraction.input_bits_dropped == 1000


def test_too_little_gives_nothing() -> None:
    with pytest.raises(InsufficientEntropyError, match="give no output"):
        extract_whole(outcomes(1000), 20.0, 1e-9)
    with pytest.raises(InsufficientEntropyError, match="give no output"):
        extract_two_source("dodis", outcomes(1000), np.packbits(outcomes(1000)), 100.0, 0.8, 1e-9)
