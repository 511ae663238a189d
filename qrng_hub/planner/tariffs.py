"""What jobs of any size take on a backend, from a few quotes: an adapter need not say how its vendor reckons."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from qrng_hub.planner.model import Tariff

Line = tuple[Decimal, Decimal]
#: with fewer sizes than this, a job takes what the largest takes
_LEAST_STEPS = 4


def fit(taken: Callable[[int], Decimal], least: int, most: int) -> Tariff:
    """Fits a tariff to what jobs of `least` to `most` shots take.

    Exact for a fee a job and a shot, with or without a minimum. Anything else, such as seconds
    that are rounded up, is bounded from above at the sizes looked at.
    """
    if most - least < _LEAST_STEPS:
        return Tariff(lines=((taken(most), Decimal(0)),))
    quarters = (least + (most - least) * number // 4 for number in (1, 2, 3))
    sizes = sorted({least, least + 1, *quarters, most - 1, most})
    known = {size: taken(size) for size in sizes}
    chord = _through(known, least, most)
    if all(_at(chord, size) == known[size] for size in sizes):
        return Tariff(lines=(chord,))
    first, last = _through(known, least, least + 1), _through(known, sizes[-2], most)
    if all(max(_at(first, size), _at(last, size)) == known[size] for size in sizes):
        return Tariff(lines=(first, last))
    above = max(known[size] - _at(chord, size) for size in sizes)
    return Tariff(lines=((chord[0] + above, chord[1]),))


def _through(known: dict[int, Decimal], left: int, right: int) -> Line:
    each = (known[right] - known[left]) / (right - left)
    return known[left] - each * left, each


def _at(line: Line, size: int) -> Decimal:
    return line[0] + line[1] * size
