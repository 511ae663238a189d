"""The 99 % confidence bounds that the estimates of NIST SP 800-90B, section 6.3, share."""

from __future__ import annotations

import math

Z_99_PERCENT = 2.5758293035489008
"""The standard normal quantile of 0.995, which makes the upper bound one of 99 %."""


def upper_bound(probability: float, trials: int) -> float:
    """Returns the 99 % upper bound of a probability seen in so many trials, 1 at most.

    Source: SP 800-90B, section 6.3.1, step 2.
    """
    return min(1.0, probability + Z_99_PERCENT * math.sqrt(probability * (1 - probability) / (trials - 1)))


def min_entropy(probability: float) -> float:
    """Returns -log2 of a probability: min-entropy in bits, never -0.0."""
    return abs(math.log2(probability))
