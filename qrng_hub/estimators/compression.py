"""The compression estimate of NIST SP 800-90B, section 6.3.4: Maurer's universal statistic on blocks of 6 bits."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from qrng_hub.estimators.bisection import where_decreasing
from qrng_hub.estimators.compiled import compiled
from qrng_hub.estimators.confidence import Z_99_PERCENT, min_entropy
from qrng_hub.estimators.samples import Samples

_BLOCK_BITS = 6
_BLOCKS = 2**_BLOCK_BITS
_TRAINING_BLOCKS = 1000
_DEVIATION_FACTOR = 0.5907
_NEGLIGIBLE = 1e-40
"""Below it (1 - z)^u adds nothing, and smaller numbers are slow."""


def compression_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, of a binary source from how long ago each block came last.

    The mean of log2 of that distance is solved for the probability p of the most common block, the others being
    equally probable. Raises `SamplesError` below 6,012 samples or for more than two symbols.
    Source: SP 800-90B, section 6.3.4.
    """
    samples.need_binary(_BLOCK_BITS * (_TRAINING_BLOCKS + 2), "compression")
    distances = _distances(samples.symbols)
    logarithms = np.log2(distances[_TRAINING_BLOCKS:])
    tested, mean = logarithms.size, logarithms.mean()
    variance = (logarithms**2).sum() / (tested - 1) - mean**2
    least = float(mean - Z_99_PERCENT * _DEVIATION_FACTOR * math.sqrt(variance / tested))
    log_of = np.log2(np.arange(1, distances.size + 1))

    def expected(p: float) -> float:
        others = (1 - p) / (_BLOCKS - 1)
        return float(expectation(p, log_of) + (_BLOCKS - 1) * expectation(others, log_of)) / tested

    if expected(1 / _BLOCKS) <= least:
        return 1.0
    return min_entropy(where_decreasing(expected, least, 1 / _BLOCKS, 1.0)) / _BLOCK_BITS


def _distances(bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Returns how many blocks ago each came last; one that never came, as if before the first."""
    blocks = bits[: bits.size // _BLOCK_BITS * _BLOCK_BITS].reshape(-1, _BLOCK_BITS) @ _PLACES
    order = np.argsort(blocks, kind="stable")
    last = np.concatenate([[-1], order[:-1]])
    last[np.flatnonzero(np.diff(blocks[order], prepend=255))] = -1
    distances = np.empty_like(order)
    distances[order] = order - last
    return distances


_PLACES = (1 << np.arange(_BLOCK_BITS)[::-1]).astype(np.uint8)


@compiled
def expectation(z: float, log_of: npt.NDArray[np.float64]) -> float:
    """Sums over the tested blocks what one of probability z adds to the expected log2 of the distance.

    It is G(z) of step 7 times the tested blocks, its double sum in one pass; `log_of` holds log2 of 1 to all blocks.
    """
    blocks = log_of.size
    total, never_until_now = 0.0, 1.0
    for before in range(blocks):
        distance = before + 1
        first = 1.0 if distance > _TRAINING_BLOCKS else 0.0
        again = min(blocks - _TRAINING_BLOCKS, blocks - distance)
        total += never_until_now * log_of[before] * (z * again + first)
        never_until_now *= 1 - z
        if never_until_now < _NEGLIGIBLE:
            break
    return z * total
