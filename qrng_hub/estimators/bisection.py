"""Where a decreasing function takes a value, for the estimates that solve an equation for a probability."""

from __future__ import annotations

from collections.abc import Callable

_WIDTH = 1e-13


def where_decreasing(function: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Returns x between `low` and `high` where a decreasing function takes a value, to 1e-13 from above.

    A value that is taken below `low` or above `high` gives that end.
    """
    while high - low > _WIDTH:
        middle = (low + high) / 2
        if function(middle) > value:
            low = middle
        else:
            high = middle
    return high
