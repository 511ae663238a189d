"""What draws, as `Hub.draw` does, and lets its caller store what is drawn before it counts as delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from qrng_hub.records import Draw


class Drawing(Protocol):
    """Draws so many bytes, and hands them to `deliver` before they are on record as delivered."""

    def __call__(self, count: int, /, *, deliver: Callable[[Draw], None]) -> Draw:
        """Returns what was drawn and delivered."""
