"""Crediting against exact sums, brute force over the rates, and the published calibrations of three devices."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import product
from math import comb, log2

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng_hub.protocols.crediting import (
    EPSILON_CREDIT,
    CountedReadout,
    Counts,
    PublishedReadout,
    Readout,
    credit_calibrated,
    credit_counts,
    credit_qubits,
    readout_bits,
    upper_bound,
)
from qrng_hub_ibm.snapshots import snapshot

Reals = npt.NDArray[np.float64]


def counts(*ones: int, shots: int) -> Counts:
    return Counts(np.array(ones, np.int64), shots)


def likelihood_of(those: Iterable[int], trials: int, probability: Fraction) -> Fraction:
    """Sums the binomial probabilities of so many successes in whole numbers."""
    hit, every = probability.as_integer_ratio()
    ways = sum(comb(trials, k) * hit**k * (every - hit) ** (trials - k) for k in those)
    return Fraction(ways, every**trials)


# The bound on one probability


@pytest.mark.parametrize("exponent", [5, 32, 40, 60])
@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (0, 1000), (497, 1000), (700, 1000)])
def test_at_the_bound_so_few_successes_have_probability_epsilon(successes: int, trials: int, exponent: int) -> None:
    """The binomial tail at the bound, summed in whole numbers."""
    (bound,) = upper_bound(np.array([successes]), trials, 2.0**-exponent)
    tail = likelihood_of(range(successes + 1), trials, Fraction(float(bound)))
    assert float(tail) == pytest.approx(2.0**-exponent, rel=1e-9)


def test_nothing_but_successes_is_bounded_by_one() -> None:
    assert upper_bound(np.array([10]), 10, 1e-9).tolist() == [1.0]


# Counts alone


def test_a_qubit_is_credited_its_bound_at_its_share_of_epsilon() -> None:
    """600 of 1000 at (1/4) / 2: the p at which 600 or fewer ones have probability 1/8."""
    bits = credit_counts(counts(600, 400, shots=1000), 1 / 4)
    assert bits[0] == bits[1]
    bound = Fraction(float(2 ** -bits[0]))
    tail = likelihood_of(range(601), 1000, bound)
    assert float(tail) == pytest.approx(1 / 8, rel=1e-9)


@pytest.mark.parametrize("shots", [1, 7, 30])
@pytest.mark.parametrize("epsilon", [0.3, 0.05])
def test_counts_credit_too_much_in_no_more_than_epsilon_of_all_experiments(shots: int, epsilon: float) -> None:
    """The exact probability, for every p on a grid: all of epsilon on either side is enough."""
    credited = [credit_counts(counts(ones, shots=shots), epsilon)[0] for ones in range(shots + 1)]
    worst = Fraction(0)
    for p in (Fraction(k, 200) for k in range(201)):
        true = -log2(max(p, 1 - p)) if p not in (0, 1) else 0.0
        wrong = likelihood_of((k for k, bits in enumerate(credited) if bits > true + 1e-12), shots, p)
        worst = max(worst, wrong)
    assert worst <= Fraction(epsilon)
    assert worst > Fraction(epsilon) / 3 or shots == 1  # not merely because nothing is credited


def test_qubits_are_never_pooled() -> None:
    """One stuck at 0 and one stuck at 1 give as many ones as zeros."""
    assert credit_counts(counts(0, 100_000, shots=100_000)).tolist() == pytest.approx([0, 0], abs=1e-3)
    fair, stuck = credit_counts(counts(50_000, 100_000, shots=100_000))
    assert 0.93 < fair < 1
    assert stuck == 0


def test_more_qubits_have_smaller_shares_of_epsilon() -> None:
    alone = credit_counts(counts(2048, shots=4096))[0]
    among = credit_counts(counts(*[2048] * 156, shots=4096))
    assert (among == among[0]).all()
    assert among[0] == credit_counts(counts(2048, shots=4096), EPSILON_CREDIT / 156)[0] < alone


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.floats(1e-15, 0.4))
def test_no_credit_is_above_what_the_counts_show_or_blind_to_sign(shots: int, ones: int, epsilon: float) -> None:
    ones = min(ones, shots)
    bits = credit_counts(counts(ones, shots - ones, shots=shots), epsilon)
    shown = -log2(max(ones, shots - ones) / shots)
    assert 0 <= bits[0] == bits[1] <= shown + 1e-12


# Readout noise


def guess(q: Reals, e0: Reals, e1: Reals) -> Reals:
    return (1 - e0 - e1) * np.maximum(q, 1 - q) + e0 + e1


def test_readout_noise_leaves_what_the_best_use_of_it_leaves() -> None:
    """A readout that keeps the bit, sets it to 0 or to 1, or flips it, each so often that e0 and e1 come out.

    An adversary who knows which of the four it is guesses as below; over all mixtures the most is the formula.
    """
    for q, e0, e1 in product([0.5, 0.6, 0.1], [0.0, 0.05, 0.3], [0.0, 0.1, 0.4]):
        flipping = np.linspace(0, min(e0, e1), 50)
        set_to_one, set_to_zero = e0 - flipping, e1 - flipping
        kept = 1 - flipping - set_to_one - set_to_zero
        best = ((kept + flipping) * max(q, 1 - q) + set_to_one + set_to_zero).max()
        assert readout_bits(q, e0, e1) == pytest.approx(-log2(best))


@pytest.mark.parametrize(
    ("device", "qubits", "bits_per_shot"), [("brussels", 127, 111.1), ("cusco", 127, 80.7), ("marrakesh", 156, 145.1)]
)
def test_published_calibrations_leave_the_known_bits_per_shot(device: str, qubits: int, bits_per_shot: float) -> None:
    e0, e1 = published(device)
    assert e0.size == qubits
    assert readout_bits(0.5, e0, e1).sum() == pytest.approx(bits_per_shot, abs=0.05)


def test_pooling_would_over_credit_cusco_by_28_per_cent() -> None:
    e0, e1 = published("cusco")
    ones = (1 + e0 - e1) / 2
    per_qubit = -np.log2(np.maximum(ones, 1 - ones)).sum()
    pooled = -ones.size * log2(max(ones.mean(), 1 - ones.mean()))
    assert pooled / per_qubit == pytest.approx(1.279, abs=5e-4)


def published(device: str) -> tuple[Reals, Reals]:
    flips = [(entry.flip_0_to_1, entry.flip_1_to_0) for entry in snapshot(device).backend.calibration]
    return np.array(flips).T[0], np.array(flips).T[1]


def test_many_shots_of_a_calibration_come_near_to_rates_that_are_known_exactly() -> None:
    shots = 10**12
    known = readout_bits(0.5, 0.02, 0.04)
    outcomes = counts(shots * 49 // 100, shots=shots)  # 0.02 + (1 - 0.06) / 2
    readout = CountedReadout(counts(shots // 50, shots=shots), counts(shots * 24 // 25, shots=shots))
    assert known - 1e-4 < credit_calibrated(outcomes, readout)[0] < known
    given_rates = PublishedReadout(np.array([0.02]), np.array([0.04]))
    assert credit_calibrated(outcomes, readout)[0] < credit_calibrated(outcomes, given_rates)[0] < known


def test_the_calibrated_bound_is_the_worst_of_the_whole_box_of_rates() -> None:
    """Brute force: p, e0 and e1 on a grid over their intervals, q solved from them, the formula of P_guess on each."""
    rng = np.random.default_rng(21)
    for _ in range(40):
        low, width = rng.uniform(0.3, 0.6), rng.uniform(0, 0.1)
        e0_top, e1_top = rng.uniform(0, 0.25, 2)
        p, e0, e1 = np.meshgrid(
            np.linspace(low, low + width, 41), np.linspace(0, e0_top, 41), np.linspace(0, e1_top, 41)
        )
        q = (p - e0) / (1 - e0 - e1)
        possible = (q >= 0) & (q <= 1)
        worst = guess(q, e0, e1)[possible].max()
        assert worst == pytest.approx(max(1 - low + e0_top, low + width + e1_top), abs=1e-12)


def test_each_rate_has_half_of_a_qubits_share_of_epsilon() -> None:
    readout = CountedReadout(counts(20, 5, shots=500), counts(470, 499, shots=500))
    bits = credit_calibrated(counts(600, 420, shots=1000), readout, 0.2)
    zero, one = bounds(400, 580, 1000, 0.05), bounds(600, 420, 1000, 0.05)
    e0, e1 = bounds(20, 5, 500, 0.05), bounds(30, 1, 500, 0.05)
    assert (2**-bits).tolist() == pytest.approx([one[0] + e1[0], zero[1] + e0[1]])


def bounds(first: int, second: int, trials: int, epsilon: float) -> list[float]:
    return [float(bound) for bound in upper_bound(np.array([first, second]), trials, epsilon)]


def test_calibration_credits_too_much_in_no_more_than_epsilon_of_all_experiments() -> None:
    """The exact probability, over all counts of 40 shots and of 16 in each calibration circuit, for many true rates."""
    ones, zero, one = (grid.ravel() for grid in np.meshgrid(np.arange(41), np.arange(17), np.arange(17)))
    experiments = np.stack([ones, zero, one], axis=1).tolist()
    credited = np.array([credited_alone(*experiment) for experiment in experiments])
    wrong = []
    for q, e0, e1 in product([0.5, 0.8, 0.05], [0.0, 0.1, 0.45], [0.0, 0.05, 0.3, 0.8]):
        p = e0 + (1 - e0 - e1) * q
        likelihood = pmf(40, p)[ones] * pmf(16, e0)[zero] * pmf(16, 1 - e1)[one]
        assert likelihood.sum() == pytest.approx(1)
        wrong.append(likelihood[credited > readout_bits(q, e0, e1) + 1e-12].sum())
    assert max(wrong) <= 0.1
    assert max(wrong) > 0.001  # not merely because nothing is credited; two intervals at their worst ends are cautious


def credited_alone(ones: int, zero: int, one: int) -> float:
    readout = CountedReadout(counts(zero, shots=16), counts(one, shots=16))
    return float(credit_calibrated(counts(ones, shots=40), readout, 0.1)[0])


def pmf(trials: int, probability: float) -> Reals:
    k = np.arange(trials + 1)
    ways = np.array([comb(trials, one) for one in range(trials + 1)], np.float64)
    likelihood: Reals = ways * probability**k * (1 - probability) ** (trials - k)
    return likelihood


def test_a_readout_that_may_be_no_better_than_chance_is_credited_nothing() -> None:
    """Of 1000 ones read from 1000 shots of |0> and 0 from |1>, and of rates that add up to 1."""
    outcomes = counts(500, 500, shots=1000)
    upside_down = CountedReadout(counts(1000, 500, shots=1000), counts(0, 500, shots=1000))
    assert credit_calibrated(outcomes, upside_down).tolist() == [0, 0]
    assert readout_bits(0.5, 0.6, 0.4) == 0 == readout_bits(0.5, 0.7, 0.4)


def test_few_shots_of_a_calibration_lower_the_credit() -> None:
    outcomes = counts(50_000, shots=100_000)
    bits = [
        credit_calibrated(outcomes, CountedReadout(counts(0, shots=shots), counts(shots, shots=shots)))[0]
        for shots in (10, 100, 1000, 10_000, 100_000)
    ]
    assert bits[0] == 0
    assert bits == sorted(bits)
    assert bits[-1] < credit_counts(outcomes)[0]


# What is credited in the end


def test_the_smallest_of_all_values_counts_qubit_by_qubit() -> None:
    outcomes = counts(50_000, 50_000, 70_000, shots=100_000)
    readout = PublishedReadout(np.array([0.0, 0.1, 0.0]), np.array([0.0, 0.1, 0.0]))
    credit = credit_qubits(outcomes, readout, [0.5, 0.9, 0.9])
    counted, calibrated = credit_counts(outcomes), credit_calibrated(outcomes, readout)
    assert credit.counted_bits_per_qubit == tuple(counted)
    assert credit.calibrated_bits_per_qubit == tuple(calibrated)
    assert credit.estimated_bits_per_qubit == (0.5, 0.9, 0.9)
    assert credit.credited_bits_per_qubit == (0.5, calibrated[1], calibrated[2])
    assert credit.credited_bits_per_shot == pytest.approx(0.5 + calibrated[1] + calibrated[2])
    assert credit.epsilon == EPSILON_CREDIT


def test_without_calibration_the_credit_says_that_noise_is_taken_as_unknown() -> None:
    credit = credit_qubits(counts(2048, shots=4096))
    assert credit.calibrated_bits_per_qubit is None
    assert credit.estimated_bits_per_qubit is None
    assert credit.credited_bits_per_qubit == credit.counted_bits_per_qubit
    assert credit.assumptions[-1] == "nobody knows more of a qubit's readout noise than its outcomes show"


def test_estimates_of_other_qubits_are_refused() -> None:
    with pytest.raises(ValueError, match="estimates of 2 qubits"):
        credit_qubits(counts(2048, shots=4096), estimated_bits_per_qubit=[0.9, 0.9])


@pytest.mark.parametrize(
    "readout",
    [
        PublishedReadout(np.zeros(2), np.zeros(2)),
        CountedReadout(counts(1, 2, shots=10), counts(9, shots=10)),
        CountedReadout(counts(1, shots=10), counts(9, 9, shots=10)),
    ],
)
def test_a_calibration_of_other_qubits_is_refused(readout: Readout) -> None:
    with pytest.raises(ValueError, match="calibrate the qubits that were measured"):
        credit_calibrated(counts(2048, shots=4096), readout)


@pytest.mark.parametrize("rate", [-0.01, 1.01, float("nan")])
def test_a_published_rate_that_is_no_probability_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        PublishedReadout(np.array([0.1, rate]), np.array([0.1, 0.1]))


@pytest.mark.parametrize(("ones", "shots"), [(-1, 10), (11, 10), (0, 0)])
def test_counts_that_cannot_be_are_refused(ones: int, shots: int) -> None:
    with pytest.raises(ValueError, match=f"{shots} shots of a qubit give from 0 to {shots} ones"):
        counts(ones, shots=shots)


@pytest.mark.parametrize("epsilon", [0.0, 1.0, float("nan")])
def test_an_epsilon_that_is_no_probability_of_error_is_refused(epsilon: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        credit_counts(counts(5, shots=10), epsilon)
