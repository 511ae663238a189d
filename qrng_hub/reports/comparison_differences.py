"""Which backends differ in the min-entropy of their qubits, and of which that cannot be said.

Every two are compared by the Mann-Whitney U test on how far each qubit's share of ones is from 1/2 in as many shots of
each, in its normal approximation with corrections for ties and continuity (Mann and Whitney, Ann. Math. Statist. 18,
50, 1947). If the qubits of both are drawn from one population, p is right; Holm's step-down correction (Scand. J.
Statist. 6, 65, 1979) makes the chance of any false difference at most alpha.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import special

from qrng_hub.records import Difference
from qrng_hub.reports.comparison_tests import Outcomes

TEST = "Mann-Whitney U test of how far the qubits' shares of ones are from 1/2, with Holm's correction"
Reals = npt.NDArray[np.float64]


def differences(outcomes: Mapping[str, Outcomes], alpha: float) -> tuple[Difference, ...]:
    """Compares every two backends by address; the surest difference first."""
    pairs = [_compared(one, other, outcomes) for one, other in combinations(outcomes, 2)]
    adjusted = holm([pair[-1] for pair in pairs])
    made = [_difference(*pair, held, alpha) for pair, held in zip(pairs, adjusted, strict=True)]
    return tuple(sorted(made, key=lambda one: (one.p_value_holm, one.p_value, one.better, one.worse)))


def mann_whitney(first: Reals, second: Reals) -> tuple[float, float]:
    """Returns how often a value of `first` is below one of `second`, a tie counting half, and the two-sided p.

    >>> mann_whitney(np.array([1.0, 2.0]), np.array([3.0, 4.0]))[0]
    1.0
    """
    both = np.concatenate([first, second])
    n, m, total = first.size, second.size, both.size
    _, place, ties = np.unique(both, return_inverse=True, return_counts=True)
    ranks = np.cumsum(ties)[place] - (ties[place] - 1) / 2
    above = ranks[:n].sum() - n * (n + 1) / 2
    variance = n * m / 12 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    stray = max(0.0, abs(above - n * m / 2) - 0.5)
    p = float(2 * special.ndtr(-stray / np.sqrt(variance))) if variance else 1.0
    return float(1 - above / (n * m)), min(1.0, p)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusts p-values for their number by Holm's step-down correction.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    adjusted = np.empty_like(p)
    adjusted[order] = stepped
    return tuple(adjusted.tolist())


def _compared(one: str, other: str, outcomes: Mapping[str, Outcomes]) -> tuple[str, str, int, float, float]:
    """Returns the better, the other, the shots of each, how often a qubit of the better is better, and p."""
    shots = min(outcomes[one].shots, outcomes[other].shots) // 8 * 8
    below, p = mann_whitney(_stray(outcomes[one], shots), _stray(outcomes[other], shots))
    return (one, other, shots, below, p) if below >= 0.5 else (other, one, shots, 1 - below, p)


def _stray(outcomes: Outcomes, shots: int) -> Reals:
    """Returns how far each qubit's share of ones is from 1/2 in its first shots, a multiple of 8."""
    ones = np.bitwise_count(outcomes.columns[:, : shots // 8]).sum(axis=1, dtype=np.int64)
    return np.asarray(np.abs(2 * ones - shots) / (2 * shots))


def _difference(
    better: str, worse: str, shots: int, superiority: float, p: float, held: float, alpha: float
) -> Difference:
    is_real = held < alpha
    sentence = (
        f"{better} is better than {worse}: in {superiority:.0%} of all pairs of their qubits its own has more"
        f" min-entropy (p = {held:.1e})"
        if is_real
        else f"{better} and {worse} cannot be told apart by their qubits' min-entropy (p = {held:.2g})"
    )
    return Difference(
        better=better, worse=worse, shots=shots, superiority=superiority, p_value=p, p_value_holm=held,
        is_real=is_real, sentence=sentence,
    )  # fmt: skip
