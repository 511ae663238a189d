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

    def require(self, count: int) -> None:
        """Raises an error if there are fewer bytes left: before a job is paid for that could not be extracted."""


class OSSeeds:
    """Seeds of the operating system's generator."""

    origin = "the operating system's generator, a fresh seed a job"

    def __call__(self, count: int) -> bytes:
        """Returns so many bytes."""
        return os.urandom(count)

    def require(self, count: int) -> None:
        """Has any number of them."""
