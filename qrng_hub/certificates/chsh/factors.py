"""Probability estimation factors: F(abxy) >= 0 and a power beta > 0 that make winning a bound on predictability.

F is a factor of power beta if, for every device that is possible, the sum over x, y, a, b of
mu(xy) sigma(ab|xy)^(1 + beta) F is at most 1. Then, whatever the device remembers and whatever classical side
information the adversary has, the probability of all answers is at most (eps prod F)^(-1/beta), but for an error of
eps (Markov's inequality on a test supermartingale).
Where several rounds share a setting, see `Factors.shared`.
Devices that are possible have sigma in the polytope of `chsh.polytope`. The sum is convex in sigma and linear in mu, so
80 vertices and the extreme settings are all that has to be looked at.

Source: Knill, Zhang and Bierhorst, arXiv:1709.06159; Zhang, Knill and Bierhorst, arXiv:1811.11928. Their theorems were
not compared word by word: what is used follows from the lines above, and is checked by attack in the tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qrng_hub.certificates.certificate import Epsilons, require_rounds
from qrng_hub.certificates.chsh.polytope import Reals, isotropic, vertices
from qrng_hub.certificates.chsh.score import require_score
from qrng_hub.certificates.counts import RoundCounts, TrainingCounts, winning_cells
from qrng_hub.certificates.optional import load_cvxpy, solve
from qrng_hub.errors import RequestError

_MARGIN = 1 + 1e-12
"""Factors are divided by this and by the worst sum found: it is far more than the rounding of a sum of 16 terms."""
_POWERS = (1e-7, 2.0)
_SMALLEST = 1e-3
"""No factor is chosen smaller, so that one round that was not expected does not cost everything."""


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """The settings that may be drawn in a round, given everything before: the extreme points, shape (k, 4).

    A row is mu(xy), index 2 x + y. Raises `RequestError` for what is no distribution.
    """

    extremes: Reals
    description: str = "of the distribution given"

    def __post_init__(self) -> None:
        rows = np.atleast_2d(np.asarray(self.extremes, np.float64))
        if rows.shape[1] != 4 or not (rows >= 0).all() or not np.allclose(rows.sum(axis=1), 1, atol=1e-12):
            raise RequestError("settings are four probabilities that add up to 1, for x, y = 00, 01, 10, 11")
        object.__setattr__(self, "extremes", rows)

    @classmethod
    def uniform(cls) -> Settings:
        """Each of the four with probability 1/4."""
        return cls(np.full((1, 4), 0.25), "uniform")

    @classmethod
    def biased(cls, bias: float) -> Settings:
        """Two independent bits, each of them 1 with a probability within `bias` of 1/2, which the adversary knows.

        Raises `RequestError` unless 0 <= bias < 1/2.
        """
        if not 0 <= bias < 0.5:
            raise RequestError(f"a bias of {bias:g} is none a setting may have: give one from 0 to below 0.5")
        ends = [np.array([0.5 - bias, 0.5 + bias]), np.array([0.5 + bias, 0.5 - bias])]
        return cls(
            np.array([np.outer(x, y).ravel() for x in ends for y in ends]), f"uniform but for a bias of {bias:g}"
        )

    @property
    def is_uniform(self) -> bool:
        """Whether the four settings have probability 1/4 each and nothing else is possible."""
        return bool((self.extremes == 0.25).all())

    @property
    def joint_vertices(self) -> tuple[Reals, Reals]:
        """Every vertex sigma with every extreme mu, as (sigma, mu), each of shape (80 k, 16)."""
        sigma = np.tile(vertices(), (len(self.extremes), 1))
        mu = np.repeat(np.repeat(self.extremes, 4, axis=1), len(vertices()), axis=0)
        return sigma, mu


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Factors of a power, scaled so that they are valid whatever the solver's accuracy; shape (16,).

    A negative one counts as 0. Raises `RequestError` for a power that is not above 0, and for factors not finite.
    """

    factors: Reals
    power: float
    settings: Settings
    epsilons: Epsilons
    sharing: int = 1
    """How many rounds in a row have the same setting."""

    def __post_init__(self) -> None:
        if not self.power > 0 or not np.isfinite(self.factors).all():
            raise RequestError(f"factors are 16 finite numbers and a power above 0, and the power is {self.power:g}")
        sigma, mu = self.settings.joint_vertices
        factors = np.maximum(self.factors, 0)
        means = (sigma ** (1 + self.power) * factors).reshape(-1, 4, 4).sum(axis=2)
        with np.errstate(over="ignore"):  # factors as large as that become 0
            worst = float((mu[:, ::4] * means**self.sharing).sum(axis=1).max()) ** (1 / self.sharing)
        factors /= max(1.0, worst) * _MARGIN
        factors.flags.writeable = False
        object.__setattr__(self, "factors", factors)

    def shared(self, sharing: int) -> Factors:
        """Returns factors for rounds of which `sharing` in a row have the same setting: F^(1/s) of power beta / s.

        Let G(xy) be the sum over a, b of sigma^(1 + beta) F for factors of single rounds, and G_i' the same of round
        i of s and of the roots. If given the past of the s rounds they do not depend on one another, what must have
        a mean of at most 1 is the product of G_i'(xy) over i, and by Hoelder's inequality that is at most the
        largest mean of G'(xy)^s over xy. By Jensen's G'^s <= G, whose mean is at most 1. G'^s is convex in sigma, so
        that vertices are all that is looked at when they are scaled. Derived here.
        """
        return Factors(self.factors ** (1 / sharing), self.power / sharing, self.settings, self.epsilons, sharing)

    def log2_product(self, counts: RoundCounts) -> float:
        """Returns the sum of log2 F over all rounds; minus infinity if a cell of factor 0 came."""
        return self._sum(counts.cells.astype(np.float64))

    def at_score(self, score: float, rounds: int) -> float:
        """Returns that sum of rounds won with this frequency, for factors that depend on nothing else."""
        return rounds * self._sum(isotropic(score))

    def expected_log2_product(self, distribution: Reals, rounds: int) -> tuple[float, float]:
        """Returns the mean and the standard deviation of that sum, of independent rounds of this distribution."""
        mean = self._sum(distribution)
        logs = np.log2(self.factors, where=distribution > 0, out=np.zeros(16))
        variance = float(distribution @ (logs - mean) ** 2)
        return rounds * mean, math.sqrt(rounds * variance)

    def bits(self, log2_product: float) -> float:
        """Returns the smooth min-entropy of a run that is accepted if its sum reaches `log2_product`, or 0.

        It is (sum log2 F - log2(1 / eps_s)) / beta + ((1 + beta) / beta) log2 kappa: the error of Markov's inequality
        is eps_s kappa, so that it is eps_s given acceptance, and acceptance may raise a probability by 1 / kappa.
        """
        smooth, kappa = math.log2(self.epsilons.smooth), math.log2(self.epsilons.kappa)
        return max(0.0, (log2_product + smooth + (1 + self.power) * kappa) / self.power)

    def _sum(self, weights: Reals) -> float:
        came = weights > 0
        with np.errstate(divide="ignore"):
            return float(weights[came] @ np.log2(self.factors[came]))


