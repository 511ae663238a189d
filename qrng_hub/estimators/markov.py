"""The Markov estimate of NIST SP 800-90B, section 6.3.3: how much the last bit tells of the next."""

from __future__ import annotations

import math

import numpy as np

from qrng_hub.estimators.samples import Samples

_LENGTH = 128
"""The bits of the paths whose probability is bounded."""


def markov_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, of a binary source as a first-order Markov chain.

    Among the paths of 128 bits the most probable is one of six. Raises `SamplesError` below two samples or
    for more than two symbols. Source: SP 800-90B, section 6.3.3.
    """
    samples.need_binary(2, "Markov")
    bits = samples.symbols
    pairs = np.bincount(2 * bits[:-1] + bits[1:], minlength=4).reshape(2, 2)
    (zero_zero, zero_one), (one_zero, one_one) = ([_cost(to, sum(row)) for to in row] for row in pairs.tolist())
    ones = int(np.count_nonzero(bits))
    zero, one = _cost(len(samples) - ones, len(samples)), _cost(ones, len(samples))
    paths = (
        zero + 127 * zero_zero,
        zero + 64 * zero_one + 63 * one_zero,
        zero + zero_one + 126 * one_one,
        one + one_zero + 126 * zero_zero,
        one + 64 * one_zero + 63 * zero_one,
        one + 127 * one_one,
    )
    return min(1.0, min(paths) / _LENGTH)


def _cost(count: int, total: int) -> float:
    """Returns -log2 of a relative frequency: infinite for what never occurs."""
    return math.log2(total / count) if count else math.inf
