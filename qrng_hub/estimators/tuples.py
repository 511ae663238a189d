"""How often tuples of every length recur in a sequence, from its suffix array: for sections 6.3.5 and 6.3.6."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydivsufsort import divsufsort, kasai

from qrng_hub.estimators.compiled import compiled

CUTOFF = 35
"""A tuple that is seen so often tells its probability; sections 6.3.5, step 1, and 6.3.6, step 1."""


@dataclass(frozen=True, eq=False)
class TupleCounts:
    """For each length t, from 0 to the longest that occurs twice: int64 each.

    `most[t]` is how often the most common t-tuple occurs, `pairs[t]` how many pairs of positions hold equal t-tuples.
    """

    most: npt.NDArray[np.int64]
    pairs: npt.NDArray[np.int64]

    @property
    def longest(self) -> int:
        """The length of the longest tuple that occurs twice: v in the standard."""
        return self.most.size - 1

    @property
    def longest_common(self) -> int:
        """The length of the longest tuple that occurs 35 times: t in section 6.3.5, u - 1 in 6.3.6."""
        return int(np.count_nonzero(self.most[1:] >= CUTOFF))


def count_tuples(symbols: npt.NDArray[np.uint8]) -> TupleCounts:
    """Counts the recurring tuples of a sequence: uint8 of shape (n,), in time and memory linear in n."""
    if symbols.size < 2:
        empty = np.array([symbols.size])
        return TupleCounts(empty, empty)
    common_prefixes = kasai(symbols, divsufsort(symbols))
    most, pairs = _count(common_prefixes, int(common_prefixes.max()))
    return TupleCounts(np.maximum.accumulate(most[::-1])[::-1], np.cumsum(pairs)[:-1])


@compiled
def _count(common_prefixes: npt.NDArray[np.int32], longest: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Walks the intervals of the suffix array whose suffixes share a prefix, in the order in which they end.

    An interval of w suffixes that share t symbols, within one that shares s, holds w equal tuples of each length
    s + 1 to t. `most` is set at t only, and `pairs` holds the steps of w(w - 1)/2 at s + 1 and t + 1.
    """
    most = np.zeros(longest + 1, np.int64)
    pairs = np.zeros(longest + 2, np.int64)
    lengths = np.zeros(longest + 2, np.int64)
    starts = np.zeros(longest + 2, np.int64)
    top = 0
    most[0] = common_prefixes.size
    for end in range(common_prefixes.size):
        shared = common_prefixes[end]
        start = end
        while lengths[top] > shared:
            start = starts[top]
            width = end + 1 - start
            outer = max(lengths[top - 1], shared)
            most[lengths[top]] = max(most[lengths[top]], width)
            pairs[outer + 1] += width * (width - 1) // 2
            pairs[lengths[top] + 1] -= width * (width - 1) // 2
            top -= 1
        if lengths[top] < shared:
            top += 1
            lengths[top] = shared
            starts[top] = start
    return most, pairs
