"""Source-independent, Mermin and random-circuit bounds, held against values derived apart from this code."""

import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from qrng_hub.certificates import Epsilons, Level
from qrng_hub.certificates.mermin import (
    bits_per_round,
    certify_mermin,
    guessing_probability,
    largest_deviation,
    losing_probability,
    losing_probability_at_most,
    mermin_bits,
)
from qrng_hub.certificates.rcs import (
    Samples,
    certify_random_circuits,
    entropy_of_ideal_samples,
    quantum_samples,
    read_samples,
)
from qrng_hub.certificates.source_independent import (
    BasisCounts,
    certify_source_independent,
    extractable_bits,
    serfling_deviation,
    smooth_min_entropy,
)
from qrng_hub.errors import RequestError
from qrng_hub.extractors.dodis import dodis_bits, dodis_markov_bits

NANO = Epsilons.both(1e-9)


def test_two_bases_give_the_known_answers() -> None:
    assert serfling_deviation(10**6, 10**5, 1e-9) == pytest.approx(0.015098, abs=5e-7)
    assert smooth_min_entropy(BasisCounts(10**6, 10**5, 2000), 1e-9) == pytest.approx(780_652.2, abs=0.05)
    assert smooth_min_entropy(BasisCounts(10**6, 10**4, 0), 1e-9) == pytest.approx(731_929.3, abs=0.05)


def test_hashing_takes_its_loss_off_what_is_certified() -> None:
    counts = BasisCounts(10**6, 10**5, 2000)
    certificate = certify_source_independent(counts, 1e-9)
    assert certificate.certified_bits == smooth_min_entropy(counts, 1e-9)
    assert certificate.quantities["extractable_bits"] == extractable_bits(counts, 1e-9)
    assert certificate.certified_bits - extractable_bits(counts, 1e-9) == pytest.approx(2 * math.log2(1e9) - 2)


def test_half_of_the_x_outcomes_wrong_certify_nothing() -> None:
    for errors in (48, 50, 100):
        assert certify_source_independent(BasisCounts(10**6, 100, errors), 1e-9).certified_bits == 0


