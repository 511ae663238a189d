"""The tests by Fourier transform against sums written out, exact tails and every arrangement of a few outcomes."""

import itertools
from collections import Counter, defaultdict

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special

from qrng_hub.bits import pack_shots, transpose_shots
from qrng_hub.health import transforms
from qrng_hub.health.clusters import heaviest_independent, parts, reduced
from qrng_hub.health.correlation import apart_bits
from qrng_hub.health.rows import are_sorted, strongest_copy
from qrng_hub.health.spectrum import drift_bits, lag_bits, lines_of, lowest_bits, powers_of, spectrum_bits
from qrng_hub.health.transforms import in_frequency, stretches, summed_powers

Outcomes = npt.NDArray[np.uint8]
CUTOFF = 42.0
"""Bits that chance gives one of some hundred qubits with a probability of 2^-35 or less."""


def fair(shots: int, qubits: int = 1, seed: int = 1) -> Outcomes:
    return np.random.default_rng(seed).integers(0, 2, (qubits, shots), np.uint8)


def packed(outcomes: Outcomes) -> Outcomes:
    return np.packbits(outcomes, axis=1)


@pytest.mark.parametrize("shots", [7, 8, 45, 64])
def test_a_line_is_the_transform_written_out(shots: int) -> None:
    outcomes = fair(shots, 3)
    lines = lines_of(powers_of(outcomes), shots)
    assert lines.shape == (3, shots // 2)
    for line in range(1, shots // 2 + 1):
        turns = np.exp(-2j * np.pi * line * np.arange(shots) / shots)
        power = 4 * np.abs(outcomes @ turns) ** 2 / shots / (2 if 2 * line == shots else 1)
        assert lines[:, line - 1] == pytest.approx(power, abs=1e-4)


@pytest.mark.parametrize("p_one", [0.5, 0.3, 0.05])
@pytest.mark.parametrize("shots", [100, 101, 1024])
def test_bounds_of_the_spectrum_and_of_drift_hold_at_every_bias(p_one: float, shots: int) -> None:
    """Of 4,000 qubits no more than so many exceed a level; the count of a bound that is just met strays by 5 sigma."""
    qubits = 4000
    outcomes = (np.random.default_rng([3, shots]).random((qubits, shots)) < p_one).astype(np.uint8)
    lines = lines_of(powers_of(outcomes), shots)
    for bits in (spectrum_bits(lines), drift_bits(lines)):
        for level in (1, 3, 6, 9):
            most = qubits * 2.0**-level
            assert np.count_nonzero(bits >= level) <= most + 5 * most**0.5 + 1


@pytest.mark.parametrize("lines", [1, 2, 8, 64])
def test_the_tail_of_the_lowest_lines_is_above_the_exact_one_of_normal_noise(lines: int) -> None:
    power = lines + np.array([1.0, 5.0, 20.0, 60.0])
    exact = -np.log2(special.gammaincc(lines, power))
    bits = lowest_bits(power, lines)
    assert (bits <= exact).all()
    assert (bits >= exact - 8).all()


@pytest.mark.parametrize("lag", range(1, 12))
def test_the_tail_of_a_lag_is_above_that_of_every_arrangement(lag: int) -> None:
    """Of all arrangements of so many ones among 13 outcomes at most 2^-b have b bits; a third more at short lags."""
    size = 13
    seen: dict[int, Counter[float]] = defaultdict(Counter)
    for ones in range(2, size - 1):
        for places in itertools.combinations(range(size), ones):
            outcomes = np.zeros(size, np.uint8)
            outcomes[list(places)] = 1
            seen[ones][lag_bits(outcomes, lag)] += 1
    for counts in seen.values():
        total = sum(counts.values())
        for bits in counts:
            share = sum(count for other, count in counts.items() if other >= bits) / total
            assert bits == 0 or share <= 2.0**-bits * (1 + 1e-9 if 2 * lag >= size else 4 / 3)


def test_a_word_that_repeats_a_drift_and_a_late_memory_are_each_found_by_their_own_test() -> None:
    shots, rng = 4096, np.random.default_rng(5)
    outcomes = fair(shots, 5, seed=6)
    outcomes[1] = np.resize(np.array([1, 0, 0, 1, 1, 0, 1], np.uint8), shots)
    outcomes[2] = rng.random(shots) < np.linspace(0.3, 0.7, shots)
    outcomes[3, 700:] = np.where(rng.random(shots - 700) < 0.4, outcomes[3, :-700], outcomes[3, 700:])
    found = in_frequency(packed(outcomes), shots, CUTOFF)
    assert np.flatnonzero(found.spectrum > CUTOFF).tolist() == [1, 2]
    assert np.flatnonzero(found.drift > CUTOFF).tolist() == [2]
    assert {1, 3} <= set(np.flatnonzero(found.memory > CUTOFF).tolist())
    assert found.memory[[0, 4]].max() < 12


def test_an_alternating_qubit_is_found_though_its_line_has_no_phase() -> None:
    outcomes = np.tile(np.array([[0, 1]], np.uint8), 512)
    assert spectrum_bits(lines_of(powers_of(outcomes), 1024))[0] > 600


def test_rare_ones_that_come_in_twos_far_apart_are_found_exactly() -> None:
    outcomes = (np.random.default_rng(8).random((1, 8192)) < 0.01).astype(np.uint8)
    outcomes[0, 333:] |= outcomes[0, :-333].copy()
    assert in_frequency(packed(outcomes), 8192, CUTOFF).memory[0] > 200


def test_a_long_block_is_tested_in_stretches_of_whole_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "LONGEST", 1000)
    cut = stretches(3003)
    assert [(one.start, one.stop) for one in cut] == [(0, 744), (744, 1488), (1488, 2232), (2232, 3003)]
    outcomes = fair(3003, 3)
    outcomes[1, 744:1488] = np.resize(np.array([1, 0, 0], np.uint8), 744)
    found = in_frequency(packed(outcomes), 3003, CUTOFF)
    (alone,) = spectrum_bits(lines_of(powers_of(outcomes[1:2, 744:1488]), 744))
    assert found.spectrum[1] == pytest.approx(alone - 2, rel=1e-5)
    assert found.spectrum[[0, 2]].max() < 10


@pytest.mark.parametrize("shots", [1024, 1025, 5000])
def test_copied_shots_are_found_and_independent_ones_are_not(shots: int) -> None:
    outcomes = fair(shots, 20, seed=shots)
    shares = np.full(20, 0.5)
    whole = slice(0, shots)
    assert strongest_copy(summed_powers(packed(outcomes), whole), shots, shares)[0] < 12
    outcomes[:, -shots // 4 :] = outcomes[:, -shots // 4 - 300 : -300]
    bits, lag = strongest_copy(summed_powers(packed(outcomes), whole), shots, shares)
    assert bits > 100
    assert lag == 300


def test_copied_shots_are_the_sum_over_qubits_written_out() -> None:
    shots, outcomes = 200, fair(200, 4)
    centred = outcomes - outcomes.mean(axis=1, keepdims=True)
    sums = [4 * np.sum(centred[:, lag:] * centred[:, :-lag]) for lag in range(2, shots - 63)]
    variances = [4 * (shots - lag) for lag in range(2, shots - 63)]
    bits = np.square(sums) / (2 * np.array(variances)) / np.log(2) - 1 - np.log2(len(sums))
    most, lag = strongest_copy(summed_powers(packed(outcomes), slice(0, shots)), shots, np.full(4, 0.5))
    assert most == pytest.approx(max(0.0, bits.max()), abs=1e-4)
    assert lag == 2 + int(np.argmax(bits))


def test_a_qubit_that_copies_another_a_shot_late_is_found_with_the_direction() -> None:
    shots = 1024
    outcomes = fair(shots, 6, seed=9)
    outcomes[4, 1:] = outcomes[2, :-1]
    bits = apart_bits(packed(outcomes), shots)
    assert bits[4, 2] == pytest.approx(1018, abs=4)  # -log2 of twice 1 / C(1023, 511)
    bits[4, 2] = 0
    assert bits.max() < 16


@pytest.mark.parametrize("qubits", [1, 3, 11, 40])
def test_sorted_shots_are_told_from_measured_ones(qubits: int) -> None:
    table = np.ascontiguousarray(fair(5000, qubits).T)
    table = table[np.lexsort(table.T[::-1])]
    for rows in (table, table[::-1], table[:, ::-1]):
        assert are_sorted(pack_shots(np.ascontiguousarray(rows)))
    assert not are_sorted(pack_shots(np.random.default_rng(1).permutation(table)))
    assert not are_sorted(pack_shots(table * 0))


def test_columns_are_of_the_qubits_of_a_block() -> None:
    table = np.ascontiguousarray(fair(1000, 9).T)
    assert np.array_equal(transpose_shots(pack_shots(table), 9), packed(table.T))


def test_parts_of_a_graph_their_reduction_and_what_is_worth_the_most_in_them() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (8, 9)]
    assert parts(pairs) == [{0, 1, 2, 3, 4}, {8, 9}]
    worth = dict.fromkeys(range(10), 1.0)
    star = [(0, other) for other in range(1, 8)] + [(8, 9)]
    assert reduced(star, worth) == [(8, 9)]
    complete = list(itertools.combinations(range(9), 2))
    left = reduced(complete, worth | {3: 0.1, 4: 0.2, 5: 0.3})
    assert parts(left) == [{0, 1, 2, 6, 7, 8}]
    assert heaviest_independent(range(5), pairs, worth) == (0, 2, 4)
    assert heaviest_independent(range(5), pairs, worth | {1: 2.0, 3: 2.0}) == (1, 3)
