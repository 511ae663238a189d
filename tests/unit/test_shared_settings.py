"""Settings that several rounds share: what local devices gain by it, and that the bounds allow for it.

Errors are large on purpose, see test_certificate_attacks.py: a bound that is too bold would show.
"""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from qrng_hub.certificates import Epsilons
from qrng_hub.certificates.chsh import ChshPlan, Circumstances, plan_for_score, vertices, von_neumann_entropy
from qrng_hub.certificates.chsh.factors import Settings, factors_for_score
from qrng_hub.certificates.chsh.plan import Method
from qrng_hub.certificates.chsh.polytope import isotropic
from qrng_hub.certificates.counts import JudgedCounts
from qrng_hub.certificates.mermin import bits_per_round, lost_cells, mermin_bits
from qrng_hub.certificates.source_independent import BasisCounts, smooth_min_entropy
from qrng_hub.errors import RequestError

LARGE = Epsilons.both(0.1)
RUNS = 4000


def most_failures(probability: float) -> int:
    """Returns the number of failures of all runs that is exceeded with a probability of at most 1e-6."""
    return int(stats.binom.isf(1e-6, RUNS, probability))


def weakest(rounds: int, sharing: int) -> ChshPlan:
    """Finds the lowest threshold with a bit to certify."""
    circumstances = Circumstances(drawn="circuit", sharing=sharing)
    low, high = 0.75, (2 + math.sqrt(2)) / 4
    while high - low > 1e-4:
        middle = (low + high) / 2
        promising = plan_for_score("pef", rounds, middle, LARGE, circumstances).bits > 1
        low, high = (low, middle) if promising else (middle, high)
    return plan_for_score("pef", rounds, high, LARGE, circumstances)


def test_a_local_device_lives_on_settings_that_come_in_blocks_unless_the_bound_knows_of_them() -> None:
    """It loses all rounds of a block or none: its score strays sqrt(20) times as far as that of single rounds."""
    blocks, sharing = 2000, 20
    rounds = blocks * sharing
    won = sharing * np.random.default_rng(1).binomial(blocks, 0.75, RUNS)
    share = LARGE.smooth * LARGE.kappa

    def accepted(plan: ChshPlan) -> int:
        assert plan.score is not None
        assert plan.bits > 0
        return int((won / rounds >= plan.score).sum())

    assert accepted(weakest(rounds, sharing)) <= most_failures(share)
    assert accepted(weakest(rounds, 1)) > 5 * most_failures(share)


@pytest.mark.parametrize("sharing", [2, 5, 16])
def test_shared_factors_have_a_mean_of_at_most_1_whatever_devices_play_the_rounds_of_a_block(sharing: int) -> None:
    """The devices of one block are drawn from all that are possible, corners and mixtures; none has a mean above 1."""
    rng = np.random.default_rng(2)
    for settings in (Settings.uniform(), Settings.biased(0.05)):
        factors = factors_for_score(500, 0.84, LARGE, settings).shared(sharing)
        assert factors.power == pytest.approx(factors_for_score(500, 0.84, LARGE, settings).power / sharing)
        for number in range(300):
            corners = vertices()[rng.integers(0, 80, (sharing, 1 + number % 3))]
            devices = np.einsum("sv,svc->sc", rng.dirichlet(np.ones(corners.shape[1]), sharing), corners)
            if number % 5 == 0:  # the same device all along, where Hoelder's inequality is an equality
                devices[:] = devices[0]
            means = (devices ** (1 + factors.power) * factors.factors).reshape(sharing, 4, 4).sum(axis=2)
            assert (settings.extremes @ means.prod(axis=0)).max() <= 1


def test_a_device_that_is_the_same_all_along_gets_a_block_for_a_round() -> None:
    """With s shots a setting, n rounds certify about s times what n / s rounds with settings of their own do."""
    alone = plan_for_score("pef", 10_000, 0.82, LARGE, Circumstances()).bits
    shared = plan_for_score("pef", 80_000, 0.82, LARGE, Circumstances(drawn="circuit", sharing=8)).bits
    assert 8 * alone <= shared < 8 * alone + 8 * math.log2(1 / LARGE.kappa)


def test_eat_and_df19_take_no_shared_settings() -> None:
    for method in ("eat", "df19"):
        with pytest.raises(RequestError, match="take one shot a setting, or pef"):
            plan_for_score(method, 10**6, 0.84, LARGE, Circumstances(drawn="circuit", sharing=2))


def test_a_local_device_in_a_mermin_game_lives_on_blocks_likewise() -> None:
    """It loses at one of the eight settings: 1/8 of all rounds, where nothing may be certified, but for its luck."""
    blocks, sharing = 1000, 20
    rounds = blocks * sharing
    scores = 4 - 16 * sharing * np.random.default_rng(3).binomial(blocks, 1 / 8, RUNS) / rounds
    share = LARGE.smooth * LARGE.kappa

    def accepted(sharing: int) -> int:
        lowest = min(m for m in np.linspace(2, 3, 1001) if mermin_bits(rounds, m, 1.0, LARGE, sharing) > 0)
        return int((scores >= lowest).sum())

    assert accepted(sharing) <= most_failures(share)
    assert accepted(1) > 5 * most_failures(share)


