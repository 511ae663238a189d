"""What whole shots show: stretches of them that are copies of others, and an order that no device measures in.

With y the outcomes of a qubit about their mean, the sum over qubits and shots of 4 y_t y_(t + l) at lag l is a sum of
martingale differences, each of a range of 4 |y_t| given what was before. By Hoeffding's lemma it reaches a with a
probability of 2 exp(-a^2 / 2 V) at most, V the sum of 4 y_t^2, which is at most that of 4 max(p, 1 - p)^2.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import fft

from qrng_hub.bits import Packed
from qrng_hub.health.spectrum import FEWEST_OVERLAPPING

Reals = npt.NDArray[np.float64]

FIRST_LAG = 2
"""The least lag at which shots are compared: that of one is each qubit's own test."""
_ROWS_AT_ONCE = 4096


def strongest_copy(summed_powers: Reals, shots: int, shares: Reals) -> tuple[float, int]:
    """Finds the lag at which all qubits together repeat themselves the most; returns bits, for any lag, and the lag.

    `summed_powers` are `powers_of` the qubits added up, and `shares` of ones are those of each qubit.
    """
    lags = np.arange(FIRST_LAG, shots - FEWEST_OVERLAPPING + 1)
    if not lags.size or not shares.size:
        return 0.0, 0
    sums = 4 * fft.irfft(summed_powers, n=2 * shots)[lags]
    variances = float(np.sum(4 * np.maximum(shares, 1 - shares) ** 2)) * (shots - lags)
    bits = np.square(sums) / (2 * variances) * math.log2(math.e) - 1
    best = int(np.argmax(bits))
    return max(0.0, float(bits[best]) - math.log2(lags.size)), int(lags[best])


def are_sorted(outcomes: Packed) -> bool:
    """Whether shots stand in ascending or descending order, read from either end: a list made from counts does.

    Chance puts n different shots in one of these orders with a probability of 4 / n!.
    """
    return _in_order(outcomes, 1) or _in_order(outcomes, -1)


def _in_order(outcomes: Packed, step: int) -> bool:
    """Whether shots, read in this direction, only rise or only fall; shots that are all alike do neither."""
    rises = falls = False
    for start in range(0, len(outcomes) - 1, _ROWS_AT_ONCE):
        rows = np.unpackbits(outcomes[start : start + _ROWS_AT_ONCE + 1], axis=1)[:, ::step].astype(np.int8)
        changes = rows[1:] - rows[:-1]
        first = changes[np.arange(len(changes)), np.argmax(changes != 0, axis=1)]
        rises, falls = rises or bool((first > 0).any()), falls or bool((first < 0).any())
        if rises and falls:
            return False
    return rises or falls
