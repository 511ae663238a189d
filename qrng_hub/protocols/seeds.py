"""Where the seeds of the extractions come from."""

from __future__ import annotations

import os
from typing import Protocol


class SeedSource(Protocol):
    """Gives uniform bytes that are independent of every backend, each once."""

    @property
    def origin(self) -> str:
        """Where they come from, for receipts."""

    def __call__(self, count: int) -> bytes:
        """Returns the next `count` bytes."""


class OSSeeds:
    """Seeds of the operating system's generator."""

    origin = "the operating system's generator, a fresh seed a job"

    def __call__(self, count: int) -> bytes:
        """Returns so many bytes."""
        return os.urandom(count)
