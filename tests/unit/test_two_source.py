"""Two-source extractors, against the plain sums of arXiv:2402.09481."""

import hashlib
import math
from collections.abc import Callable

import numpy as np
import pytest

from qrng_hub.bits import Bits
from qrng_hub.errors import RequestError
from qrng_hub.extractors import Extracted, circulant, dodis, dodis_markov

GENERATOR = np.random.default_rng(31)
Extractor = Callable[..., Extracted]
EVERY = pytest.mark.parametrize("extract", [circulant, dodis, dodis_markov])


def random_bits(count: int) -> Bits:
    return Bits.from_array(GENERATOR.integers(0, 2, count))


def run(
    extract: Extractor, first: Bits, second: Bits, *, epsilon: float = 0.01, block_bits: int | None = None
) -> Extracted:
    claims = {"min_entropy_per_bit": 0.9, "second_min_entropy_per_bit": 0.95}
    return extract(first, second, epsilon=epsilon, block_bits=block_bits, **claims)


def plain_sums(first: Bits, second: Bits, length: int, output_bits: int) -> list[int]:
    """y_i = XOR_j x_j s_((i + j) mod length), x with zeros behind its last bit."""
    x, s = [*first][:length], [*second]
    return [sum(bit & s[(i + j) % length] for j, bit in enumerate(x)) % 2 for i in range(output_bits)]


@pytest.mark.parametrize("length", [53, 61, 101, 389, 1_019])
def test_a_circulant_equals_the_plain_sum_bit_for_bit(length: int) -> None:
    first, second = random_bits(length - 1), random_bits(length)
    done = run(circulant, first, second)
    assert (done.extraction.block_bits, done.extraction.seed_bits) == (length - 1, length)
    k = 0.9 * (length - 1) + 0.95 * length
    assert done.extraction.output_bits == math.floor(k - length + 2 * math.log2(0.01))
    assert list(done.read()) == plain_sums(first, second, length, done.extraction.output_bits)


@pytest.mark.parametrize("length", [53, 61, 101, 389, 1_019])
def test_a_cyclic_shift_equals_the_plain_sum_bit_for_bit(length: int) -> None:
    first, second = random_bits(length), random_bits(length)
    done = run(dodis, first, second)
    assert (done.extraction.block_bits, done.extraction.seed_bits) == (length, length)
    assert done.extraction.output_bits == math.floor(1.85 * length - length + 1 + 2 * math.log2(0.01))
    assert list(done.read()) == plain_sums(first, second, length, done.extraction.output_bits)


def test_the_markov_model_gives_the_first_bits_of_the_same_and_fewer() -> None:
    first, second = random_bits(1_019), random_bits(1_019)
    fewer, all_bits = (run(extract, first, second) for extract in (dodis_markov, dodis))
    k = 1.85 * 1_019
    expected = math.floor((k - 1_019 + 8 * math.log2(0.01) + 9 - 4 * math.log2(3)) / 5)
    assert (fewer.extraction.method, fewer.extraction.output_bits) == ("dodis-markov", expected)
    assert list(fewer.read()) == list(all_bits.read())[:expected]


def test_long_inputs_equal_the_plain_sum_at_chosen_rows() -> None:
    first, second = random_bits(200_000), random_bits(200_000)
    done = run(dodis, first, second, epsilon=1e-10)
    n, output = done.extraction.block_bits, done.read().to_array()
    assert n == 199_933
    x, s = first.to_array()[:n], second.to_array()[:n]
    for i in (0, 1, output.size // 2, output.size - 1):
        assert output[i] == int((x & np.roll(s, -i)).sum()) % 2


@EVERY
def test_the_rest_of_both_sources_is_dropped_and_reported(extract: Extractor) -> None:
    first, second = random_bits(2_000), random_bits(1_500)
    record = run(extract, first, second).extraction
    assert record.seed_bits == {"circulant": 1_499, "dodis": 1_499, "dodis-markov": 1_499}[record.method]
    assert record.input_bits_used + record.input_bits_dropped == 2_000
    used = Bits.from_array(second.to_array()[: record.seed_bits])
    assert record.seed_sha256 == hashlib.sha256(used.data).hexdigest()
    assert (record.min_entropy_per_bit, record.seed_min_entropy_per_bit) == (0.9, 0.95)


@EVERY
def test_a_block_asked_for_has_at_most_that_many_bits(extract: Extractor) -> None:
    record = run(extract, random_bits(2_000), random_bits(2_000), block_bits=1_000).extraction
    assert record.block_bits == {"circulant": 996, "dodis": 947, "dodis-markov": 947}[record.method]


@EVERY
def test_a_second_source_too_short_for_the_block_is_refused(extract: Extractor) -> None:
    with pytest.raises(
        RequestError, match=r"second source of 900 bits is too short .* needs 9\d7 bits \(1\d\d bytes\)"
    ):
        run(extract, random_bits(2_000), random_bits(900), block_bits=1_000)


@EVERY
def test_an_input_too_short_for_the_block_is_refused(extract: Extractor) -> None:
    with pytest.raises(RequestError, match=r"input of 900 bits is shorter than one block of 9\d\d"):
        run(extract, random_bits(900), random_bits(2_000), block_bits=1_000)


@EVERY
def test_sources_too_poor_for_a_bit_are_refused_with_what_would_do(extract: Extractor) -> None:
    with pytest.raises(RequestError, match=r"give no output at an epsilon of 0.01, where 1,\d{3} bits of it would"):
        extract(
            random_bits(1_019),
            random_bits(1_019),
            epsilon=0.01,
            min_entropy_per_bit=0.5,
            second_min_entropy_per_bit=0.5,
        )


@EVERY
def test_a_claim_of_the_second_source_is_checked(extract: Extractor) -> None:
    with pytest.raises(RequestError, match="per bit of the second source is none a bit can have"):
        extract(random_bits(100), random_bits(100), epsilon=0.01, min_entropy_per_bit=1, second_min_entropy_per_bit=1.5)


@EVERY
def test_an_empty_source_is_refused(extract: Extractor) -> None:
    with pytest.raises(RequestError, match="give longer inputs"):
        run(extract, random_bits(0), random_bits(100))
