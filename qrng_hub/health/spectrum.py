"""What one Fourier transform of a qubit's outcomes shows: a period, a drift, and memory at any lag.

With S_k the transform of n outcomes about their mean, the power of line k is 4 |S_k|^2 / n. For independent outcomes
of one probability p it has a mean of 4 p (1 - p), at most 1, and these bounds hold at every bias:

- A line: the projection of S_k on a direction is a sum of independent terms, of ranges c_t with sum c_t^2 = n / 2, so
  it reaches a with a probability of exp(-4 a^2 / n) at most (Hoeffding, J. Am. Stat. Assoc. 58, 13, 1963). If |S_k| is
  r or more, one of 16 directions has a projection of at least r cos(pi / 16): P(power >= P) <= 16 exp(-0.962 P). The
  line of period 2 has no phase and twice the variance: half its power is counted.
- The lowest m lines together: twice their power is at most the square of a vector of 2 m dimensions whose projections
  are sub-Gaussian of variance 1, so that exp(s x power) is on average no more than (1 - s)^-m (Hsu, Kakade and Zhang,
  Electron. Commun. Probab. 17, 52, 2012), and P(power >= P) <= exp(-(P - m - m ln(P / m))) for P > m.
- A lag: the outcomes but the last l and those but the first l, as two qubits (`qrng_hub.health.correlation`). Given
  how many ones each has, that is exact for lags of half the block or more, where they share none; at shorter lags it
  is the law of outcomes on a circle, nearly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from qrng_hub.health.correlation import tail_bits

Reals = npt.NDArray[np.float64]
Powers = npt.NDArray[np.float32]
Outcomes = npt.NDArray[np.uint8]

LOWEST_LINES = (1, 2, 4, 8, 16, 32, 64)
"""How many of the lowest lines are added up to find a drift."""
FEWEST_OVERLAPPING = 64
"""The least outcomes that a lag compares: fewer show nothing."""
DIRECTIONS, COSINE_SQUARED = 16, math.cos(math.pi / 16) ** 2
_MOST_LAGS = 64
_BITS = math.log2(math.e)


def powers_of(outcomes: Outcomes) -> Powers:
    """Transforms outcomes, zeros and ones of shape (q, n): |S|^2 of n + 1 lines, filled with n zeros behind.

    The even lines are those of the outcomes themselves, and all of them together give the lags. Single precision.
    """
    centred = outcomes.astype(np.float32)
    centred -= outcomes.mean(axis=1, keepdims=True, dtype=np.float32)
    lines = fft.rfft(centred, n=2 * outcomes.shape[1], axis=1)
    return np.asarray(np.square(lines.real) + np.square(lines.imag))


def lines_of(powers: Powers, shots: int) -> Reals:
    """Returns the power of each line of the outcomes but the mean, shape (q, n // 2), from `powers_of` them."""
    lines = powers[:, 2::2].astype(np.float64) * (4 / shots)
    if shots % 2 == 0:
        lines[:, -1] /= 2
    return lines


def spectrum_bits(lines: Reals) -> Reals:
    """Returns how improbable the largest of all lines of each qubit is, in bits, for any of them: shape (q,)."""
    most = lines.max(axis=1)
    return np.asarray(np.maximum(0.0, _BITS * COSINE_SQUARED * most - math.log2(DIRECTIONS * lines.shape[1])))


def drift_bits(lines: Reals) -> Reals:
    """Returns how improbable the power in the lowest lines of each qubit is, in bits, for any of their numbers."""
    counts = [m for m in LOWEST_LINES if m <= lines.shape[1]]
    summed = np.cumsum(lines[:, : counts[-1]], axis=1)
    bits = [lowest_bits(summed[:, m - 1], m) for m in counts]
    return np.asarray(np.maximum(0.0, np.max(bits, axis=0) - math.log2(len(counts))))


def lowest_bits(power: Reals, lines: int) -> Reals:
    """Bounds the tail of the power in so many lines together, in bits, from below."""
    more = np.maximum(power / lines, 1.0)
    return _BITS * lines * (more - 1 - np.log(more))


@dataclass(frozen=True, slots=True)
class Lag:
    """The lag at which one qubit's outcomes depend the most on earlier ones, and how improbable that is, in bits."""

    bits: float
    lag: int


def strongest_lag(powers: Powers, outcomes: Outcomes, least_bits: float) -> Lag:
    """Finds the lag from 2 on of one qubit, whose `powers` are a row; `bits` are for any of the lags.

    `least_bits` are those that matter, the number of lags included: exact tails are taken where a normal one, which may
    be half as many bits, comes that far, and of the largest at any rate.
    """
    shots = outcomes.size
    compared = shots - np.arange(2, shots - FEWEST_OVERLAPPING + 1)
    if not compared.size:
        return Lag(0.0, 0)
    of_lags = fft.irfft(powers, n=2 * shots)[2 : 2 + compared.size]
    variance = float(np.mean(outcomes)) * (1 - float(np.mean(outcomes)))
    scores = np.abs(of_lags) / (np.sqrt(compared) * max(variance, np.finfo(float).tiny))
    chosen = np.flatnonzero(scores >= math.sqrt(least_bits / _BITS))
    if chosen.size > _MOST_LAGS or not chosen.size:
        count = min(_MOST_LAGS, max(chosen.size, 1), scores.size)
        chosen = np.argpartition(-scores, count - 1)[:count]
    bits = [lag_bits(outcomes, int(lag)) for lag in chosen + 2]
    best = int(np.argmax(bits))
    return Lag(max(0.0, bits[best] - math.log2(compared.size)), int(chosen[best]) + 2)


def lag_bits(outcomes: Outcomes, lag: int) -> float:
    """Returns how improbable the agreement of one qubit's outcomes with those of `lag` shots before is, in bits."""
    later, earlier = outcomes[lag:], outcomes[: outcomes.size - lag]
    counts = [np.array([np.count_nonzero(part)], np.int64) for part in (later & earlier, later, earlier)]
    return float(tail_bits(counts[0], later.size, counts[1], counts[2])[0])