def test_groups_are_what_is_sampled_when_a_basis_is_drawn_for_each() -> None:
    shots, groups = BasisCounts(10**6, 10**5, 2000), BasisCounts(10**6, 10**5, 2000, 1000, 100)
    assert smooth_min_entropy(groups, 1e-9) < smooth_min_entropy(shots, 1e-9)
    single = BasisCounts(10**6, 10**5, 2000, 10**6, 10**5)
    assert smooth_min_entropy(single, 1e-9) == smooth_min_entropy(shots, 1e-9)
    certificate = certify_source_independent(groups, 1e-9)
    assert certificate.quantities["phase_error_deviation"] == serfling_deviation(1000, 100, 1e-9)
    assert "group of shots" in certificate.setting_origin
    assert any("group of equally many shots" in one for one in certificate.assumptions)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((0, 10, 0), "measure at least one in each"),
        ((10, 0, 0), "measure at least one in each"),
        ((10, 10, 11), "10 systems in X cannot give 11 errors"),
        ((10, 10, -1), "cannot give -1 errors"),
        ((10, 10, 1, 5), "give both numbers of groups"),
        ((100, 10, 1, 10, 2), "not groups of equally many"),
        ((100, 10, 1, 0, 0), "not groups of equally many"),
    ],
)
def test_counts_that_contradict_one_another_are_refused(counts: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        BasisCounts(*counts)


@pytest.mark.parametrize(("score", "bits"), [(2.98, 0.3511), (3.15, 0.4414), (3.5, 0.6911), (3.9, 1.2990)])
def test_a_mermin_value_is_worth_what_the_paper_gives_at_rate_095(score: float, bits: float) -> None:
    assert bits_per_round(score, 0.95) == pytest.approx(bits, abs=5e-5)


@pytest.mark.parametrize(("score", "deviation"), [(2.98, 0.1005), (3.15, 0.1241), (3.5, 0.1850), (3.9, 0.3158)])
def test_the_weakest_source_is_where_nothing_is_left(score: float, deviation: float) -> None:
    assert largest_deviation(score) == pytest.approx(deviation, abs=5e-5)
    rate = -math.log2(0.5 + largest_deviation(score))
    assert bits_per_round(score, rate * 0.999) == 0 < bits_per_round(score, rate * 1.001)


def test_guessing_agrees_with_semidefinite_programming_for_uniform_settings() -> None:
    """The two values are of a semidefinite program that was solved apart from this code."""
    assert guessing_probability(losing_probability(3.15)) == pytest.approx(0.7105, abs=5e-5)
    assert guessing_probability(losing_probability(2.8)) == pytest.approx(0.8, abs=1e-9)
    assert guessing_probability(losing_probability(4)) == 0.25
    assert guessing_probability(losing_probability(2)) == 1


def test_guessing_is_concave_as_finite_statistics_need_it() -> None:
    guesses = np.array([guessing_probability(losing) for losing in np.linspace(0, 0.14, 2001)])
    assert (np.diff(guesses, 2) < 1e-12).all()
    assert (np.diff(guesses) >= 0).all()


def test_two_source_extraction_of_a_mermin_run_gives_the_known_lengths() -> None:
    """10^6 raw bits, two a round, at M = 3.15 and r = 0.95, with an epsilon of 5e-31 (arXiv:2402.09481)."""
    length = 10**6
    min_entropy = Fraction(bits_per_round(3.15, 0.95) / 2 * length) + Fraction(0.95) * length
    assert dodis_bits(min_entropy, length, Fraction(5e-31)) == 170_495
    assert dodis_markov_bits(min_entropy, length, Fraction(5e-31)) == 33_978


def test_finite_rounds_certify_less_and_in_the_limit_as_much() -> None:
    limit = bits_per_round(3.15, 0.95)
    rates = [mermin_bits(10**power, 3.15, 0.95, NANO) / 10**power for power in range(3, 11)]
    assert rates[0] == 0
    assert all(fewer <= more < limit for fewer, more in itertools.pairwise(rates))
    assert rates[-1] > 0.999 * limit


def test_the_bound_on_losing_is_chernoffs_and_covers() -> None:
    """It is too low in at most 1 % of runs of 1,000 rounds: the binomial tail says how often, exactly."""
    for losing in (0.01, 0.05, 0.2):
        bounds = np.array([losing_probability_at_most(count / 1000, 1000, math.log2(100)) for count in range(301)])
        assert (np.diff(bounds) > 0).all()
        assert stats.binom.cdf(int((bounds < losing).sum()) - 1, 1000, losing) <= 0.01
    assert losing_probability_at_most(0, 1000, math.log2(100)) == pytest.approx(1 - 0.01 ** (1 / 1000), rel=1e-6)
    assert losing_probability_at_most(1, 1000, 7) == 1


def test_a_mermin_certificate_says_what_it_rests_on() -> None:
    certificate = certify_mermin(10**6, 3.15, 0.95, NANO)
    assert (certificate.level, certificate.side_information) == ("L5", "classical")
    assert certificate.quantities["raw_bits"] == 2 * 10**6
    assert certificate.quantities["bits_per_round_without_finite_statistics"] == pytest.approx(0.4414, abs=5e-5)
    assert "rate 0.95" in certificate.setting_origin


@pytest.mark.parametrize(
    ("score", "rate", "sentence"),
    [(4.1, 1, "from 0 to 4"), (-1, 1, "from 0 to 4"), (3, 0, "source of rate 0"), (3, 1.1, "source of rate 1.1")],
)
def test_numbers_that_no_mermin_game_has_are_refused(score: float, rate: float, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        mermin_bits(1000, score, rate, NANO)


def ideal(qubits: int, count: int, seed: int = 1) -> Samples:
    """Bitstrings of a flawless quantum computer: 2^q p is Gamma(2)."""
    return Samples(qubits, np.random.default_rng(seed).gamma(2, 1, count) / 2.0**qubits)


def test_flawless_samples_score_1_and_uniform_ones_0() -> None:
    assert ideal(40, 10**5).score == pytest.approx(1, abs=0.03)
    uniform = Samples(40, np.random.default_rng(2).exponential(1, 10**5) / 2.0**40)
    assert uniform.score == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("qubits", [1, 20, 30])
def test_30_qubits_and_fewer_are_credited_nothing_whatever_the_score(qubits: int) -> None:
    samples = Samples(qubits, np.full(1000, min(1.0, 2.0 / 2**qubits)))
    certificate = certify_random_circuits(samples, NANO, fidelity=0.0)
    assert certificate.certified_bits == 0
    assert "30 qubits and fewer can be simulated by anybody" in certificate.claim


def test_above_that_credit_needs_a_declared_adversary() -> None:
    samples = ideal(56, 2000)
    assert certify_random_circuits(samples, NANO).certified_bits == 0
    bits = [certify_random_circuits(samples, NANO, fidelity, 0.9).certified_bits for fidelity in (0.0, 0.2, 0.5, 1.0)]
    assert 0 == bits[3] < bits[2] < bits[1] < bits[0] < 56 * 2000
    assert certify_random_circuits(samples, NANO, 0.2, 1.5).certified_bits == 0
    assert certify_random_circuits(samples, NANO, 0.2).level is Level.RANDOM_CIRCUITS


def test_the_adversary_that_the_bound_fears_reaches_the_score_as_seldom_as_stated() -> None:
    """One quantum sample fewer than the bound asks for: the score is reached in at most 5 % of runs.

    More than 326 of 5,000 are a false alarm in at most 1e-6 of all seeds.
    """
    rng, count, fidelity, score = np.random.default_rng(3), 500, 0.3, 0.6
    quantum = quantum_samples(count, score, fidelity, 0.05) - 1
    shapes = 1 + (np.arange(count) < quantum) + (np.arange(count) >= quantum) * (rng.random((5000, count)) < fidelity)
    reached = int((rng.gamma(shapes, 1).mean(axis=1) - 1 >= score).sum())
    assert (
        150 < reached <= 340 == int(stats.binom.isf(1e-6, 5000, 0.05)) + (340 - int(stats.binom.isf(1e-6, 5000, 0.05)))
    )


def test_the_entropy_of_ideal_samples_is_bounded_from_below() -> None:
    """-log2 of the probability of 200 samples falls short of the bound in at most 1 % of runs.

    More than 87 of 5,000 are a false alarm in at most 1e-6 of all seeds.
    """
    y = np.random.default_rng(4).gamma(2, 1, (5000, 200))
    surprisal = 200 * 40 - np.log2(y).sum(axis=1)
    bound = entropy_of_ideal_samples(200, 40, math.log2(100))
    assert (surprisal < bound).sum() <= 87 == stats.binom.isf(1e-6, 5000, 0.01)
    assert bound > 0.99 * surprisal.mean()
    assert entropy_of_ideal_samples(0, 40, 7) == 0


def test_samples_are_read_from_json_and_csv_as_probabilities_or_amplitudes(tmp_path: Path) -> None:
    rows = ('{"bitstring": "010", ', '{"bitstring": "111", ')
    files = {
        "p.json": f'{{"samples": [{rows[0]}"probability": 0.25}}, {rows[1]}"probability": 1}}]}}',
        "a.json": f'{{"samples": [{rows[0]}"amplitude": [0.3, -0.4]}}, {rows[1]}"amplitude": [1, 0]}}]}}',
        "p.csv": "bitstring,probability\n010,0.25\n111,1\n",
        "a.csv": "bitstring,amplitude_real,amplitude_imaginary\n010,0.3,-0.4\n111,1,0\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        samples = read_samples(tmp_path / name)
        assert samples.qubits == 3
        assert samples.probabilities.tolist() == pytest.approx([0.25, 1])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", "{}"),
        ("x.json", "no"),
        ("x.json", '{"samples": []}'),
        ("x.json", '{"samples": [{"bitstring": "01"}]}'),
        ("x.json", '{"samples": [{"bitstring": "02", "probability": 0.5}]}'),
        ("x.json", '{"samples": [{"bitstring": "01", "amplitude": [1, 2, 3]}]}'),
        ("x.csv", "bits,p\n01,0.5\n"),
        ("x.csv", "bitstring,probability\n01,0.5\n011,0.5\n"),
        ("x.csv", "bitstring,probability\n01,1.5\n"),
        ("x.csv", "bitstring,probability\n01,nan\n"),
        ("x.csv", ""),
    ],
)
def test_other_files_of_samples_are_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RequestError):
        read_samples(tmp_path / name)
