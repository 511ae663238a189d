"""Whole numbers as callers give them: Python's and numpy's are taken, a bool or a float is not."""

from __future__ import annotations

import math
import operator
from typing import Any, SupportsIndex

from qrng_hub.errors import RequestError, WrongTypeError

#: What is longer is not printed, and of some length Python would not.
_LONG = 10**40


def whole(value: SupportsIndex, rule: str, least: float = -math.inf, most: float = math.inf, cure: str = "") -> int:
    """Returns a whole number as Python's own; raises `RequestError`, which states the `rule`, outside the range.

    For what is no whole number that is a `WrongTypeError`.

    >>> import numpy as np
    >>> whole(np.int64(3), "a draw is of 1 byte or more", 1)
    3
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise WrongTypeError(f"{rule}, not {value!r}{cure}")
    if not least <= number <= most:
        shown = str(number) if abs(number) < _LONG else "a number that long"
        raise RequestError(f"{rule}, not {shown}{cure}")
    return number


def as_python(value: Any) -> Any:
    """Returns numpy's whole number as Python's own, and anything else as it is."""
    if isinstance(value, int) or getattr(value, "shape", None) != ():
        return value
    try:
        return operator.index(value)
    except TypeError:
        return value
