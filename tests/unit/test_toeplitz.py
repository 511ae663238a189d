"""Toeplitz hashing by blocks, against the plain matrix."""

import hashlib
import math
import subprocess
import sys
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from qrng_hub.bits import Bits, Packed
from qrng_hub.errors import ExtractionError, RequestError
from qrng_hub.extractors import toeplitz, toeplitz_layout
from qrng_hub.extractors._product import ToeplitzProduct, whole_numbers
from qrng_hub.extractors.toeplitz import MOST_BLOCK_BITS
from qrng_hub.records import Extraction

GENERATOR = np.random.default_rng(20_240)


def random_bits(count: int) -> Bits:
    return Bits.from_array(GENERATOR.integers(0, 2, count))


def plain_matrix(seed: Packed, rows: int, columns: int) -> Packed:
    return np.array([[seed[i - j + columns - 1] for j in range(columns)] for i in range(rows)], np.uint8)


@pytest.mark.parametrize("block_bits", [8, 16, 64, 104])
@pytest.mark.parametrize("blocks", [1, 2, 7, 8, 9, 20])
def test_equals_the_plain_matrix_bit_for_bit(block_bits: int, blocks: int) -> None:
    source, seed = random_bits(block_bits * blocks + 5), random_bits(2 * block_bits)
    done = toeplitz(source, seed, min_entropy_per_bit=1, epsilon=0.99, block_bits=block_bits)
    output_bits = done.extraction.output_bits_per_block
    assert output_bits is not None and output_bits > 0
    matrix = plain_matrix(seed.to_array(), output_bits, block_bits)
    expected = source.to_array()[: block_bits * blocks].reshape(blocks, block_bits) @ matrix.T % 2
    assert list(done.read()) == expected.reshape(-1).tolist()


def test_pieces_join_in_order_over_many_batches() -> None:
    source, seed = random_bits(64 * 5_003), random_bits(127)
    done = toeplitz(source, seed, min_entropy_per_bit=1, epsilon=1e-6, block_bits=64)
    output_bits = done.extraction.output_bits_per_block
    assert output_bits == math.floor(64 - 2 * math.log2(5_003e6)) + 2
    matrix = plain_matrix(seed.to_array(), output_bits, 64)
    expected = source.to_array().reshape(-1, 64) @ matrix.T % 2
    assert done.read() == Bits.from_array(expected.reshape(-1))


