"""The most common value estimate of NIST SP 800-90B, section 6.3.1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng_hub.estimators.confidence import Z_99_PERCENT, min_entropy, upper_bound
from qrng_hub.estimators.samples import Samples


def most_common_value(ones: npt.NDArray[np.int64], samples: int) -> npt.NDArray[np.float64]:
    """Estimates the min-entropy of binary sources from how often each gave a one.

    `ones` is int64 of any shape, out of `samples` each; the result has its shape and is in bits per
    sample: -log2 of the 99 % upper bound of the more common value's probability. Raises
    `ValueError` below two samples. Source: SP 800-90B, section 6.3.1.

    >>> float(most_common_value(np.array([0]), 1000)[0])
    0.0
    """
    if samples < 2:
        raise ValueError(f"the most common value estimate needs at least 2 samples, not {samples}")
    p = np.maximum(ones, samples - ones) / samples
    upper = np.minimum(1.0, p + Z_99_PERCENT * np.sqrt(p * (1 - p) / (samples - 1)))
    return np.abs(np.log2(upper))


def most_common_value_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, of a source of any alphabet from its most common symbol.

    Raises `SamplesError` below two samples. Source: SP 800-90B, section 6.3.1.
    """
    samples.need(2, "most common value")
    most = int(np.bincount(samples.symbols).max())
    return min_entropy(upper_bound(most / len(samples), len(samples)))
