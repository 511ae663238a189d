"""CHSH certificates against quantum side information, by entropy accumulation.

Every round is played with uniform settings and counts. The bounds are of the smooth min-entropy of all answers, given
all settings and the adversary's quantum memory, and given that the device was accepted: that it won at least a
fraction w, fixed beforehand, of n rounds. The device may remember earlier rounds.

Both use a tangent f to g(w) (`chsh.score`), which is convex, so that any tangent is a valid min-tradeoff function and
the best one may be chosen with w, before the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from qrng_hub.certificates.certificate import Epsilons, require_rounds
from qrng_hub.certificates.chsh.score import (
    CLASSICAL_SCORE,
    TSIRELSON_SCORE,
    require_score,
    von_neumann_entropy,
    von_neumann_slope,
)

ANSWERS = 4
"""The number of values that the answers of a round have when every round is played."""
ANSWERS_WITH_UNTESTED_ROUNDS = 6
"""The same where some rounds are not tested: they are told apart by a third value (arXiv:1607.01797)."""
_GRID = 48


@dataclass(frozen=True, slots=True)
class _Tangent:
    """The tangent to g at a winning probability."""

    at: float
    slope: float
    value: float

    def __call__(self, score: float) -> float:
        return self.value + self.slope * (score - self.at)


def entropy_accumulation_bits(rounds: int, score: float, epsilons: Epsilons, answers: int = ANSWERS) -> float:
    """Returns n f(w) - 2 sqrt(n) (log2(1 + 2 d) + f') sqrt(1 - 2 log2(eps_s kappa)) at the best tangent, or 0.

    d is the number of values that the answers of a round have. Source: Dupuis, Fawzi and Renner,
    arXiv:1607.01796, theorem 4.4, used as in Arnon-Friedman et al., arXiv:1607.01797. The gradient f' is not
    rounded up to a whole number, as it is in the theorem; nor is it in the published evaluations. What makes
    that harmless is `improved_bits`, which has no such rounding: with 4 answers it is nowhere below (the
    tests compare the two). Raises `RequestError` for what `require_score` and `require_rounds` refuse.
    """
    root = 2 * math.sqrt(require_rounds(rounds)) * math.sqrt(1 + 2 * epsilons.joint_bits)
    return _best_tangent(
        require_score(score), lambda f, w: rounds * f(w) - root * (math.log2(1 + 2 * answers) + f.slope)
    )


def improved_bits(rounds: int, score: float, epsilons: Epsilons) -> float:
    """Returns the bound with the improved second-order term at the best tangent and the best a = alpha, or 0.

    n f(w) - n (a - 1) (ln 2 / 2) V^2 - (1 - 2 log2(eps_s kappa)) / (a - 1) - n (a - 1)^2 K, with
    V = log2(2 d^2 + 1) + sqrt(2 + Var f), D = log2(d) + Max f - Min f, d = 4 and
    K = 2^((a - 1) D) ln^3(2^D + e^2) / (6 (2 - a)^3 ln 2). Max f = f(1), Min f = f((2 - sqrt 2) / 4) over
    quantum devices, Var f = (f' / 2)^2 at most. Source: Dupuis and Fawzi, arXiv:1805.11652, the theorem with
    the improved second order, for classical answers: D has log2 d, where that for quantum systems has 2 log2 d,
    which would cost 0.1 % of the bits at 10^6 rounds and 1.6 % at 10^5. K is the remainder of its corollary IV.2,
    whose differences of entropies are at most log2 d if no entropy of the answers is negative, as of classical
    ones none is. Its statement was not compared word by word;
    the values agree with an independent evaluation of the same formula. Raises as the other bound.
    """
    require_rounds(rounds)
    return _best_tangent(require_score(score), lambda f, w: _best_order(rounds, w, f, epsilons))


def _best_order(rounds: int, score: float, tangent: _Tangent, epsilons: Epsilons) -> float:
    variance = (math.log2(2 * ANSWERS**2 + 1) + math.sqrt(2 + (tangent.slope / 2) ** 2)) ** 2
    spread = math.log2(ANSWERS) + tangent(1) - tangent(1 - TSIRELSON_SCORE)
    if spread > 1000:  # steeper than any tangent that is worth its correction
        return -math.inf
    logarithm = math.log(2**spread + math.e**2) ** 3 / (6 * math.log(2))
    error = 1 + 2 * epsilons.joint_bits

    def bits(log_order: float) -> float:
        order = math.exp(log_order)
        third: float = 2.0 ** (order * spread) * logarithm / (1 - order) ** 3
        return rounds * (tangent(score) - order * math.log(2) / 2 * variance - order**2 * third) - error / order

    return _maximum(bits, math.log(1e-9), math.log(0.5))


def _best_tangent(score: float, bits: Callable[[_Tangent, float], float]) -> float:
    """Maximises over the point of tangency, from just above the classical score to just below Tsirelson's."""
    if score <= CLASSICAL_SCORE:
        return 0.0

    def at(log_excess: float) -> float:
        point = CLASSICAL_SCORE + math.exp(log_excess)
        return bits(_Tangent(point, von_neumann_slope(point), von_neumann_entropy(point)), score)

    return max(0.0, _maximum(at, math.log(1e-9), math.log(TSIRELSON_SCORE - CLASSICAL_SCORE - 1e-9)))


def _maximum(value: Callable[[float], float], low: float, high: float) -> float:
    """Searches the largest value on a grid, and then more closely about the best point of it."""
    from scipy.optimize import minimize_scalar

    step = (high - low) / (_GRID - 1)
    grid = [low + step * number for number in range(_GRID)]
    best = max(grid, key=value)
    bounds = (max(low, best - step), min(high, best + step))
    found = minimize_scalar(lambda at: -value(at), bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return max(value(best), -float(found.fun))
