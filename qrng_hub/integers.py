"""Whole numbers as callers give them: Python's and numpy's are taken, a bool or a float is not."""

from __future__ import annotations

import math
import operator
from typing import SupportsIndex

from qrng_hub.errors import RequestError, WrongTypeError


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
        raise RequestError(f"{rule}, not {number}{cure}")
    return number
