"""A clock that moves only when told to, or when something sleeps on it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Stands still at `start` until `sleep` or `advance` moves it; sleeping takes no real time.

    >>> clock = FrozenClock()
    >>> clock.advance(90)
    >>> clock.now().isoformat()
    '2026-01-01T00:01:30+00:00'
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Returns the time it stands at."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves on by `seconds`."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def sleep(self, seconds: float, wake: threading.Event) -> bool:
        """Moves on by `seconds` at once; returns whether `wake` is set."""
        self.advance(seconds)
        return wake.is_set()
