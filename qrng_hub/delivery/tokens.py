"""The standard library's `secrets`, on bytes of one's own."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from secrets import DEFAULT_ENTROPY
from typing import TypeVar

from qrng_hub.delivery.source import Source, drawn
from qrng_hub.integers import whole

T = TypeVar("T")


class Secrets:
    """Tokens and unbiased choices for passwords and keys, under the names and with the errors of `secrets`.

    Takes a source of bytes such as `Drbg.random_bytes`, whose errors it raises. It keeps no bytes.

    >>> import os
    >>> len(Secrets(os.urandom).token_hex(16))
    32
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def token_bytes(self, nbytes: int | None = None) -> bytes:
        """Returns `nbytes` bytes; 32 or more, a size that suffices, if it is left out."""
        count = DEFAULT_ENTROPY if nbytes is None else whole(nbytes, "a token is of 0 bytes or more", 0)
        return drawn(self._source, count)

    def token_hex(self, nbytes: int | None = None) -> str:
        """Returns `nbytes` bytes as twice as many hexadecimal digits."""
        return self.token_bytes(nbytes).hex()

    def token_urlsafe(self, nbytes: int | None = None) -> str:
        """Returns `nbytes` bytes as about 1.3 times as many characters that may stand in a URL."""
        return base64.urlsafe_b64encode(self.token_bytes(nbytes)).rstrip(b"=").decode("ascii")

    def randbits(self, k: int) -> int:
        """Returns an integer of `k` random bits; raises `ValueError` if `k` is negative."""
        k = whole(k, "a number of bits is 0 or more", 0)
        count = (k + 7) // 8
        return int.from_bytes(self.token_bytes(count), "big") >> (8 * count - k)

    def randbelow(self, exclusive_upper_bound: int) -> int:
        """Returns an integer in [0, bound), each as likely as another: what lies above is drawn again.

        Raises `ValueError` unless the bound is positive.
        """
        bound = whole(exclusive_upper_bound, "the upper bound must be positive", 1)
        bits = (bound - 1).bit_length()
        while (drawn := self.randbits(bits)) >= bound:
            pass
        return drawn

    def choice(self, seq: Sequence[T]) -> T:
        """Returns one element of a sequence; raises `IndexError` if it is empty."""
        if not len(seq):
            raise IndexError("cannot choose from an empty sequence")
        return seq[self.randbelow(len(seq))]
