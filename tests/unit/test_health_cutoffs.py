"""The cut-offs of SP 800-90B, section 4.4, and what they are worth, against sums in whole numbers."""

from fractions import Fraction
from math import comb, log2

import numpy as np
import numpy.typing as npt
import pytest

from qrng_hub.health.cutoffs import (
    WINDOW,
    claim_in_turn,
    least_refutable_bits,
    proportion_cutoff,
    proportion_level,
    repetition_cutoff,
    repetition_cutoff_in_turn,
    repetition_level,
)

Floats = npt.NDArray[np.float64]


def claims(*bits: float) -> Floats:
    return np.array(bits)


@pytest.mark.parametrize(
    ("exponent", "bits", "cutoff"),
    [(20, 1.0, 21), (20, 0.5, 41), (20, 0.1, 201), (30, 0.86, 36), (30, 0.95, 33), (30, 1.0, 31)],
)
def test_repetition_cutoffs_are_those_of_the_standard(exponent: int, bits: float, cutoff: int) -> None:
    assert repetition_cutoff(claims(bits), 2**-exponent).tolist() == [cutoff]


@pytest.mark.parametrize(
    ("exponent", "bits", "window", "cutoff"),
    [
        (20, 1.0, 1024, 589),
        (20, 0.9, 1024, 625),
        (20, 0.5, 1024, 793),
        (20, 8.0, 512, 13),
        (20, 4.0, 512, 62),
        (30, 0.86, 1024, 660),
        (30, 0.95, 1024, 627),
    ],
)
def test_proportion_cutoffs_are_those_of_the_standard(exponent: int, bits: float, window: int, cutoff: int) -> None:
    assert proportion_cutoff(claims(bits), 2**-exponent, window).tolist() == [cutoff]


@pytest.mark.parametrize("exponent", [20, 30, 40, 60])
@pytest.mark.parametrize("bits", [1.0, 0.97, 0.5, 0.08])
def test_a_proportion_cutoff_is_the_least_that_keeps_alpha_by_exact_sums(exponent: int, bits: float) -> None:
    cutoff = int(proportion_cutoff(claims(bits), 2**-exponent)[0])
    probability = Fraction(float(np.exp2(-bits)))
    assert binomial_tail(WINDOW, probability, cutoff) <= Fraction(1, 2**exponent)
    assert binomial_tail(WINDOW, probability, cutoff - 1) > Fraction(1, 2**exponent)


def test_the_stated_level_of_a_window_is_exact_and_at_most_a_fifth_above_alpha() -> None:
    bits = np.linspace(least_refutable_bits(2**-30), 1, 500)
    cutoffs = proportion_cutoff(bits, 2**-30)
    levels = proportion_level(bits, cutoffs)
    assert levels.max() < 1.2 * 2**-30
    for index in (0, 250, 499):
        # the first outcome always counts, so the others need one less
        exact = binomial_tail(WINDOW - 1, Fraction(float(np.exp2(-bits[index]))), int(cutoffs[index]) - 1)
        assert levels[index] == pytest.approx(float(exact), rel=1e-9)


def test_a_run_is_no_more_probable_than_alpha() -> None:
    bits = np.linspace(least_refutable_bits(2**-30), 1, 500)
    levels = repetition_level(bits, repetition_cutoff(bits, 2**-30))
    assert levels.max() <= 2**-30 * (1 + 1e-12)
    assert levels.min() > 2**-31.01


def test_a_claim_that_is_barely_testable_has_cutoffs_that_a_stuck_source_reaches_within_a_window() -> None:
    least = claims(least_refutable_bits(2**-30))
    assert repetition_cutoff(least, 2**-30)[0] <= WINDOW
    assert proportion_cutoff(least, 2**-30)[0] <= WINDOW
    assert repetition_cutoff(0.99 * least, 2**-30)[0] > WINDOW


@pytest.mark.parametrize("bits", [1.0, 0.9, 0.5, 0.1, 0.03])
@pytest.mark.parametrize("qubits", [1, 7, 156, 2000])
def test_equal_claims_in_turn_have_the_cutoffs_of_the_standard(bits: float, qubits: int) -> None:
    alike = np.full(qubits, bits)
    assert repetition_cutoff_in_turn(alike, 2**-30) == repetition_cutoff(claims(bits), 2**-30)[0]
    assert claim_in_turn(alike) == pytest.approx(bits, rel=1e-9)


def test_unequal_claims_in_turn_bound_every_run_and_every_window_wherever_they_begin() -> None:
    bits = np.random.default_rng(3).uniform(0.03, 1, 11)
    length = repetition_cutoff_in_turn(bits, 2**-30) - 1
    turns = np.tile(bits, 200)
    gained = [turns[start : start + length].sum() for start in range(11)]
    assert min(gained) >= 30 - 1e-6
    assert min(turns[start : start + length - 1].sum() for start in range(11)) < 30
    means = [np.exp2(-turns[start : start + WINDOW - 1]).mean() for start in range(11)]
    assert claim_in_turn(bits) == pytest.approx(-log2(max(means)), rel=1e-12)


def test_unequal_trials_exceed_a_cutoff_no_more_often_than_their_mean_would() -> None:
    """The sum of 1023 trials of unequal probabilities, convolved, against the level that is stated for their mean."""
    bits = np.random.default_rng(4).uniform(0.03, 1, 5)
    claim = claims(claim_in_turn(bits))
    cutoff = proportion_cutoff(claim, 2**-30)
    distribution = np.ones(1)
    for probability in np.exp2(-np.tile(bits, 205)[: WINDOW - 1]):
        distribution = np.convolve(distribution, [1 - probability, probability])
    assert distribution[cutoff[0] - 1 :].sum() <= proportion_level(claim, cutoff)[0]


def binomial_tail(trials: int, probability: Fraction, least: int) -> Fraction:
    """Sums P(X >= least) in whole numbers."""
    hit, all_ = probability.numerator, probability.denominator
    miss = all_ - hit
    total = sum(comb(trials, k) * hit**k * miss ** (trials - k) for k in range(least, trials + 1))
    return Fraction(total, all_**trials)
