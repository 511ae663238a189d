"""Laws of the estimators that hold for every input."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qrng_hub.estimators import Samples, assess, estimate

SYMBOLS = arrays.arrays(np.uint8, st.integers(140, 400), elements=st.integers(0, 3))
"""Of four symbols one occurs 35 times in 140 samples, which the t-tuple estimate needs."""
BITS = arrays.arrays(np.uint8, st.integers(70, 400), elements=st.integers(0, 1))


@given(arrays.arrays(np.uint8, st.integers(2, 300)))
def test_the_most_common_value_is_never_above_the_alphabet(symbols: npt.NDArray[np.uint8]) -> None:
    samples = Samples.of(symbols)
    assert 0 <= estimate("Most Common Value", samples) <= math.log2(samples.alphabet)


@given(SYMBOLS, st.permutations(range(4)))
def test_names_of_symbols_do_not_matter_to_counts(symbols: npt.NDArray[np.uint8], names: list[int]) -> None:
    renamed = np.array(names, np.uint8)[symbols]
    for one in ("Most Common Value", "t-Tuple"):
        assert estimate(one, Samples.of(renamed)) == estimate(one, Samples.of(symbols))


@given(SYMBOLS)
def test_the_direction_of_time_does_not_matter_to_tuples(symbols: npt.NDArray[np.uint8]) -> None:
    assert estimate("t-Tuple", Samples.of(symbols[::-1])) == estimate("t-Tuple", Samples.of(symbols))


@given(SYMBOLS)
def test_longer_tuples_never_raise_the_estimate(symbols: npt.NDArray[np.uint8]) -> None:
    """The t-tuple estimate looks at single symbols too."""
    samples = Samples.of(symbols)
    assert estimate("t-Tuple", samples) <= estimate("Most Common Value", samples) + 1e-12


@pytest.mark.parametrize("name", ["Lag Prediction", "MultiMMC Prediction", "LZ78Y Prediction"])
@given(symbols=SYMBOLS)
def test_predictions_are_never_below_nothing_nor_above_guessing(name: str, symbols: npt.NDArray[np.uint8]) -> None:
    samples = Samples.of(symbols)
    assert 0 <= estimate(name, samples) <= math.log2(samples.alphabet)


@given(BITS)
def test_the_names_of_the_bits_do_not_matter_to_collisions_and_chains(bits: npt.NDArray[np.uint8]) -> None:
    for one in ("Collision", "Markov"):
        flipped = Samples((1 - bits).astype(np.uint8), 2)
        assert estimate(one, flipped) == pytest.approx(estimate(one, Samples(bits, 2)), abs=1e-12)


@given(st.integers(0, 255), st.integers(2, 50))
def test_a_constant_assesses_to_nothing(symbol: int, times: int) -> None:
    assert assess(np.full(times, symbol, np.uint8), 8).assessed_min_entropy == 0