def test_a_ghz_state_never_loses_and_the_best_local_device_loses_one_setting() -> None:
    cells = list(itertools.product((0, 1), repeat=6))
    lost = dict(zip(cells, lost_cells().tolist(), strict=True))
    for settings in itertools.product((0, 1), repeat=3):
        kept = [answers for answers in itertools.product((0, 1), repeat=3) if not lost[(*settings, *answers)]]
        assert len(kept) == (4 if sum(settings) in (0, 2) else 8)
        if sum(settings) in (0, 2):
            assert {sum(answers) % 2 for answers in kept} == {int(sum(settings) == 2)}
    strategies = itertools.product(itertools.product((0, 1), repeat=2), repeat=3)
    losses = [
        sum(lost[(*settings, *(part[setting] for part, setting in zip(parts, settings, strict=True)))]
            for settings in itertools.product((0, 1), repeat=3))
        for parts in strategies
    ]  # fmt: skip
    assert min(losses) == 1


def analytic_rate(score: float) -> float:
    """The entropy of both answers that the adversary who holds the best mixture of corners leaves, in bits a round.

    A corner with S = 2 sqrt 2 is a box of Popescu and Rohrlich in a share t = sqrt 2 - 1 of all rounds.
    """
    t, tsirelson = math.sqrt(2) - 1, (2 + math.sqrt(2)) / 4

    def entropy(*chances: float) -> float:
        return -sum(chance * math.log2(chance) for chance in chances)

    corner = 3 / 4 * entropy(t / 2, 1 - t / 2) + 1 / 4 * entropy(1 - t, t / 2, t / 2)
    return (score - 0.75) / (tsirelson - 0.75) * corner


@pytest.mark.parametrize("sharing", [1, 4])
def test_an_honest_device_gets_within_5_percent_of_the_analytic_rate(sharing: int) -> None:
    """The threshold lies 5 standard deviations below what it wins: one seed in 3 million would miss it."""
    rounds, score, rng = 4 * 10**7, 0.84, np.random.default_rng(4)
    threshold = score - 5 * math.sqrt(score * (1 - score) / rounds)
    plan = plan_for_score(
        "pef", rounds, threshold, Epsilons.both(1e-9), Circumstances(drawn="circuit", sharing=sharing)
    )
    certificate = plan.judge(JudgedCounts(rng.multinomial(rounds, isotropic(score))))
    assert 0.95 * analytic_rate(score) < certificate.bits_per_round < analytic_rate(score)


@pytest.mark.parametrize(("method", "rounds"), [("df19", 10**9), ("eat", 10**11)])
def test_an_honest_device_gets_within_5_percent_of_the_rate_against_quantum_side_information(
    method: Method, rounds: int
) -> None:
    """The rate is that of the von Neumann entropy; the threshold lies 5 standard deviations below what is won."""
    score = 0.84
    threshold = score - 5 * math.sqrt(score * (1 - score) / rounds)
    won = np.random.default_rng(6).binomial(rounds, score)
    assert won / rounds >= threshold
    rate = plan_for_score(method, rounds, threshold, Epsilons.both(1e-9)).bits / rounds
    assert 0.95 * von_neumann_entropy(score) < rate < von_neumann_entropy(score)


@pytest.mark.parametrize("sharing", [1, 2, 8])
@pytest.mark.parametrize("blocks", [300, 2000, 20_000])
def test_the_exact_chance_of_a_local_device_is_within_the_errors(blocks: int, sharing: int) -> None:
    """It answers each block alike, and wins three in four: the tail of a binomial, and no simulation of it."""
    rounds = blocks * sharing
    plan = weakest(rounds, sharing)
    assert plan.score is not None
    assert plan.bits > 0
    won = math.ceil(plan.score * blocks - 1e-9)
    assert stats.binom.sf(won - 1, blocks, 0.75) <= LARGE.smooth * LARGE.kappa
    lost = [k for k in range(blocks // 4 + 1) if mermin_bits(rounds, 4 - 16 * k / blocks, 1.0, LARGE, sharing) > 0]
    assert stats.binom.cdf(max(lost), blocks, 1 / 8) <= LARGE.smooth * LARGE.kappa


def test_an_honest_mermin_run_gets_within_5_percent_of_the_analytic_rate() -> None:
    rounds, score, rng = 10**7, 3.8, np.random.default_rng(5)
    lost = rng.binomial(rounds, (4 - score) / 16)
    threshold = score - 16 * 5 * math.sqrt((4 - score) / 16 / rounds)
    assert 4 - 16 * lost / rounds >= threshold
    bits = mermin_bits(rounds, threshold, 0.95, Epsilons.both(1e-9), 4) / rounds
    assert 0.95 * bits_per_round(score, 0.95) < bits < bits_per_round(score, 0.95)


def test_groups_of_shots_cost_a_source_independent_run_what_groups_cost() -> None:
    alone = smooth_min_entropy(BasisCounts(8 * 40_000, 8 * 10_000, 800), 1e-9)
    grouped = smooth_min_entropy(BasisCounts(8 * 40_000, 8 * 10_000, 800, 40_000, 10_000), 1e-9)
    assert grouped == pytest.approx(8 * smooth_min_entropy(BasisCounts(40_000, 10_000, 100), 1e-9))
    assert grouped < alone
