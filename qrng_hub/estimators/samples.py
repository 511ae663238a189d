"""The samples that the estimates of NIST SP 800-90B, section 6.3, are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qrng_hub.errors import SamplesError

if TYPE_CHECKING:
    from qrng_hub.estimators.tuples import TupleCounts


@dataclass(frozen=True, eq=False)
class Samples:
    """Consecutive samples: uint8 of shape (n,), relabelled 0 to `alphabet` - 1 so that each symbol occurs.

    The order of the symbols is kept: estimates break ties by it.
    """

    symbols: npt.NDArray[np.uint8]
    alphabet: int

    @classmethod
    def of(cls, symbols: npt.NDArray[np.uint8]) -> Samples:
        """Relabels symbols; raises `SamplesError` unless they are uint8 of shape (n,), n at least 1."""
        if symbols.dtype != np.uint8 or symbols.ndim != 1 or not symbols.size:
            raise SamplesError(f"samples must be uint8 of shape (n,), not {symbols.dtype} of shape {symbols.shape}")
        occurs = np.bincount(symbols, minlength=256) > 0
        labels = (np.cumsum(occurs) - 1).astype(np.uint8)
        return cls(labels[symbols], int(occurs.sum()))

    def __len__(self) -> int:
        return self.symbols.size

    @cached_property
    def tuples(self) -> TupleCounts:
        """How often tuples recur: counted once for the two estimates that ask."""
        from qrng_hub.estimators.tuples import count_tuples

        return count_tuples(self.symbols)

    def need(self, samples: int, estimate: str) -> None:
        """Raises `SamplesError` if there are fewer samples than an estimate needs."""
        if len(self) < samples:
            raise SamplesError(f"the {estimate} estimate needs at least {samples:,} samples, not {len(self):,}")

    def need_binary(self, samples: int, estimate: str) -> None:
        """Raises `SamplesError` if there are fewer samples than an estimate needs, or more than two symbols."""
        self.need(samples, estimate)
        if self.alphabet > 2:
            raise SamplesError(f"the {estimate} estimate is of binary samples, not of {self.alphabet} symbols")
