"""The tail bound against every table of a small population, and the statistics against plain counting."""

from itertools import product
from math import comb, log2

import numpy as np
import pytest

from qrng_hub.bits import count_ones, pack_shots, transpose_shots
from qrng_hub.health.correlation import lag_one_bits, pair_bits, tail_bits
from qrng_hub.health.streams import Scan, column, interleaved, scan


def exact_tail_bits(seen: int, population: int, successes: int, draws: int) -> float:
    terms = [comb(successes, k) * comb(population - successes, draws - k) for k in range(draws + 1)]
    side = sum(terms[: seen + 1]) if seen * population < successes * draws else sum(terms[seen:])
    return max(0.0, log2(comb(population, draws)) - log2(side) - 1)


def test_the_tail_is_bounded_on_every_table_of_thirty_shots() -> None:
    for successes, draws in product(range(0, 31, 3), range(0, 31, 3)):
        for seen in range(max(0, draws + successes - 30), min(successes, draws) + 1):
            one = np.array([seen]), 30, np.array([successes]), np.array([draws])
            assert tail_bits(*one)[0] <= exact_tail_bits(seen, 30, successes, draws) + 1e-9


def test_far_out_the_bound_is_within_a_fifth_of_a_bit_of_the_exact_tail() -> None:
    for seen in (600, 700, 400, 300):
        (bits,) = tail_bits(np.array([seen]), 2000, np.array([1000]), np.array([1000]))
        exact = exact_tail_bits(seen, 2000, 1000, 1000)
        assert bits > 50
        assert exact - 0.2 < bits <= exact + 1e-6


def test_the_number_of_runs_is_hypergeometric() -> None:
    """All arrangements of 4 ones among 9 shots, counted."""
    arrangements = [bits for bits in product([0, 1], repeat=9) if sum(bits) == 4]
    for bits in arrangements:
        (seen,) = (scan(iter([np.array(bits, np.uint8)])),)
        (result,) = lag_one_bits(np.array([seen.first]), np.array([seen.runs]), np.array([4]), 9)
        groups = runs_of_ones(bits)
        alike = [runs_of_ones(other) for other in arrangements]
        side = sum(g <= groups for g in alike) if groups < 4 * 6 / 9 else sum(g >= groups for g in alike)
        assert result <= max(0.0, -log2(2 * side / len(alike))) + 1e-9


def runs_of_ones(bits: tuple[int, ...]) -> int:
    return sum(bit and not before for before, bit in zip((0, *bits), bits, strict=False))


@pytest.mark.parametrize("bit", [0, 1])
def test_a_qubit_that_never_changes_has_no_correlation_to_test(bit: int) -> None:
    assert lag_one_bits(np.array([bit]), np.array([1]), np.array([bit * 2000]), 2000).tolist() == [0.0]


def test_pairs_are_listed_row_by_row_and_counted_shot_by_shot() -> None:
    outcomes = np.random.default_rng(8).integers(0, 2, (1003, 5), dtype=np.uint8)
    outcomes[:, 4] = outcomes[:, 1]
    packed = pack_shots(outcomes)
    bits = pair_bits(transpose_shots(packed, 5), count_ones(packed, 5), 1003)
    both = [(int((outcomes[:, i] & outcomes[:, j]).sum()), i, j) for i in range(5) for j in range(i + 1, 5)]
    ones = outcomes.sum(axis=0, dtype=np.int64)
    expected = [tail_bits(np.array([n]), 1003, ones[[i]], ones[[j]])[0] for n, i, j in both]
    assert bits.tolist() == pytest.approx(expected)
    assert int(np.argmax(bits)) == 6  # (1, 4) is the seventh pair
    assert bits[6] > 900


def test_chance_exceeds_so_many_bits_no_more_often_than_stated() -> None:
    """12,090 pairs of 156 fair qubits; more than 90 of them over 2^-8 would be a deviation of six sigma upwards."""
    packed = np.random.default_rng(11).integers(0, 256, (4096, 20), dtype=np.uint8)
    packed[:, -1] &= 0xF0
    bits = pair_bits(transpose_shots(packed, 156), count_ones(packed, 156), 4096)
    assert bits.size == 12_090
    assert 10 < (bits >= 8).sum() < 90  # 47 expected of an exact tail


@pytest.mark.parametrize("size", [1, 1023, 1024, 2048, 5000])
def test_a_stream_in_pieces_is_counted_like_a_whole_one(size: int) -> None:
    bits = np.random.default_rng(size).integers(0, 2, size, dtype=np.uint8)
    bits[: size // 3] = 1  # a run over the borders of pieces
    pieces = [bits[start : start + 1024] for start in range(0, size, 1024)]
    assert scan(iter(pieces)) == scan(iter([bits])) == counted_plainly(bits.tolist())


def counted_plainly(bits: list[int]) -> Scan:
    run = longest = runs = 0
    before = None
    for bit in bits:
        run = run + 1 if bit == before else 1
        runs += run == 1
        longest, before = max(longest, run), bit
    windows = [bits[start : start + 1024] for start in range(0, len(bits) - 1023, 1024)]
    return Scan(len(bits), bits[0], runs, longest, max((w.count(w[0]) for w in windows), default=0))


def test_columns_and_rows_are_streamed_in_their_order_however_many_pieces_they_take() -> None:
    outcomes = np.random.default_rng(2).integers(0, 2, (1_100_003, 3), dtype=np.uint8)
    packed = pack_shots(outcomes)
    columns = transpose_shots(packed, 3)
    for number in range(3):
        assert (np.concatenate([*column(columns[number], 1_100_003)]) == outcomes[:, number]).all()
    chosen = np.array([0, 2])
    pieces = [*interleaved(packed, 3, chosen)]
    assert len(pieces) > 1
    assert all(piece.size % 1024 == 0 for piece in pieces[:-1])
    assert (np.concatenate(pieces) == outcomes[:, chosen].reshape(-1)).all()
