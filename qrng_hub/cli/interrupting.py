"""Ends a command in order when Ctrl-C is pressed, or when it is told to end; says at once what it waits for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

_STOPPING = b"qrng: stopping once what is running has answered\n"
#: what supervisors and closed terminals send; not all systems have both
_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def ending_in_order() -> Iterator[list[int]]:
    """Lets SIGTERM and SIGHUP end the block as Ctrl-C does; yields a list to which the signal is added.

    Signals that others handle or ignore, as under nohup, are left alone.
    """
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # what is cleaned up from here on is not cut short by a second one
        received.append(number)
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    taken = [number for number in _ENDINGS if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, end)
    try:
        yield received
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


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
