"""Arrays of random numbers made of a source's own bytes, with no bit generator of numpy's between.

numpy takes its bits from C functions that cannot say that a source has failed, so that a bit generator on a
source would have to make numbers up. This class has the few methods that need none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from qrng_hub.delivery.source import Source, drawn
from qrng_hub.errors import RequestError, StatelessError
from qrng_hub.integers import whole

Size = SupportsIndex | Sequence[int] | None
_WORD_BITS = (8, 16, 32, 64)


class SourceGenerator:
    """`bytes`, `random` and `integers` as numpy's Generator has them, each bit of them a bit of the source.

    On `Drbg.random_bytes` they are fit for secrets. The source's errors are raised.

    >>> import os
    >>> SourceGenerator(os.urandom).integers(1, 7, size=(2, 3)).shape
    (2, 3)
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def bytes(self, length: int) -> bytes:
        """Returns `length` bytes."""
        return drawn(self._source, whole(length, "a number of bytes is 0 or more", 0))

    def random(self, size: Size = None) -> Any:
        """Returns float64 of 53 random bits in [0, 1): one, or an array of shape `size`."""
        shape = _shape(size)
        values = (self._words(_count(shape), 64) >> np.uint64(11)) * 2.0**-53
        return float(values[0]) if size is None else values.reshape(shape)

    def integers(self, low: int, high: int | None = None, size: Size = None, *, endpoint: bool = False) -> Any:
        """Returns int64 in [low, high), or in [0, low), each as likely as another: one, or an array of shape `size`.

        With `endpoint` the upper bound is among them. Raises `RequestError` if there is none, or an
        integer is none of 64 bits.
        """
        low, high = (0, low) if high is None else (low, high)
        low, high = (whole(bound, "a bound of integers is a whole number") for bound in (low, high))
        last = high if endpoint else high - 1
        if not -(2**63) <= low <= last < 2**63:
            raise RequestError(f"there is no integer of 64 bits from {low} to {last}")
        shape = _shape(size)
        offsets = self._below(last - low, _count(shape))
        values = (offsets + np.uint64(low % 2**64)).view(np.int64)
        return values[0] if size is None else values.reshape(shape)

    def _below(self, largest: int, count: int) -> npt.NDArray[np.uint64]:
        """Draws `count` of 0 to `largest`: what lies above is drawn again."""
        bits = largest.bit_length()
        width = next(width for width in _WORD_BITS if bits <= width)
        kept = np.zeros(0, np.uint64)
        while kept.size < count:
            drawn = self._words(count - kept.size, width) >> np.uint64(width - bits) if bits else np.zeros(count, "u8")
            kept = np.concatenate([kept, drawn[drawn <= np.uint64(largest)]])
        return kept

    def _words(self, count: int, width: int) -> npt.NDArray[np.uint64]:
        return np.frombuffer(self.bytes(count * width // 8), f"<u{width // 8}").astype(np.uint64)

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise StatelessError("a copy would repeat these numbers: make another one on the same source")


def _shape(size: Size) -> tuple[int, ...]:
    if size is None:
        return ()
    lengths = size if isinstance(size, Sequence) else (size,)
    return tuple(whole(length, "a length of an array is 0 or more", 0) for length in lengths)


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