def factors_for_score(rounds: int, score: float, epsilons: Epsilons, settings: Settings) -> Factors:
    """Chooses the best factors for rounds won with this probability whatever the uniform settings.

    They are one for all cells that win and one for all that lose, so that the score decides: the problem is
    symmetric and its objective concave, so that the mean over each set of cells loses nothing.
    """
    found = _best_factors(rounds, isotropic(require_score(score)), epsilons, settings)
    won = winning_cells()
    means = np.where(won, found.factors[won].mean(), found.factors[~won].mean())
    return Factors(means, found.power, settings, epsilons)


def factors_from_training(
    rounds: int, training: TrainingCounts, epsilons: Epsilons, settings: Settings
) -> tuple[Factors, Reals]:
    """Chooses the best factors for the device that the training counts show, and returns that device as well.

    It is the likeliest one of those that are possible, with the frequencies of the settings as they came.
    """
    distribution = likeliest_device(training)
    return _best_factors(rounds, distribution, epsilons, settings), distribution


def likeliest_device(training: TrainingCounts) -> Reals:
    """Returns the joint distribution of settings and answers in the polytope that makes the counts likeliest.

    Raises `RequestError` if a pair of settings was never used.
    """
    cvxpy = load_cvxpy()
    per_setting = training.cells.reshape(4, 4).sum(axis=1)
    if not per_setting.all():
        raise RequestError("the training counts have a pair of settings that was never used: train with all four")
    weights = cvxpy.Variable(len(vertices()), nonneg=True)
    device = vertices().T @ weights
    frequencies = (training.cells + 0.5) / (training.rounds + 8)  # no cell is taken to be impossible
    solve(cvxpy.Problem(cvxpy.Maximize(frequencies @ cvxpy.log(device)), [cvxpy.sum(weights) == 1]))
    sigma = np.maximum(np.asarray(device.value), 1e-12)
    joint = np.repeat(per_setting / training.rounds, 4) * sigma
    return np.asarray(joint / joint.sum(), np.float64)


