"""Opens the hub for a command whose standard output is its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from qrng_hub.config import RunFile
from qrng_hub.hub import Hub


@contextmanager
def open_hub(run_file: str | RunFile | None) -> Iterator[Hub]:
    """Opens a hub; whatever an SDK prints while it is open goes to stderr."""
    with redirect_stdout(sys.stderr), Hub.open(run_file) as hub:
        yield hub
