"""Bounds on rounds of the CHSH game, held against published points and values that were derived apart from this code.

The values of guessing, of the table and of the two published points are from an independent evaluation of the formulas
cited in each module, before the code here was written.
"""

import itertools
import math

import numpy as np
import pytest

from qrng_hub.certificates import Epsilons
from qrng_hub.certificates.chsh import (
    TSIRELSON_SCORE,
    Factors,
    Settings,
    chsh_value,
    entropy_accumulation_bits,
    factors_for_score,
    improved_bits,
    joint_guessing_probability,
    joint_min_entropy,
    one_sided_min_entropy,
    pironio_bits,
    plan_for_score,
    vertices,
    von_neumann_entropy,
    winning_probability,
)
from qrng_hub.certificates.chsh.entropy_accumulation import ANSWERS_WITH_UNTESTED_ROUNDS
from qrng_hub.certificates.chsh.polytope import isotropic
from qrng_hub.certificates.counts import winning_cells
from qrng_hub.errors import RequestError

NANO = Epsilons.both(1e-9)
TABLE = [  # w, rounds, EAT, DF19, PEF
    (0.80, 10**4, 0, 0, 1_017),
    (0.80, 10**6, 109_000, 225_000, 403_000),
    (0.82, 10**5, 0, 12_400, 51_000),
    (0.84, 10**6, 440_000, 611_000, 753_000),
]


@pytest.mark.parametrize(
    ("value", "bits"), [(2.2, 0.0959), (2.414, 0.2473), (2.5, 0.3278), (2.7, 0.6095), (2 * math.sqrt(2), 1.2284)]
)
def test_both_answers_have_the_joint_min_entropy_of_level_1_ab(value: float, bits: float) -> None:
    assert joint_min_entropy(winning_probability(value)) == pytest.approx(bits, abs=6e-5)


def test_nothing_quantum_guesses_better_than_the_bound_says() -> None:
    """Devices of the qubits |Phi+>, measured at angles that give S, are guessed at most as well as the bound."""
    for value in (2.1, 2.4, 2.6, 2.8):
        angles = np.linspace(0, math.pi / 2, 181)
        reach = [(guess, s) for guess, s in map(_guess_and_value, angles) if s >= value]
        assert max(guess for guess, _ in reach) <= joint_guessing_probability(winning_probability(value))


def _guess_and_value(angle: float) -> tuple[float, float]:
    """Settings 0 and `angle` for one party and +-`angle` / 2 for the other: |correlation| is a cosine."""
    near, far = math.cos(angle / 2), math.cos(3 * angle / 2)
    return (1 + near) / 4, 3 * near - far


def test_guessing_is_bounded_by_a_concave_and_falling_function() -> None:
    scores = np.linspace(0.7501, TSIRELSON_SCORE - 1e-4, 25)
    guesses = np.array([joint_guessing_probability(score) for score in scores])
    assert (np.diff(guesses) < 0).all()
    assert (np.diff(guesses, 2) < 1e-7).all()
    assert joint_guessing_probability(TSIRELSON_SCORE - 1e-9) == pytest.approx(0.25 + math.sqrt(2) / 8, abs=5e-4)


def test_one_answer_has_the_entropies_of_the_closed_forms() -> None:
    assert one_sided_min_entropy(0.75) == von_neumann_entropy(0.75) == 0
    assert one_sided_min_entropy(TSIRELSON_SCORE) == pytest.approx(1, abs=1e-6)
    assert von_neumann_entropy(TSIRELSON_SCORE) == pytest.approx(1, abs=1e-6)
    assert one_sided_min_entropy(winning_probability(2.5)) == pytest.approx(
        1 - math.log2(1 + math.sqrt(2 - 2.5**2 / 4))
    )
    for score in np.linspace(0.751, 0.853, 20):
        assert one_sided_min_entropy(score) <= min(von_neumann_entropy(score), joint_min_entropy(score) + 1e-9)