@pytest.mark.parametrize("block_bits", [65_536, MOST_BLOCK_BITS])
def test_large_blocks_are_exact_where_every_bit_is_a_one(block_bits: int) -> None:
    """Each output bit counts the n ones of a row: even. With one bit of the seed cleared, rows that hold it are odd."""
    ones, seed = np.full(3 * block_bits // 8, 255, np.uint8), np.ones(2 * block_bits, np.uint8)
    done = toeplitz(ones, Bits.from_array(seed), min_entropy_per_bit=1, epsilon=0.5, block_bits=block_bits).read()
    assert not any(done.data)
    seed[0] = 0  # only row 0, column n - 1, holds the first bit of the seed
    done = toeplitz(ones, Bits.from_array(seed), min_entropy_per_bit=1, epsilon=0.5, block_bits=block_bits).read()
    assert np.flatnonzero(done.to_array()).tolist() == [block * len(done) // 3 for block in range(3)]


def test_blocks_of_the_default_size_equal_the_plain_sum_at_chosen_rows() -> None:
    n, source, seed = 65_536, random_bits(5 * 65_536), random_bits(2 * 65_536)
    done = toeplitz(source, seed, min_entropy_per_bit=0.5, epsilon=1e-10)
    m = done.extraction.output_bits_per_block
    assert m == math.floor(n / 2 - 2 * math.log2(5e10)) + 2
    output, blocks, s = done.read().to_array().reshape(5, m), source.to_array().reshape(5, n), seed.to_array()
    for i in (0, 1, m // 2, m - 2, m - 1):
        row = s[i : i + n][::-1]  # s[i - j + n - 1] for j = 0 ... n - 1
        assert output[:, i].tolist() == [int((row & block).sum()) % 2 for block in blocks]


def test_the_family_is_2_universal() -> None:
    """Every difference of two inputs goes to every output under as many seeds: counted over all of them."""
    n, m = 6, 3
    inputs = np.array([[x >> bit & 1 for bit in range(n)] for x in range(1, 2**n)], np.uint8)
    seeds = np.array([[s >> bit & 1 for bit in range(n + m - 1)] for s in range(2 ** (n + m - 1))], np.uint8)
    outputs = np.array([ToeplitzProduct(seed, n, m)(inputs) @ [4, 2, 1] for seed in seeds])
    for column in outputs.T:
        assert np.bincount(column, minlength=2**m).tolist() == [len(seeds) >> m] * 2**m


def test_epsilon_is_the_total_and_each_block_has_its_share() -> None:
    source, seed = random_bits(10 * 1024 + 77), random_bits(2048)
    record = toeplitz(source, seed, min_entropy_per_bit=0.75, epsilon=2.0**-30, block_bits=1024).extraction
    share = 2.0**-30 / 10
    assert (record.epsilon, record.epsilon_per_block) == (2.0**-30, share)
    assert record.output_bits_per_block == math.floor(768 - 2 * math.log2(1 / share)) + 2
    assert (record.blocks, record.input_bits_used, record.input_bits_dropped) == (10, 10_240, 77)
    assert record.output_bits == 10 * record.output_bits_per_block
    assert record.seed_bits == 1024 + record.output_bits_per_block - 1
    used = Bits.from_array(seed.to_array()[: record.seed_bits])
    assert record.seed_sha256 == hashlib.sha256(used.data).hexdigest()


def test_the_layout_says_beforehand_how_long_a_seed_is_needed() -> None:
    layout = toeplitz_layout(10_000, min_entropy_per_bit=Fraction(3, 4), epsilon=1e-9, block_bits=1024)
    source, seed = random_bits(10_000), random_bits(layout.seed_bits)

    def extract(with_seed: Bits) -> Extraction:
        return toeplitz(source, with_seed, min_entropy_per_bit=Fraction(3, 4), epsilon=1e-9, block_bits=1024).extraction

    assert extract(seed).seed_bits == layout.seed_bits
    needed = rf"need {layout.seed_bits:,} bits \({-(-layout.seed_bits // 8)} bytes\)"
    with pytest.raises(RequestError, match=needed):
        extract(Bits.from_array(seed.to_array()[1:]))


def test_an_input_shorter_than_a_block_is_refused() -> None:
    with pytest.raises(RequestError, match="65,535 bits is shorter than one block of 65,536"):
        toeplitz(random_bits(65_535), random_bits(8), min_entropy_per_bit=1, epsilon=0.1)


def test_the_padding_of_the_last_byte_is_no_input() -> None:
    """15 bits take two bytes, and are no block of 16."""
    with pytest.raises(RequestError, match="15 bits is shorter than one block of 16"):
        toeplitz(random_bits(15), random_bits(99), min_entropy_per_bit=1, epsilon=0.1, block_bits=16)


def test_an_empty_output_says_what_would_give_a_bit() -> None:
    source, seed = random_bits(1024), random_bits(2048)
    with pytest.raises(RequestError, match=r"with 51\.2 bits of min-entropy gives no output .* where 64 bits"):
        toeplitz(source, seed, min_entropy_per_bit=0.05, epsilon=2.0**-32, block_bits=1024)
    enough = toeplitz(source, seed, min_entropy_per_bit=64 / 1024, epsilon=2.0**-32, block_bits=1024)
    assert enough.extraction.output_bits == 2  # 63 bits give 1


@pytest.mark.parametrize("block_bits", [0, -8, 4, 1001, MOST_BLOCK_BITS + 8])
def test_a_block_of_an_unusable_size_is_refused(block_bits: int) -> None:
    with pytest.raises(RequestError, match="give a multiple of 8 from 8 to 524,288"):
        toeplitz(random_bits(4096), random_bits(8192), min_entropy_per_bit=1, epsilon=0.1, block_bits=block_bits)


def test_what_is_not_packed_bits_is_refused() -> None:
    with pytest.raises(RequestError, match=r"not int64 of shape \(4,\)"):
        toeplitz(np.zeros(4, np.int64), random_bits(8), min_entropy_per_bit=1, epsilon=0.1)


def test_sums_that_may_be_wrong_are_never_rounded() -> None:
    assert whole_numbers(np.array([2.1, -0.2])).tolist() == [2, 0]
    for value in (3.25, 0.6, math.nan, math.inf):
        with pytest.raises(ExtractionError, match=r"off whole numbers by .* its output is not used"):
            whole_numbers(np.array([1.0, value]))


def test_memory_is_bounded_whatever_the_length(tmp_path: Path) -> None:
    """As floats, 96 million bits would take 768 MB."""
    path = tmp_path / "raw"
    path.write_bytes(bytes(12_000_000))
    source, seed = np.memmap(path, np.uint8, "r"), random_bits(2 * 65_536)
    tracemalloc.start()
    done = toeplitz(source, seed, min_entropy_per_bit=0.5, epsilon=1e-10)
    length = sum(len(piece) for piece in done.pieces)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert length == -(-done.extraction.output_bits // 8)
    assert peak < 100e6


def test_scipy_is_loaded_only_to_extract() -> None:
    probe = "import sys, qrng_hub.extractors; print('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True).stdout == "False\n"


def test_what_is_not_taken_to_the_end_ends() -> None:
    done = toeplitz(random_bits(64 * 40_000), random_bits(127), min_entropy_per_bit=1, epsilon=0.01, block_bits=64)
    pieces = done.pieces
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert list(pieces) == []
