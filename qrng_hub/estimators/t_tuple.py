"""The t-tuple estimate of NIST SP 800-90B, section 6.3.5: how common the most common tuples are."""

from __future__ import annotations

import numpy as np

from qrng_hub.errors import SamplesError
from qrng_hub.estimators.confidence import min_entropy, upper_bound
from qrng_hub.estimators.samples import Samples
from qrng_hub.estimators.tuples import CUTOFF


def t_tuple_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, from the most common tuple of each length.

    The lengths are those at which a tuple occurs 35 times. Raises `SamplesError` if no symbol does, or below two
    samples. Source: SP 800-90B, section 6.3.5.
    """
    samples.need(2, "t-tuple")
    counts, n = samples.tuples, len(samples)
    if not counts.longest_common:
        enough = (CUTOFF - 1) * samples.alphabet + 1
        raise SamplesError(
            f"the t-tuple estimate needs a symbol that occurs {CUTOFF} times: with {samples.alphabet} symbols "
            f"{enough:,} samples are always enough, not {n:,}"
        )
    t = np.arange(1, counts.longest_common + 1)
    p = float(np.max((counts.most[t] / (n - t + 1)) ** (1 / t)))
    return min_entropy(upper_bound(p, n))