def test_the_polytope_has_80_vertices_that_do_not_signal_and_keep_to_tsirelsons_bound() -> None:
    found = vertices()
    assert found.shape == (80, 16)
    assert len(np.unique(found.round(9), axis=0)) == 80
    boxes = found.reshape(80, 2, 2, 2, 2)
    assert np.allclose(boxes.sum(axis=(3, 4)), 1)
    assert np.allclose(boxes.sum(axis=4)[:, :, 0], boxes.sum(axis=4)[:, :, 1])
    assert np.allclose(boxes.sum(axis=3)[:, 0], boxes.sum(axis=3)[:, 1])
    correlators = (boxes[..., 0, 0] + boxes[..., 1, 1] - boxes[..., 0, 1] - boxes[..., 1, 0]).reshape(80, 4)
    signs = [s for s in itertools.product((1, -1), repeat=4) if math.prod(s) == -1]
    values = np.array([correlators @ np.array(sign) for sign in signs]).max(axis=0)
    assert sorted(values.round(9).tolist()) == [2.0] * 16 + [round(2 * math.sqrt(2), 9)] * 64


@pytest.mark.parametrize(("score", "rounds", "eat", "df19", "pef"), TABLE)
def test_the_bits_of_each_method_are_those_of_the_table(
    score: float, rounds: int, eat: int, df19: int, pef: int
) -> None:
    assert entropy_accumulation_bits(rounds, score, NANO) == pytest.approx(eat, rel=0.01)
    assert improved_bits(rounds, score, NANO) == pytest.approx(df19, rel=0.01)
    assert plan_for_score("pef", rounds, score, NANO).bits == pytest.approx(pef, rel=0.01)


def test_gives_the_published_bits_of_the_photonic_experiment_of_2018() -> None:
    """Liu et al., Nature 562, 548 (2018): n = 6.895e10, w = 0.75 + 2.757e-4, 6.2469e7 bits published."""
    rounds = 68_950_000_000
    threshold = 0.75 + 2.757e-4 - math.sqrt(10 / rounds)
    epsilons = Epsilons.both(1 / math.sqrt(rounds))
    bits = entropy_accumulation_bits(rounds, threshold, epsilons, ANSWERS_WITH_UNTESTED_ROUNDS)
    assert bits == pytest.approx(62_459_810, rel=1e-3)
    assert bits == pytest.approx(6.2469e7, rel=1e-3)


def test_gives_the_published_bits_of_the_trapped_ions_of_2010() -> None:
    """Pironio et al., Nature 464, 1021 (2010): 3,016 events, S = 2.414, 42 new bits at 99 %."""
    assert pironio_bits(3016, winning_probability(2.414), 0.01) == pytest.approx(42.7, abs=0.05)
    assert pironio_bits(1000, winning_probability(2.2), 0.01) == 0


def test_the_rounding_left_out_of_entropy_accumulation_never_lifts_it_above_the_improved_bound() -> None:
    for score, power, error in itertools.product((0.7503, 0.76, 0.8, 0.83, 0.8535), range(3, 13), (1e-2, 1e-9, 1e-30)):
        epsilons = Epsilons.both(error)
        first = entropy_accumulation_bits(10**power, score, epsilons)
        assert first == 0 or first <= improved_bits(10**power, score, epsilons)


@pytest.mark.parametrize("method", ["pef", "eat", "df19"])
def test_more_rounds_a_higher_score_and_larger_errors_never_certify_less(method: str) -> None:
    def bits(rounds: int, score: float, smooth: float, kappa: float) -> float:
        return plan_for_score(method, rounds, score, Epsilons(smooth, kappa)).bits  # type: ignore[arg-type]

    middle = bits(10**6, 0.82, 1e-9, 1e-9)
    assert 0 < bits(5 * 10**5, 0.82, 1e-9, 1e-9) < middle < bits(2 * 10**6, 0.82, 1e-9, 1e-9)
    assert bits(10**6, 0.81, 1e-9, 1e-9) < middle < bits(10**6, 0.83, 1e-9, 1e-9)
    assert bits(10**6, 0.82, 1e-12, 1e-9) < middle < bits(10**6, 0.82, 1e-9, 1e-6)
    assert middle < 10**6 * 2


def test_factors_from_anywhere_are_made_valid_or_refused() -> None:
    """A negative one for rounds lost would make room for too large a one for rounds won."""
    uneven = Factors(np.where(winning_cells(), 3.0, -9.0), 0.01, Settings.uniform(), NANO)
    assert (0.25 * vertices() ** 1.01 @ uneven.factors <= 1).all()
    for power, worst in ((0.0, 1.0), (-0.5, 1.0), (math.nan, 1.0), (0.01, math.inf), (0.01, math.nan)):
        with pytest.raises(RequestError, match="16 finite numbers and a power above 0"):
            Factors(np.full(16, worst), power, Settings.uniform(), NANO)


