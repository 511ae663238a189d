"""Bytes at the speed of AES from a source of entropy, in the shapes of SP 800-90C: RBG1 and RBG3(XOR).

The shapes only. Conformance is claimed of validated entropy sources, and a cloud QPU is not one.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

from qrng_hub.bits import xor_bytes
from qrng_hub.delivery.ctr_drbg import MAX_REQUEST_BYTES, MAX_REQUESTS, STRENGTH_BYTES, DerivedCtrDrbg
from qrng_hub.delivery.forking import tell_of_forks
from qrng_hub.delivery.source import Source, drawn
from qrng_hub.errors import RequestError
from qrng_hub.integers import whole

#: Requests between entropy inputs. The standard allows 2^48; whoever steals the state reads on until the next
#: one, but each may be a job that is paid for and queued: 2^20 are 64 GiB, or three hours at 100 tokens a second.
RESEED_INTERVAL = 2**20
_NONCE_BYTES = 16


class Drbg:
    """CTR_DRBG (AES-256, with derivation function) that seeds itself from a full-entropy source when it is first used.

    It draws 48 bytes to be seeded and 32 to be reseeded, which it is after `reseed_interval` requests of at
    most 64 KiB, or before every request with `prediction_resistance`. Threads may share it, and a forked
    process begins with a seed of its own. If the source fails when entropy is due, its error is raised
    and no byte is handed out.
    """

    def __init__(
        self,
        source: Source,
        *,
        personalization: bytes = b"",
        reseed_interval: int = RESEED_INTERVAL,
        prediction_resistance: bool = False,
    ) -> None:
        rule = f"a reseed interval is of 1 to {MAX_REQUESTS:,} requests"
        self._source = source
        self._personalization = personalization
        self._reseed_interval = whole(reseed_interval, rule, 1, MAX_REQUESTS)
        self._prediction_resistance = prediction_resistance
        self._lock = threading.Lock()
        self._mechanism: DerivedCtrDrbg | None = None
        self._closed = False
        tell_of_forks(self)

    def random_bytes(self, count: int) -> bytes:
        """Returns `count` bytes; raises `RequestError` for a negative count or once closed, or the source's error."""
        count = whole(count, "a number of bytes is 0 or more", 0)
        with self._lock:
            self._require_open()
            sizes = (min(MAX_REQUEST_BYTES, count - start) for start in range(0, count, MAX_REQUEST_BYTES))
            return b"".join([self._fresh_mechanism().generate(size) for size in sizes])

    def reseed(self, additional_input: bytes = b"") -> None:
        """Draws entropy from the source now; raises as `random_bytes` does."""
        with self._lock:
            self._require_open()
            if self._mechanism is None:
                self._mechanism = self._instantiated()
            self._mechanism.reseed(drawn(self._source, STRENGTH_BYTES), additional_input)

    def close(self) -> None:
        """Overwrites the state, as far as Python lets one; the generator cannot be used any more."""
        with self._lock:
            self._closed = True
            self._forget()

    def after_fork(self) -> None:
        """Drops the parent's state and lock; the next request draws a seed of this process's own."""
        self._lock = threading.Lock()
        self._forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        standing = "closed" if self._closed else "seeded" if self._mechanism else "not seeded yet"
        return f"<Drbg: CTR_DRBG AES-256, {standing}>"

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise TypeError("a copy of a generator would repeat its output: make another one on the same source")

    def _fresh_mechanism(self) -> DerivedCtrDrbg:
        if self._mechanism is None:
            self._mechanism = self._instantiated()
        elif self._prediction_resistance or self._mechanism.requests >= self._reseed_interval:
            self._mechanism.reseed(drawn(self._source, STRENGTH_BYTES))
        return self._mechanism

    def _instantiated(self) -> DerivedCtrDrbg:
        seed = drawn(self._source, STRENGTH_BYTES + _NONCE_BYTES)
        return DerivedCtrDrbg(seed[:STRENGTH_BYTES], nonce=seed[STRENGTH_BYTES:], personalization=self._personalization)

    def _forget(self) -> None:
        if self._mechanism:
            self._mechanism.wipe()
        self._mechanism = None

    def _require_open(self) -> None:
        if self._closed:
            raise RequestError("this generator is closed; make another one")


class XorGenerator:
    """The source XOR the DRBG: as good as the source while it is good, and no worse than the DRBG if it is not.

    The shape of RBG3(XOR): every byte costs a byte of the source.
    """

    def __init__(self, source: Source, drbg: Drbg) -> None:
        self._source = source
        self._drbg = drbg

    def random_bytes(self, count: int) -> bytes:
        """Returns `count` bytes; raises as the DRBG does, or the source's error."""
        pad = self._drbg.random_bytes(count)
        return xor_bytes(drawn(self._source, count), pad)
