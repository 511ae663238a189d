"""Bytes drawn ahead, for callers that take a few at a time."""

from __future__ import annotations

import threading
from typing import Any

from qrng_hub.delivery.forking import tell_of_forks
from qrng_hub.delivery.source import Source, drawn

#: Bytes drawn at a time: 585 floats, and far fewer than a request of a DRBG may be.
AHEAD_BYTES = 4096


class Buffered:
    """A source of which 4096 bytes are drawn at a time; each leaves once, whatever threads and forks there are.

    What is left over when more is asked for than is there is thrown away.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._ahead = bytearray()
        self._taken = 0
        tell_of_forks(self)

    def random_bytes(self, count: int) -> bytes:
        """Returns `count` bytes; raises the source's error."""
        if count > AHEAD_BYTES:
            return drawn(self._source, count)
        with self._lock:
            if self._taken + count > len(self._ahead):
                self._ahead[:] = drawn(self._source, AHEAD_BYTES)
                self._taken = 0
            start, self._taken = self._taken, self._taken + count
            given = bytes(self._ahead[start : self._taken])
            self._ahead[start : self._taken] = bytes(count)
            return given

    def after_fork(self) -> None:
        """Drops what the parent has drawn, and its lock."""
        self._lock = threading.Lock()
        self._ahead.clear()
        self._taken = 0

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise TypeError("a copy would hand out the same bytes again: make another one on the same source")
