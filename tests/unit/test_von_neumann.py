import numpy as np
import pytest

from qrng_hub.bits import Bits
from qrng_hub.errors import RequestError
from qrng_hub.extractors import von_neumann


def test_of_each_pair_that_differs_the_first_bit_stays() -> None:
    assert list(von_neumann(Bits.from_array([0, 1, 1, 0, 0, 0, 1, 1, 1, 0])).read()) == [0, 1, 1]


def test_an_odd_last_bit_is_dropped() -> None:
    done = von_neumann(Bits.from_array([0, 1, 1]))
    assert list(done.read()) == [0]
    assert (done.extraction.input_bits_used, done.extraction.input_bits_dropped) == (2, 1)


def test_many_bits_equal_the_plain_loop_over_every_boundary() -> None:
    source = np.random.default_rng(8).integers(0, 256, 1_100_003, np.uint8)
    pairs = np.unpackbits(source).reshape(-1, 2)
    expected = pairs[pairs[:, 0] != pairs[:, 1]][:, 0]
    done = von_neumann(source)
    assert done.extraction.output_bits == expected.size
    assert done.read() == Bits.from_array(expected)


def test_it_takes_the_bias_away() -> None:
    """Of a million bits, P(1) = 0.8, about 160,000 remain; 5 standard deviations: false alarm 6e-7."""
    biased = Bits.from_array(np.random.default_rng(9).random(1_000_000) < 0.8)
    output = von_neumann(biased).read().to_array()
    assert abs(output.mean() - 0.5) < 5 * 0.5 / np.sqrt(output.size)


def test_it_claims_nothing() -> None:
    record = von_neumann(Bits.from_array([0, 1])).extraction
    assert (record.min_entropy_per_bit, record.epsilon, record.seed_sha256) == (None, None, None)
    assert "no min-entropy is claimed of the output" in record.assumptions


@pytest.mark.parametrize("bits", [[], [1], [0, 0, 1, 1]])
def test_bits_that_give_nothing_are_refused(bits: list[int]) -> None:
    with pytest.raises(RequestError, match="gives no output"):
        von_neumann(Bits.from_array(bits))
