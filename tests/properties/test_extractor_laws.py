"""Extractors are linear over GF(2), in each of their inputs."""

import math
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qrng_hub.bits import Bits
from qrng_hub.errors import RequestError
from qrng_hub.extractors import Extracted, circulant, dodis, dodis_markov, toeplitz

BYTES = st.binary(min_size=40, max_size=40).map(Bits.from_bytes)
CLAIMS: dict[str, float] = {"min_entropy_per_bit": 1, "second_min_entropy_per_bit": 1, "epsilon": 0.1}
EVERY = pytest.mark.parametrize("extract", [circulant, dodis, dodis_markov])


def hashed(source: Bits, seed: Bits) -> Bits:
    return toeplitz(source, seed, min_entropy_per_bit=0.9, epsilon=0.1, block_bits=64).read()


@settings(deadline=None)
@given(BYTES, BYTES, BYTES)
def test_toeplitz_is_linear_in_its_source_and_in_its_seed(one: Bits, other: Bits, third: Bits) -> None:
    assert hashed(one ^ other, third) == hashed(one, third) ^ hashed(other, third)
    assert hashed(third, one ^ other) == hashed(third, one) ^ hashed(third, other)


@EVERY
@settings(deadline=None)
@given(one=BYTES, other=BYTES, third=BYTES)
def test_two_source_extractors_are_linear_in_each_source(
    extract: Callable[..., Extracted], one: Bits, other: Bits, third: Bits
) -> None:
    def of(first: Bits, second: Bits) -> Bits:
        return extract(first, second, **CLAIMS).read()

    assert of(one ^ other, third) == of(one, third) ^ of(other, third)
    assert of(third, one ^ other) == of(third, one) ^ of(third, other)


@settings(deadline=None)
@given(
    st.integers(1, 40).map(lambda units: 8 * units),
    st.integers(1, 30),
    st.floats(0.05, 1),
    st.floats(1e-12, 0.5),
)
def test_an_output_is_never_longer_than_its_min_entropy_less_its_epsilon(
    block_bits: int, blocks: int, per_bit: float, epsilon: float
) -> None:
    source, seed = Bits.from_bytes(bytes(block_bits * blocks // 8)), Bits.from_bytes(bytes(block_bits // 4))
    n, spare = block_bits, block_bits * per_bit - 2 * math.log2(blocks / epsilon) + 2
    assume(abs(spare - 1) > 1e-6)
    if spare < 1:
        with pytest.raises(RequestError, match="gives no output"):
            toeplitz(source, seed, min_entropy_per_bit=per_bit, epsilon=epsilon, block_bits=block_bits)
        return
    done = toeplitz(source, seed, min_entropy_per_bit=per_bit, epsilon=epsilon, block_bits=block_bits)
    m = done.extraction.output_bits_per_block
    assert m is not None and 1 <= m <= n * per_bit
    # blocks * 2^(-(k - m) / 2) / 2 <= epsilon, but for the last digits of floats
    assert blocks * 2 ** (-(n * per_bit - m) / 2) / 2 <= epsilon * (1 + 1e-9)
    assert len(done.read()) == blocks * m == done.extraction.output_bits
