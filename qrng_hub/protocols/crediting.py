"""Exact bounds on the min-entropy of each qubit, from counts: what may be credited, with its probability of error.

A bound is of one qubit at a time and never pooled: a qubit stuck at 0 and one stuck at 1 are a fair coin on average.

Probabilities are bounded as Clopper and Pearson do (Biometrika 26, 404, 1934), one side at a time, from the binomial
tail itself. `epsilon` is always for all qubits together, epsilon / q for each, by the union bound.

Readout noise may be known to an adversary. With e0 = P(1 | 0), e1 = P(0 | 1) and q = P(1) of the state before readout,
the readout is faithful in 1 - e0 - e1 of all shots and otherwise gives a fixed value, so the outcome is guessed with

    P_guess = (1 - e0 - e1) max(q, 1 - q) + e0 + e1.

Of what is observed, p = P(outcome 1) = e0 + (1 - e0 - e1) q, it is P_guess = max(1 - p + e0, p + e1): in this form each
branch rises or falls with every rate, so the worst of a box of rates is at the ends that are put in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

from qrng_hub.records import Record

EPSILON_CREDIT = 2**-32
"""The most that the probability of crediting any qubit of a block too much may be, unless the caller sets it."""
ASSUMPTIONS = (
    "each qubit's outcomes are independent of one another and identically distributed",
    "the qubits are independent of one another",
    "before the readout nobody holds information on a qubit's outcome: decoherence is not discounted",
    "the provider reports what was measured, and keeps no copy that an adversary reads",
)
READOUT_UNKNOWN = "nobody knows more of a qubit's readout noise than its outcomes show"
READOUT_COUNTED = "a qubit's readout errs in the calibration circuits as it does in the circuit that is credited"
READOUT_PUBLISHED = "a qubit's readout errs no more than its vendor published, by the larger figure where two differ"

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How many ones each qubit gave, int64 of shape (q,), out of `shots` each.

    Raises `ValueError` for counts that so many shots cannot give.
    """

    ones: npt.NDArray[np.int64]
    shots: int

    def __post_init__(self) -> None:
        if self.ones.ndim != 1 or not np.issubdtype(self.ones.dtype, np.integer):
            raise ValueError(f"counts of ones are one whole number a qubit, not {self.ones.dtype} {self.ones.shape}")
        if self.shots < 1 or not ((self.ones >= 0) & (self.ones <= self.shots)).all():
            raise ValueError(
                f"{self.shots} shots of a qubit give from 0 to {self.shots} ones, and at least one is needed"
            )


@dataclass(frozen=True, slots=True, eq=False)
class CountedReadout:
    """Readout errors as calibration circuits counted them: every qubit prepared in |0>, and in |1>.

    What goes wrong in preparing counts as readout error, which can only lower the credit.
    """

    prepared_zero: Counts
    prepared_one: Counts
    assumption = READOUT_COUNTED

    def at_most(self, epsilon: float) -> tuple[Reals, Reals]:
        """Bounds (e0, e1) from above, each with a probability of error of `epsilon`."""
        zero, one = self.prepared_zero, self.prepared_one
        return upper_bound(zero.ones, zero.shots, epsilon), upper_bound(one.shots - one.ones, one.shots, epsilon)


@dataclass(frozen=True, slots=True, eq=False)
class PublishedReadout:
    """Readout errors as a vendor published them, at their word: P(1 | 0) and P(0 | 1) of each qubit, shape (q,).

    Raises `ValueError` for what is no probability.
    """

    flip_0_to_1: Reals
    flip_1_to_0: Reals
    unpublished: tuple[int, ...] = ()
    """Physical qubits that were given the worst rates of their device, for want of their own."""

    def __post_init__(self) -> None:
        for rate in (self.flip_0_to_1, self.flip_1_to_0):
            if not ((rate >= 0) & (rate <= 1)).all():
                raise ValueError("a published readout error is a probability, from 0 to 1, of each qubit")

    @property
    def assumption(self) -> str:
        """What is taken for granted of the rates."""
        if not self.unpublished:
            return READOUT_PUBLISHED
        qubits = ", ".join(map(str, self.unpublished))
        return f"{READOUT_PUBLISHED}; no more than the worst of the device where nothing is published (qubits {qubits})"

    def at_most(self, epsilon: float) -> tuple[Reals, Reals]:
        """Returns (e0, e1): rates without counts have no probability of error."""
        return self.flip_0_to_1, self.flip_1_to_0


Readout = CountedReadout | PublishedReadout


class QubitCredit(Record):
    """The min-entropy of each qubit by each method, in bits a shot; the smallest is credited."""

    epsilon: float
    """The probability that any of the bounds on its qubits is wrong; `estimated` is no bound and has no part in it."""
    counted_bits_per_qubit: tuple[float, ...]
    """The bound from how often each qubit gave a one."""
    calibrated_bits_per_qubit: tuple[float, ...] | None
    """The bound when an adversary knows the readout noise; None where the readout was not calibrated."""
    estimated_bits_per_qubit: tuple[float, ...] | None
    """What estimators make of the outcomes themselves (SP 800-90B section 6); None where they were not asked."""
    assumptions: tuple[str, ...]

    @cached_property
    def credited_bits_per_qubit(self) -> tuple[float, ...]:
        """The smallest of the values there are, qubit by qubit."""
        values = (self.counted_bits_per_qubit, self.calibrated_bits_per_qubit, self.estimated_bits_per_qubit)
        return tuple(min(bits) for bits in zip(*(known for known in values if known is not None), strict=True))

    @cached_property
    def credited_bits_per_shot(self) -> float:
        """The credit of all qubits added up, in bits."""
        return float(sum(self.credited_bits_per_qubit))


