"""The longest repeated substring (LRS) estimate of NIST SP 800-90B, section 6.3.6: how often long tuples collide."""

from __future__ import annotations

import numpy as np

from qrng_hub.errors import SamplesError
from qrng_hub.estimators.confidence import min_entropy, upper_bound
from qrng_hub.estimators.samples import Samples
from qrng_hub.estimators.tuples import CUTOFF


def lrs_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, from how often tuples recur that are too rare for the t-tuple.

    Raises `SamplesError` if no tuple recurs that occurs fewer than 35 times, or below two samples.
    Source: SP 800-90B, section 6.3.6.
    """
    samples.need(2, "LRS")
    counts, n = samples.tuples, len(samples)
    if counts.longest == counts.longest_common:
        raise SamplesError(
            f"the LRS estimate needs a tuple that recurs and is of a length at which none occurs {CUTOFF} times: "
            f"the {n:,} samples have none"
        )
    t = np.arange(counts.longest_common + 1, counts.longest + 1)
    p = float(np.max((counts.pairs[t] / ((n - t) * (n - t + 1) // 2)) ** (1 / t)))
    return min_entropy(upper_bound(p, n))