def _best_factors(rounds: int, distribution: Reals, epsilons: Epsilons, settings: Settings) -> Factors:
    """Maximises the bits that a run of this distribution has on average, over the factors and their power."""
    from scipy.optimize import minimize_scalar

    program = _Program(distribution, settings)
    require_rounds(rounds)

    def loss(log_power: float) -> float:
        factors = Factors(program.solve(math.exp(log_power)), math.exp(log_power), settings, epsilons)
        log2_product = factors.expected_log2_product(distribution, rounds)[0]
        kappa = (1 + factors.power) * math.log2(epsilons.kappa)
        return -(log2_product + math.log2(epsilons.smooth) + kappa) / factors.power

    bounds = (math.log(_POWERS[0]), math.log(_POWERS[1]))
    power = math.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 3e-3}).x)
    return Factors(program.solve(power), power, settings, epsilons)


class _Program:
    """max sum nu log F, subject to the sums at all vertices being at most 1, for one power beta after the other.

    With F = 1 + beta G and the logarithm to second order it is a quadratic program in G, which solvers do well however
    small beta is. It is solved about F = 1, and again about what came of it, as Newton's method does.
    """

    def __init__(self, distribution: Reals, settings: Settings) -> None:
        cvxpy = load_cvxpy()
        self._distribution = distribution
        self._sigma, self._mu = settings.joint_vertices
        self._sums, self._room = cvxpy.Parameter(self._sigma.shape, nonneg=True), cvxpy.Parameter(len(self._sigma))
        self._slope, self._bend, self._middle = cvxpy.Parameter(16), cvxpy.Parameter(16), cvxpy.Parameter(16)
        self._unknown = cvxpy.Variable(16)
        bent = cvxpy.sum_squares(cvxpy.multiply(self._bend, self._unknown) - self._middle)
        objective = cvxpy.Maximize(self._slope @ self._unknown - bent)
        self._problem = cvxpy.Problem(objective, [self._sums @ self._unknown <= self._room])

    def solve(self, power: float) -> Reals:
        self._sums.value = self._mu * self._sigma ** (1 + power)
        self._room.value = (1 - self._sums.value.sum(axis=1)) / power
        first = self._solve_about(np.ones(16), power)
        return self._solve_about(first, power)

    def _solve_about(self, factors: Reals, power: float) -> Reals:
        self._slope.value = self._distribution / factors
        self._bend.value = np.sqrt(self._distribution * power / 2) / factors
        self._middle.value = self._bend.value * (factors - 1) / power
        solve(self._problem)
        return np.maximum(1 + power * np.asarray(self._unknown.value, np.float64), _SMALLEST)
