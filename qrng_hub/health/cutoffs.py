"""The cut-offs of the health tests of NIST SP 800-90B, section 4.4, for bits of a claimed min-entropy.

A claim is in bits of min-entropy a sample. The null hypothesis of every cut-off: samples are independent, and no value
of a sample is more probable than 2^-claim. The outcomes of several qubits in turn are samples with a cycle of claims.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

Claims = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

WINDOW = 1024
"""The samples of a window of the adaptive proportion test for a binary source (section 4.4.2)."""
_ROUNDING = 1e-9
"""Bits by which a sum of claims may fall short of a whole number merely because it was rounded."""


def least_refutable_bits(alpha: float) -> float:
    """Returns the least claim that a test can refute: below it, a stuck source reaches no cut-off within a window."""
    return -math.log2(alpha) / (WINDOW - 1)


def repetition_cutoff(claims: Claims, alpha: float) -> Counts:
    """Returns how many times in a row a value must come to fail: C = 1 + ceil(-log2(alpha) / H).

    Claims of any shape, all above 0. Source: SP 800-90B, section 4.4.1.

    >>> repetition_cutoff(np.array([1.0, 0.5]), 2**-20).tolist()
    [21, 41]
    """
    return 1 + np.ceil(-math.log2(alpha) / claims).astype(np.int64)


def repetition_cutoff_in_turn(claims: Claims, alpha: float) -> int:
    """Returns the cut-off of samples whose claims come in this cycle, for runs that begin anywhere in it.

    With one claim for all it is that of section 4.4.1.
    """
    needed = -math.log2(alpha) - _ROUNDING
    cycles = math.ceil(needed / claims.sum()) + 2
    gained = np.concatenate([[0.0], np.cumsum(np.tile(claims, cycles))])
    starts = np.arange(claims.size)
    return 1 + int((np.searchsorted(gained, gained[starts] + needed) - starts).max())


def proportion_cutoff(claims: Claims, alpha: float, window: int = WINDOW) -> Counts:
    """Returns how often a window's first value must come in it to fail: C = 1 + critbinom(W, 2^-H, 1 - alpha).

    Claims of any shape. Source: SP 800-90B, section 4.4.2.

    >>> proportion_cutoff(np.array([1.0, 0.5]), 2**-20).tolist()
    [589, 793]
    """
    probability = np.exp2(-claims)
    # The tail itself is compared with alpha: 1 - alpha would keep only half of alpha's digits.
    low, high = np.full(claims.shape, -1), np.full(claims.shape, window)
    while (high - low > 1).any():
        middle = (low + high) // 2
        rare = binomial_tail(middle + 1, window, probability) <= alpha
        low, high = np.where(rare, low, middle), np.where(rare, middle, high)
    return 1 + high.astype(np.int64)


def claim_in_turn(claims: Claims, window: int = WINDOW) -> float:
    """Returns the claim that bounds a window of samples whose claims come in this cycle.

    It is of the mean of the probabilities, wherever the window begins: far enough above its mean, a sum of
    independent trials is at most as likely as if each had the mean probability (Hoeffding 1956,
    On the distribution of the number of successes in independent trials).
    """
    summed = np.concatenate([[0.0], np.cumsum(np.tile(np.exp2(-claims), window // claims.size + 2))])
    starts = np.arange(claims.size)
    compared = window - 1  # the first sample of a window is what the others are compared with
    return float(-np.log2(min(1.0, (summed[starts + compared] - summed[starts]).max() / compared)))


def repetition_level(claims: Claims, cutoffs: Counts) -> Claims:
    """Returns the probability that the samples after a given one make a run of `cutoffs`: at most alpha."""
    return np.exp2(-claims * (cutoffs - 1))


def proportion_level(claims: Claims, cutoffs: Counts, window: int = WINDOW) -> Claims:
    """Returns the probability that a window fails, its first sample being given.

    The standard's cut-off takes all W samples for trials, but the first always counts: for alpha = 2^-30 this may
    exceed alpha by a fifth.
    """
    return binomial_tail(cutoffs - 1, window - 1, np.exp2(-claims))


def binomial_tail(least: Counts, trials: int, probability: Claims) -> Claims:
    """Returns P(X >= least) of a binomial X, exact to some 1e-12 of itself however small; `least` from 0 to trials."""
    successes = np.maximum(least, 1)
    tail = special.betainc(successes, trials - successes + 1.0, probability)
    return np.where(least > 0, tail, 1.0)
