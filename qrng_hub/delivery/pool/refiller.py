"""Fills a pool in the background before it runs empty."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from qrng_hub.callers import on_behalf
from qrng_hub.clock import Clock, SystemClock
from qrng_hub.delivery.drawing import Drawing
from qrng_hub.delivery.pool.records import Taken
from qrng_hub.delivery.pool.storage import no_fork, open_lock, try_lock
from qrng_hub.delivery.pool.store import Pool
from qrng_hub.errors import PoolEmptyError, RequestError
from qrng_hub.integers import whole

_REST = timedelta(minutes=1)
_LOOK_SECONDS = 0.2
_refillers: weakref.WeakSet[Refiller] = weakref.WeakSet()


def _after_fork() -> None:
    """A forked process has a refiller but not its thread, and must not hold its parent's lock."""
    for refiller in _refillers:
        refiller._begin_afresh()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Refiller:
    """Takes from a pool, and has it filled to `high_water_bytes` when fewer than `low_water_bytes` are left.

    A thread fills it, which is there only while there is something to do; of all processes one fills at a time. After a
    failure, which may have been paid for, the next try is a minute later; until then takes that cannot be served
    report it. Use it as a context manager.
    """

    def __init__(
        self,
        pool: Pool,
        draw: Drawing,
        low_water_bytes: int,
        high_water_bytes: int,
        clock: Clock | None = None,
    ) -> None:
        low_water_bytes = whole(low_water_bytes, "a low-water mark is a whole number of bytes")
        high_water_bytes = whole(high_water_bytes, "a high-water mark is a whole number of bytes")
        if not 0 < low_water_bytes <= high_water_bytes:
            raise RequestError(
                "a pool is filled when it is below a low-water mark of 1 byte or more, up to a high-water mark that is"
                f" not below it; these are {low_water_bytes} and {high_water_bytes}"
            )
        self._pool, self._draw, self._clock = pool, draw, clock or SystemClock()
        self._low, self._high = low_water_bytes, high_water_bytes
        self._closed = False
        self._lock_descriptor: int | None = None
        self._begin_afresh()
        pool.set_low_water(low_water_bytes)
        _refillers.add(self)

    def take(self, count: int, *, wait_seconds: float = 0.0) -> bytearray:
        """Hands out bytes as `Pool.take` does; waits and raises as `take_with_sources` does."""
        return self.take_with_sources(count, wait_seconds=wait_seconds).data

    def take_with_sources(self, count: int, *, wait_seconds: float = 0.0) -> Taken:
        """Hands out bytes as `Pool.take_with_sources` does, and has the pool filled if it is low then.

        If there are too few, waits at most `wait_seconds` for them. Raises `PoolEmptyError`, whose cause is the error
        of the last refill if that failed, and else as the pool does.
        """
        return self._served(self._pool.take_with_sources, count, wait_seconds)

    def take_unmixed(self, count: int, *, wait_seconds: float = 0.0) -> Taken:
        """Hands out bytes as `Pool.take_unmixed` does; waits and raises as `take_with_sources` does."""
        return self._served(self._pool.take_unmixed, count, wait_seconds)

    def _served(self, take: Callable[[int], Taken], count: int, wait_seconds: float) -> Taken:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                taken = take(count)
            except PoolEmptyError as error:
                self._raise_failure(error)
                self._fill_below(min(max(self._low, count), self._high))
                if count > self._high or time.monotonic() >= deadline:
                    raise
                with self._state:
                    self._state.wait(_LOOK_SECONDS)
            else:
                self._fill_below(self._low)
                return taken

    def close(self) -> None:
        """Starts no more refills, and waits for the one that is under way: it may have been paid for."""
        with self._state:
            self._closed, thread = True, self._thread
        if thread is not None:
            thread.join()

    def __enter__(self) -> Self:
        self._fill_below(self._low)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin_afresh(self) -> None:
        """Has no thread and no failure, as in the beginning."""
        self._state = threading.Condition()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None
        self._rests_until: datetime | None = None
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    def _raise_failure(self, error: PoolEmptyError) -> None:
        """Reports a failed refill as long as no other may be tried."""
        with self._state:
            failure = self._failure if self._is_resting() else None
        if failure is not None:
            message = f"{error}; the last refill failed: {failure}"
            raise PoolEmptyError(message, error.bytes_left) from failure

    def _fill_below(self, wanted: int) -> None:
        """Starts the thread if fewer than `wanted` bytes are left, unless it runs, rests or is to run no more."""
        if self._pool.bytes_left() >= wanted:
            return
        with self._state:
            if self._thread is None and not self._is_resting() and not self._closed:
                self._failure = None
                self._thread = threading.Thread(target=on_behalf(self._refill), args=(wanted,), name="qrng-pool-refill")
                self._thread.start()

    def _is_resting(self) -> bool:
        """Whether the last refill failed less than a minute ago, by a clock that may have been set back since."""
        left = self._rests_until - self._clock.now() if self._rests_until else timedelta(0)
        return timedelta(0) < left <= _REST

    def _refill(self, wanted: int) -> None:
        failure = None
        try:
            with self._lock() as is_ours:
                while is_ours and not self._closed and (left := self._pool.bytes_left()) < wanted:
                    self._draw(self._high - left, deliver=self._pool.add_draw)
        except Exception as error:  # noqa: BLE001 - whatever it is, a take reports it
            failure = error
        with self._state:
            self._thread = None
            if failure is not None:
                self._failure, self._rests_until = failure, self._clock.now() + _REST
            self._state.notify_all()

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """Says whether no other process fills the pool, and keeps it so; a forked child lets go of its share."""
        with no_fork:
            self._lock_descriptor = descriptor = open_lock(self._pool.folder / "refill.lock")
        try:
            yield try_lock(descriptor)
        finally:
            with no_fork:
                self._lock_descriptor = None
                os.close(descriptor)
