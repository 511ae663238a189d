"""How the inner loops of the estimates are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(kernel: Kernel) -> Kernel:
    """Compiles a loop when it is first called and keeps the machine code on disk; it runs without the GIL.

    The code is kept beside the module, else in the user's cache folder, else (nothing is writable) nowhere.
    """
    try:
        return cast("Kernel", njit(cache=True, nogil=True)(kernel))
    except RuntimeError:  # numba finds no folder to keep it in
        return cast("Kernel", njit(nogil=True)(kernel))
