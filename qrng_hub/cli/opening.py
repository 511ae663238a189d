"""Opens the hub for a command whose standard output is its own."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

from qrng_hub.adapter import Adapter
from qrng_hub.config import RunFile
from qrng_hub.hub import Hub


@contextmanager
def open_hub(run_file: str | RunFile | None, adapters: Sequence[Adapter] = ()) -> Iterator[Hub]:
    """Opens a hub; whatever an SDK prints while it is open goes to stderr."""
    with redirect_stdout(sys.stderr), Hub.open(run_file, adapters=adapters) as hub:
        yield hub


@contextmanager
def native_output_to_stderr() -> Iterator[None]:
    """Leads to stderr what is printed past Python: on rare occasions the solver of plans prints a line."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)
        os.dup2(stdout, 1)
        os.close(stdout)
