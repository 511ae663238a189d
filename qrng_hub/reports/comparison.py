"""What the outcomes of one backend say: measures of each qubit with their intervals, bounds, and what is found.

Repeats are bounded each by itself, as the blocks of a draw are. Everything else is of all repeats, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from qrng_hub.errors import HealthTestError
from qrng_hub.estimators import most_common_value
from qrng_hub.protocols.crediting import Counts, PublishedReadout, credit_counts, upper_bound
from qrng_hub.protocols.judging import judged
from qrng_hub.records import Interval, Measures, Pair, QubitMeasures, RawBlock
from qrng_hub.reports.comparison_findings import findings
from qrng_hub.reports.comparison_patterns import patterns
from qrng_hub.reports.comparison_tests import Evidence, Outcomes, evidence

CONFIDENCE = 0.99
PASSED = "passed"
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """One job's outcomes, their bound in bits a shot of each qubit, and how the health tests ended.

    The bound is 0 if a test failed: a draw would discard the block.
    """

    block: RawBlock
    bound_bits: Reals
    credited_bits: float
    health: str


def bounded(blocks: Sequence[RawBlock], readout: PublishedReadout | None, health_alpha: float) -> Repeat:
    """Tests and bounds the first block as a draw does; two more, if there are, are its readout's calibration.

    Raises `ReconstructedMeasurementsError` for shots not as measured.
    """
    block = blocks[0]
    try:
        _, credit = judged(blocks, readout, health_alpha)
    except HealthTestError as error:
        return Repeat(block, np.zeros(len(block.qubits)), 0.0, str(error))
    return Repeat(block, np.array(credit.bound_bits_per_qubit), credit.credited_bits, PASSED)


def measured(repeats: Sequence[Repeat], alpha: float) -> Measures:
    """Measures all repeats on one backend; `alpha` is the chance that anything is found if it is faultless."""
    blocks = [repeat.block for repeat in repeats]
    outcomes = Outcomes.of(blocks)
    shots, ones = outcomes.shots, outcomes.ones
    seen = evidence(outcomes)
    bound = np.average([repeat.bound_bits for repeat in repeats], axis=0, weights=outcomes.shots_each)
    pooled = credit_counts(Counts(ones.sum(keepdims=True), shots * ones.size))
    return Measures(
        shots=shots,
        qubits=_qubits(outcomes, seen, bound),
        bound_bits_per_shot=float(bound.sum()),
        pooled_bits_per_shot=float(pooled[0]) * ones.size,
        strongest_pair=_strongest(outcomes, seen),
        findings=findings(outcomes, seen, alpha, [one.health for one in repeats if one.health != PASSED]),
        patterns=patterns(outcomes, blocks, float(repeats[0].bound_bits.sum()), CONFIDENCE),
    )


def _qubits(outcomes: Outcomes, seen: Evidence, bound: Reals) -> tuple[QubitMeasures, ...]:
    shots, ones = outcomes.shots, outcomes.ones
    low, high = share_interval(ones, shots)
    estimates = most_common_value(ones, shots)
    return tuple(
        QubitMeasures(
            qubit=int(qubit),
            ones=int(ones[i]),
            p_one=Interval(value=float(ones[i] / shots), low=float(low[i]), high=float(high[i])),
            min_entropy_bits=_entropy(float(ones[i] / shots), float(low[i]), float(high[i])),
            most_common_value_bits=float(estimates[i]),
            bound_bits=float(bound[i]),
            lag_one=_correlation(float(seen.lag_one[i]), shots - 1),
            drift_p_value=None if seen.drift is None else float(seen.drift[i]),
        )
        for i, qubit in enumerate(outcomes.qubits)
    )


def _strongest(outcomes: Outcomes, seen: Evidence) -> Pair | None:
    if not seen.pairs.size:
        return None
    first, second = outcomes.pair(int(np.argmin(seen.pair_logs)))
    return Pair(
        qubits=(int(outcomes.qubits[first]), int(outcomes.qubits[second])),
        correlation=_correlation(outcomes.correlation(first, second), outcomes.shots),
        p_value=float(seen.pairs.min()),
    )


def share_interval(ones: npt.NDArray[np.int64], shots: int) -> tuple[Reals, Reals]:
    """Returns the ends of the exact interval of shares, at `CONFIDENCE` (Clopper and Pearson, 1934)."""
    each = (1 - CONFIDENCE) / 2
    return 1 - upper_bound(shots - ones, shots, each), upper_bound(ones, shots, each)


def _entropy(share: float, low: float, high: float) -> Interval:
    """Turns an interval of P(1) into that of the min-entropy, which is highest at 1/2 and falls to both sides."""
    nearest = min(max(0.5, low), high)
    bits = [float(abs(np.log2(max(p, 1 - p)))) for p in (share, low, high, nearest)]
    return Interval(value=bits[0], low=min(bits[1:3]), high=bits[3])


def _correlation(value: float, samples: int) -> Interval:
    """Brackets a coefficient of correlation by Fisher's z (1921); asymptotic."""
    if samples <= 3 or abs(value) >= 1:
        return Interval(value=value, low=-1.0, high=1.0)
    half = float(special.ndtri(1 - (1 - CONFIDENCE) / 2)) / np.sqrt(samples - 3)
    centre = np.arctanh(value)
    return Interval(value=value, low=float(np.tanh(centre - half)), high=float(np.tanh(centre + half)))