@pytest.mark.parametrize("bias", [0.0, 0.02])
def test_factors_are_valid_at_every_vertex_and_every_setting(bias: float) -> None:
    settings = Settings.biased(bias)
    chosen = factors_for_score(10**6, 0.83, NANO, settings)
    ends = [(0.5 - bias, 0.5 + bias), (0.5 + bias, 0.5 - bias)]
    corners = [np.outer(x, y).ravel() for x in ends for y in ends]
    assert sorted(map(tuple, settings.extremes)) == sorted(map(tuple, corners))
    for mu in corners:
        assert (np.repeat(mu, 4) * vertices() ** (1 + chosen.power) @ chosen.factors <= 1).all()
    inside = np.random.default_rng(1).dirichlet(np.full(80, 0.05), 2000) @ vertices()
    assert (0.25 * inside ** (1 + chosen.power) @ chosen.factors <= 1).all()


def test_factors_of_a_known_score_tell_only_rounds_won_from_rounds_lost() -> None:
    chosen = factors_for_score(10**6, 0.83, NANO, Settings.uniform())
    assert len(set(chosen.factors.tolist())) == 2
    assert chosen.factors[winning_cells()].min() > 1 > chosen.factors[~winning_cells()].max()
    assert chosen.expected_log2_product(isotropic(0.83), 10**6)[0] == pytest.approx(chosen.at_score(0.83, 10**6))


def test_settings_that_may_be_biased_certify_less_and_much_bias_nothing() -> None:
    from qrng_hub.certificates.chsh import Circumstances

    bits = [
        plan_for_score("pef", 10**6, 0.82, NANO, Circumstances(Settings.biased(bias))).bits
        for bias in (0.0, 0.01, 0.03, 0.1)
    ]
    assert bits[0] == pytest.approx(plan_for_score("pef", 10**6, 0.82, NANO).bits, rel=1e-6)
    assert bits[0] > bits[1] > bits[2] > bits[3] == 0


@pytest.mark.parametrize("method", ["pef", "eat", "df19"])
@pytest.mark.parametrize("score", [0.0, 0.5, 0.75])
def test_a_classical_score_certifies_nothing(method: str, score: float) -> None:
    certificate = plan_for_score(method, 10**9, score, NANO).certificate()  # type: ignore[arg-type]
    assert (certificate.certified_bits, certificate.bits_per_round) == (0, 0)


@pytest.mark.parametrize("method", ["pef", "eat", "df19"])
def test_tsirelsons_bound_itself_certifies_no_more_than_there_is(method: str) -> None:
    bits = plan_for_score(method, 10**8, TSIRELSON_SCORE, NANO).bits  # type: ignore[arg-type]
    assert 0.89 * 10**8 < bits < 2 * 10**8


@pytest.mark.parametrize("method", ["pef", "eat", "df19"])
@pytest.mark.parametrize("epsilons", [Epsilons.both(1e-300), Epsilons.both(0.999)])
def test_the_smallest_and_the_largest_errors_give_a_number(method: str, epsilons: Epsilons) -> None:
    for rounds, score in ((1, 0.8), (10**6, TSIRELSON_SCORE), (10**9, 0.75 + 1e-6), (10**12, 0.8)):
        assert 0 <= plan_for_score(method, rounds, score, epsilons).bits < 2 * rounds  # type: ignore[arg-type]


@pytest.mark.parametrize("score", [0.8536, 0.9, 1.0, -0.1, math.nan])
def test_a_score_that_no_device_has_is_refused(score: float) -> None:
    with pytest.raises(RequestError, match="Tsirelson"):
        plan_for_score("eat", 1000, score, NANO)
    with pytest.raises(RequestError, match="Tsirelson"):
        joint_guessing_probability(score)


def test_the_score_and_the_value_are_one_scale() -> None:
    assert chsh_value(winning_probability(2.5)) == 2.5
    assert chsh_value(TSIRELSON_SCORE) == pytest.approx(2 * math.sqrt(2))
