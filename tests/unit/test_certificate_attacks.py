"""Devices and sources that an adversary built: none gets more certified than it leaves unknown, but for the errors.

Every attack is run with large errors, so that a bound that is too bold would show, over many seeded runs. Where a bound
may fail with probability p, more failures than `most_failures(runs, p)` are the false alarm of a sound bound in at most
1e-6 of all seeds.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from qrng_hub.certificates import Epsilons
from qrng_hub.certificates.chsh import ChshPlan, Circumstances, Settings, plan_for_score, plan_from_training, vertices
from qrng_hub.certificates.chsh.plan import Method
from qrng_hub.certificates.chsh.polytope import isotropic
from qrng_hub.certificates.counts import JudgedCounts, TrainingCounts, tally, winning_cells
from qrng_hub.certificates.mermin import guessing_probability, mermin_bits, source_deviation
from qrng_hub.certificates.source_independent import BasisCounts, smooth_min_entropy

LARGE = Epsilons.both(0.1)
RUNS = 2000
UNIFORM = np.full(4, 0.25)
Reals = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]


def most_failures(runs: int, probability: float) -> int:
    """Returns the number of failures that is exceeded with a probability of at most 1e-6."""
    return int(stats.binom.isf(1e-6, runs, probability))


def best_local() -> Reals:
    """Lists the deterministic devices that lose at one pair of settings only, shape (8, 16)."""
    local = vertices()[:16]
    return np.array([sigma for sigma in local if sigma[winning_cells()].sum() == 3])


def lowest_score_that_certifies(method: Method, rounds: int, circumstances: Circumstances) -> ChshPlan:
    """Finds the weakest threshold with a bit to certify: the one that is the easiest to reach by luck."""
    low, high = 0.75, 0.85
    while high - low > 1e-5:
        middle = (low + high) / 2
        promising = plan_for_score(method, rounds, middle, LARGE, circumstances).bits > 1
        low, high = (low, middle) if promising else (middle, high)
    return plan_for_score(method, rounds, high, LARGE, circumstances)


def accepted(plan: ChshPlan, runs: npt.NDArray[np.int64]) -> int:
    return sum(plan.judge(JudgedCounts(counts)).certified_bits > 0 for counts in runs)


@pytest.mark.parametrize(("method", "rounds"), [("pef", 500), ("pef", 5000), ("df19", 20_000), ("eat", 50_000)])
def test_local_devices_win_their_way_to_a_certificate_no_more_often_than_the_errors_allow(
    method: Method, rounds: int
) -> None:
    plan = lowest_score_that_certifies(method, rounds, Circumstances())
    rng = np.random.default_rng(1)
    devices = np.repeat(UNIFORM, 4) * best_local()
    runs = np.vstack([rng.multinomial(rounds, device, RUNS // 8) for device in devices])
    assert accepted(plan, runs) <= most_failures(RUNS, LARGE.smooth * LARGE.kappa)


@pytest.mark.parametrize("bias", [0.02, -0.1])
def test_a_device_that_knows_the_bias_of_the_settings_is_stopped_by_declaring_it(bias: float) -> None:
    """It loses where the settings are rarest; undeclared, the bias alone gets it certified."""
    rounds, rng = 20_000, np.random.default_rng(2)
    likely = np.array([0.5 - bias, 0.5 + bias])
    mu = np.outer(likely, likely).ravel()
    device = max(best_local(), key=lambda sigma: float((np.repeat(mu, 4) * sigma)[winning_cells()].sum()))
    runs = rng.multinomial(rounds, np.repeat(mu, 4) * device, RUNS)
    declared = lowest_score_that_certifies("pef", rounds, Circumstances(Settings.biased(abs(bias))))
    assert declared.bits > 0
    assert accepted(declared, runs) <= most_failures(RUNS, LARGE.smooth * LARGE.kappa)
    undeclared = lowest_score_that_certifies("pef", rounds, Circumstances())
    assert accepted(undeclared, runs) > RUNS // 2


def test_a_device_with_memory_that_plays_the_factors_is_not_accepted_more_often() -> None:
    """It knows factors chosen from an uneven device, and takes in each round the local strategy that its sum asks for:

    the most varied while it lags behind the threshold, the steadiest when it is ahead.
    """
    rounds, runs, rng = 300, 4000, np.random.default_rng(3)
    uneven = 0.7 * isotropic(0.85) + 0.3 * np.repeat(UNIFORM, 4) * best_local()[3]
    training = TrainingCounts(rng.multinomial(100_000, uneven))
    plan = plan_from_training(rounds, training, LARGE)
    assert plan.factors is not None
    needed = (math.log2(1 / LARGE.smooth) - (1 + plan.factors.power) * math.log2(LARGE.kappa)) + 1e-9
    logs = np.log2(plan.factors.factors)
    gains = np.array(
        [[logs[4 * z + int(sigma[4 * z : 4 * z + 4].argmax())] for z in range(4)] for sigma in vertices()[:16]]
    )
    sums = np.zeros(runs)
    for left in range(rounds, 0, -1):
        ahead = needed - sums <= left * gains.mean(axis=1).max()
        choice = np.where(ahead, gains.mean(axis=1).argmax(), gains.std(axis=1).argmax())
        sums = np.where(sums >= needed, sums, sums + gains[choice, rng.integers(0, 4, runs)])
    assert (sums >= needed).sum() <= most_failures(runs, LARGE.smooth * LARGE.kappa)


def test_the_answers_of_an_honest_run_replayed_to_other_settings_certify_nothing() -> None:
    rng = np.random.default_rng(4)
    honest = rng.choice(16, 100_000, p=isotropic(0.85))
    plan = plan_for_score("pef", honest.size, 0.84, Epsilons.both(1e-9))
    assert plan.judge(JudgedCounts(tally(honest))).certified_bits > 50_000
    for _ in range(50):
        replayed = 4 * rng.integers(0, 4, honest.size) + honest % 4
        assert plan.judge(JudgedCounts(tally(replayed))).certified_bits == 0


def mixtures(rounds: int, share: float, rng: np.random.Generator) -> Iterator[tuple[Cells, float]]:
    """Runs of a device that is a vertex with S = 2 sqrt 2 in a share of all rounds and local in the others.

    The adversary knows which it was. Yields the counts and -log2 of the probability, given that, of all answers:
    what is left unknown of them.
    """
    good = vertices()[16:]
    good = good[np.isclose(good[:, winning_cells()].sum(axis=1), 2 + math.sqrt(2))]
    while True:
        which = np.where(rng.random(rounds) < share, 8 + rng.integers(0, len(good), rounds), rng.integers(0, 8, rounds))
        devices = np.vstack([best_local(), good])[which]
        settings = rng.integers(0, 4, rounds)
        answers = devices.reshape(rounds, 4, 4)[np.arange(rounds), settings]
        drawn = (answers.cumsum(axis=1) < rng.random((rounds, 1))).sum(axis=1)
        drawn = np.minimum(drawn, 3)
        unknown = -np.log2(answers[np.arange(rounds), drawn]).sum()
        yield tally(4 * settings + drawn), float(unknown)


def test_a_device_that_is_local_whenever_it_may_be_leaves_as_much_unknown_as_is_certified() -> None:
    """The mixture that the bound fears most. A run fails that is accepted and leaves less unknown than is promised:

    of the probability of all answers, before the loss of log2(1 / kappa) for acceptance, with eps_s kappa at most.
    """
    rounds, runs, score = 20_000, 300, 0.8
    share = (score - 0.75) / ((2 + math.sqrt(2)) / 4 - 0.75)
    plan = plan_for_score("pef", rounds, score, LARGE)
    promised = plan.bits - math.log2(LARGE.kappa)
    trials = itertools.islice(mixtures(rounds, share, np.random.default_rng(5)), runs)
    outcomes = [(plan.judge(JudgedCounts(counts)).certified_bits > 0, unknown) for counts, unknown in trials]
    unknowns = [unknown for was_accepted, unknown in outcomes if was_accepted]
    assert len(unknowns) > runs // 3
    assert 0.8 * np.mean(unknowns) < promised  # the bound is near enough to what it is held against
    assert sum(unknown < promised for unknown in unknowns) <= most_failures(runs, LARGE.smooth * LARGE.kappa)


def test_a_source_of_known_bits_leaves_as_much_unknown_as_is_certified() -> None:
    """It sends Z eigenstates in a share of all systems; the X test errs on half of those that it meets.

    The error of the X rate is at most epsilon^2, 0.01.
    """
    z, x, epsilon, rng, runs = 20_000, 1_000, 0.1, np.random.default_rng(6), 2000
    for share in (1.0, 0.5, 0.1, 0.02):
        tested = rng.hypergeometric(round(share * (z + x)), round((1 - share) * (z + x)), x, runs)
        errors = rng.binomial(tested, 0.5)
        certified = np.array([smooth_min_entropy(BasisCounts(z, x, int(count)), epsilon) for count in errors])
        unknown = z - (round(share * (z + x)) - tested)
        assert (certified > unknown).sum() <= most_failures(runs, epsilon**2)
        assert share < 1 or (certified == 0).mean() > 0.98


def test_a_source_that_cheats_in_whole_groups_is_stopped_by_counting_groups() -> None:
    """Groups of 100,000 shots share a basis, and 22 of 4,400 hold Z eigenstates: often none of these is tested."""
    size, z_groups, x_groups, epsilon, rng, runs = 100_000, 4000, 400, 0.1, np.random.default_rng(7), 1000
    bad = 22
    tested = rng.hypergeometric(bad, z_groups + x_groups - bad, x_groups, runs)
    errors = rng.binomial(tested * size, 0.5)
    unknown = size * (z_groups - (bad - tested))
    z, x = size * z_groups, size * x_groups

    def failures(groups: tuple[int, int] | tuple[None, None]) -> int:
        bits = [smooth_min_entropy(BasisCounts(z, x, int(count), *groups), epsilon) for count in errors]
        return int((np.array(bits) > unknown).sum())

    assert smooth_min_entropy(BasisCounts(z, x, 0, z_groups, x_groups), epsilon) > z / 2
    assert failures((z_groups, x_groups)) <= most_failures(runs, epsilon**2) < failures((None, None))


def test_an_honest_source_gets_within_5_percent_of_the_analytic_rate() -> None:
    errors = int(np.random.default_rng(8).binomial(10**5, 0.02))
    bits = smooth_min_entropy(BasisCounts(10**7, 10**6, 10 * errors), 1e-9)
    assert bits == pytest.approx(10**7 * (1 + 0.02 * math.log2(0.02) + 0.98 * math.log2(0.98)), rel=0.05)


@pytest.mark.parametrize("rate", [1.0, 0.95, 0.8])
def test_a_local_device_that_steers_the_weak_source_is_accepted_no_more_often_than_the_errors_allow(
    rate: float,
) -> None:
    """It loses at one valid setting of eight, which the source avoids as far as it may."""
    rounds, rng = 2000, np.random.default_rng(9)
    losing = (0.5 - source_deviation(rate)) ** 3
    assert guessing_probability(losing * 0.999, rate) < 1 == guessing_probability(losing * 1.001, rate)
    lost = rng.binomial(rounds, losing, RUNS)
    certified = np.array([mermin_bits(rounds, 4 - 16 * count / rounds, rate, LARGE) for count in lost])
    assert (certified > 0).sum() <= most_failures(RUNS, LARGE.smooth * LARGE.kappa)
    assert mermin_bits(rounds, 3.9, rate, LARGE) > 0


def test_a_device_that_is_local_in_bursts_leaves_as_much_unknown_in_a_mermin_game_as_is_certified() -> None:
    """It never loses and has two fair answers in some rounds, and is local in others, as its memory tells it:

    after a round lost it plays fair until it is even. The rounds that were local are known to the adversary.
    """
    rounds, runs, rng = 1000, 400, np.random.default_rng(10)
    lost, known = np.zeros(runs), np.zeros(runs)
    for number in range(rounds):
        local = lost <= 0.03 * number
        lost += local & (rng.random(runs) < 1 / 8)
        known += local
    unknown = 2 * (rounds - known)
    promised = mermin_bits(rounds, 4 - 16 * 0.031, 1.0, LARGE) - math.log2(LARGE.kappa)
    accepted_runs = lost <= 0.031 * rounds
    assert accepted_runs.mean() > 0.5
    assert promised > 200
    assert (accepted_runs & (unknown < promised)).sum() <= most_failures(runs, LARGE.smooth * LARGE.kappa)