def credit_qubits(
    outcomes: Counts,
    readout: Readout | None = None,
    estimated_bits_per_qubit: Sequence[float] | None = None,
    epsilon: float = EPSILON_CREDIT,
) -> QubitCredit:
    """Credits each qubit with the smallest of its bounds and estimates.

    Two bounds cost one epsilon: the smallest is too much only if the calibrated bound is. Raises `ValueError` for a
    calibration or estimates of another number of qubits.
    """
    qubits, estimates = outcomes.ones.size, estimated_bits_per_qubit
    if estimates is not None and len(estimates) != qubits:
        raise ValueError(f"there are estimates of {len(estimates)} qubits, and the outcomes are of {qubits}")
    calibrated = None if readout is None else tuple(credit_calibrated(outcomes, readout, epsilon).tolist())
    return QubitCredit(
        epsilon=epsilon,
        counted_bits_per_qubit=tuple(credit_counts(outcomes, epsilon).tolist()),
        calibrated_bits_per_qubit=calibrated,
        estimated_bits_per_qubit=None if estimates is None else tuple(estimates),
        assumptions=(*ASSUMPTIONS, readout.assumption if readout else READOUT_UNKNOWN),
    )


def credit_counts(outcomes: Counts, epsilon: float = EPSILON_CREDIT) -> Reals:
    """Bounds the min-entropy of each qubit from its counts, in bits a shot, shape (q,): -log2 of max(p, 1 - p) at most.

    Both sides are bounded, each with all of epsilon / q. Nothing is split: if p >= 1/2 the bound is wrong only if
    that on p is, and otherwise only if that on 1 - p is, and which of them it is does not depend on the data.
    """
    each = _share(epsilon, outcomes)
    return _bits(upper_bound(np.maximum(outcomes.ones, outcomes.shots - outcomes.ones), outcomes.shots, each))


def credit_calibrated(outcomes: Counts, readout: Readout, epsilon: float = EPSILON_CREDIT) -> Reals:
    """Bounds the min-entropy of each qubit against one who knows its readout noise, in bits a shot, shape (q,).

    P_guess is the larger of 1 - p + e0 and p + e1 (see the module). Whichever is the larger in truth, its bound takes
    two rates, so each of the four rates is bounded with half of epsilon / q, and the bound on P_guess is wrong with at
    most epsilon / q. A qubit whose readout may give 1 for |0> as often as for |1> is credited nothing. Raises
    `ValueError` if the calibration is of another number of qubits.
    """
    each = _share(epsilon, outcomes) / 2
    flip_0_to_1, flip_1_to_0 = readout.at_most(each)
    if not outcomes.ones.shape == flip_0_to_1.shape == flip_1_to_0.shape:
        raise ValueError(
            f"the calibration is of {flip_0_to_1.size} and {flip_1_to_0.size} qubits, and the outcomes are of"
            f" {outcomes.ones.size}: calibrate the qubits that were measured, in their order"
        )
    one = upper_bound(outcomes.ones, outcomes.shots, each)
    zero = upper_bound(outcomes.shots - outcomes.ones, outcomes.shots, each)
    return _bits(np.maximum(zero + flip_0_to_1, one + flip_1_to_0))


def readout_bits(one: npt.ArrayLike, flip_0_to_1: npt.ArrayLike, flip_1_to_0: npt.ArrayLike) -> Reals:
    """Returns the min-entropy that known readout noise leaves of qubits with P(1) = `one` before it, in bits a shot.

    The rates are taken as exact; see the module for the formula.

    >>> readout_bits([0.5, 0.5], [0.0, 0.1], [0.0, 0.15]).round(4).tolist()
    [1.0, 0.6781]
    """
    q, noise = np.asarray(one, np.float64), np.asarray(flip_0_to_1, np.float64) + np.asarray(flip_1_to_0, np.float64)
    return _bits((1 - noise) * np.maximum(q, 1 - q) + noise)


def upper_bound(successes: npt.NDArray[np.int64], trials: int, epsilon: float) -> Reals:
    """Bounds probabilities from above: the p at which so few successes or fewer come with probability `epsilon`.

    The bound is below the true probability in at most `epsilon` of all experiments (Clopper and Pearson, one side).
    """
    # The complement's inverse takes epsilon itself: 1 - epsilon would lose the digits of an epsilon this small.
    inverse = special.betainccinv(successes + 1.0, np.maximum(trials - successes, 1.0), epsilon)
    return np.where(successes < trials, inverse, 1.0)


def _share(epsilon: float, outcomes: Counts) -> float:
    """Shares a probability of error out over the qubits."""
    if not 0 < epsilon < 1:
        raise ValueError(f"a probability of error lies between 0 and 1, and is not {epsilon}")
    return epsilon / max(1, outcomes.ones.size)


def _bits(guess: Reals) -> Reals:
    return np.abs(np.log2(np.minimum(guess, 1.0)))
