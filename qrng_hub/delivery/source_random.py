"""The standard library's `random.Random`, on bytes of one's own."""

from __future__ import annotations

import random
from typing import Any, NoReturn, Self

from qrng_hub.delivery.buffered import Buffered
from qrng_hub.delivery.source import Source
from qrng_hub.errors import StatelessError
from qrng_hub.integers import whole

_BYTES_OF_FLOAT = 7
_EXTRA_BITS = 3
_UNIT = 2.0**-53


class SourceRandom(random.Random):
    """Every method of `random.Random` on a source of bytes such as `Drbg.random_bytes`; no Mersenne Twister.

    It has no state: it cannot be seeded, saved, copied or pickled, which raises `StatelessError`. Bytes are
    drawn 4096 at a time. The source's errors are raised.

    >>> import os
    >>> 1 <= SourceRandom(os.urandom).randint(1, 6) <= 6
    True
    """

    def __new__(cls, *_args: object, **_settings: object) -> Self:
        """Keeps the arguments from the base class, which would take the first for a seed."""
        return super().__new__(cls)

    def __init__(self, source: Source) -> None:
        self._draw = Buffered(source).random_bytes
        super().__init__()

    def random(self) -> float:
        """Returns a multiple of 2^-53 in [0, 1), each as likely as another."""
        return (int.from_bytes(self._draw(_BYTES_OF_FLOAT), "big") >> _EXTRA_BITS) * _UNIT

    def getrandbits(self, k: int, /) -> int:
        """Returns an integer of `k` random bits; raises `ValueError` if `k` is negative."""
        k = whole(k, "a number of bits is 0 or more", 0)
        count = (k + 7) // 8
        return int.from_bytes(self._draw(count), "big") >> (8 * count - k)

    def randbytes(self, n: int) -> bytes:
        """Returns `n` bytes; raises `ValueError` if `n` is negative."""
        return self._draw(whole(n, "a number of bytes is 0 or more", 0))

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        """Returns a normal variate; none is kept for the next call, where a fork or a thread could take it too."""
        return self.normalvariate(mu, sigma)

    def seed(self, a: object = None, version: int = 2) -> None:
        """Does nothing; raises `StatelessError` for a seed."""
        if a is not None:
            raise StatelessError("these numbers come from a source and cannot be repeated: no seed is taken")
        self.gauss_next = None

    def getstate(self) -> NoReturn:
        """Raises `StatelessError`."""
        raise StatelessError("these numbers come from a source and cannot be repeated: there is no state to save")

    def setstate(self, state: object) -> NoReturn:
        """Raises `StatelessError`."""
        raise StatelessError("these numbers come from a source and cannot be repeated: no state is taken")

    def __reduce__(self) -> NoReturn:
        raise StatelessError("a copy would repeat these numbers: make another one on the same source")

    def __reduce_ex__(self, _protocol: object) -> Any:
        return self.__reduce__()
