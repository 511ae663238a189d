"""Says at once, when Ctrl-C is pressed, that a run ends in order and what it waits for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

_STOPPING = b"qrng: stopping once what is running has answered\n"


@contextmanager
def saying_that_it_stops() -> Iterator[None]:
    """Says so at the first Ctrl-C of the block, in the main thread; leaves SIGINT alone where others handle it."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(OSError):
        os.write(2, _STOPPING)  # a handler may come in the middle of a write to sys.stderr
    raise KeyboardInterrupt
