"""Time as a dependency: the hub asks a clock, so queue times can be tested without waiting."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time in UTC and sleeps."""

    def now(self) -> datetime:
        """Returns the time now, with the UTC zone."""
        ...

    def sleep(self, seconds: float, wake: threading.Event) -> bool:
        """Waits for `seconds` or until `wake` is set; returns whether it was."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def now(self) -> datetime:
        """Returns the time now, with the UTC zone."""
        return datetime.now(UTC)

    def sleep(self, seconds: float, wake: threading.Event) -> bool:
        """Waits for `seconds` or until `wake` is set; returns whether it was."""
        return wake.wait(seconds)

    def __repr__(self) -> str:
        return "SystemClock()"


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Returns the seconds from `start` to `end`; None if either is unknown, or the end is first: two clocks differ."""
    return None if start is None or end is None or end < start else (end - start).total_seconds()
