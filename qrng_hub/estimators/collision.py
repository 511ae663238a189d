"""The collision estimate of NIST SP 800-90B, section 6.3.2: how soon a value comes again."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from qrng_hub.estimators.compiled import compiled
from qrng_hub.estimators.confidence import Z_99_PERCENT, min_entropy
from qrng_hub.estimators.samples import Samples


def collision_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, of a binary source from the waits until a value recurs.

    A wait is of 2 or 3 samples, 2 + 2p(1 - p) on average, which is solved for p. Raises `SamplesError` below
    6 samples or for more than two symbols. Source: SP 800-90B, section 6.3.2.
    """
    samples.need_binary(6, "collision")
    short, long = _count_waits(samples.symbols)
    waits = short + long
    mean = (2 * short + 3 * long) / waits
    deviation = math.sqrt(short * long / (waits * (waits - 1)))
    least = max(2.0, mean - Z_99_PERCENT * deviation / math.sqrt(waits))
    return min_entropy(0.5 + math.sqrt(1.25 - least / 2)) if least < 2.5 else 1.0


@compiled
def _count_waits(bits: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Counts the waits of 2 and of 3 samples; one that does not end is left out."""
    short = long = start = 0
    while start < bits.size - 1:
        if bits[start] == bits[start + 1]:
            short += 1
            start += 2
        else:
            long += start < bits.size - 2
            start += 3
    return short, long
