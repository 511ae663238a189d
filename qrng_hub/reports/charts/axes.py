"""Axes: where a value stands on a chart, which values are marked, and the axis with its unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qrng_hub.reports.charts.svg import WIDTH, line, polyline, text

_FINEST, _STEPS = 1e-12, (1, 2, 2.5, 5, 10)
#: how wide a figure of a mark is, about
_CHARACTER = 7.0
SERIES = 4
LEGEND_ROW = 15.0
#: from this power of ten on a mark is written as one
_LONG = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """Where values stand, in units of the chart, and the values that are marked, with their words."""

    start: float
    end: float
    place: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]


def linear(low: float, high: float, start: float, end: float, marks: int = 4) -> Axis:
    """Makes an even axis from `low` at `start` to `high` at `end`, marked at about so many round values.

    >>> [words for _, words in linear(0, 1, 0, 100).ticks]
    ['0', '0.25', '0.5', '0.75', '1']
    """
    high = high if high > low else low + 1.0
    return Axis(
        start, end, lambda value: start + (end - start) * (value - low) / (high - low), tuple(_round(low, high, marks))
    )


def logarithmic(low: float, high: float, start: float, end: float) -> Axis:
    """Makes an axis in powers of ten, widened to whole ones; `low` is above 0.

    >>> [words for _, words in logarithmic(0.5, 20, 0, 100).ticks]
    ['0.1', '1', '10', '100']
    >>> [words for _, words in logarithmic(1e3, 1e6, 0, 100).ticks]
    ['1,000', '10,000', '1e5', '1e6']
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    last = max(last, first + 1)
    step = max(1, math.ceil((last - first) / 5))
    powers = range(first, last + 1, step)
    ticks = tuple((10.0**power, written(10.0**power) if power < _LONG else f"1e{power}") for power in powers)
    return Axis(start, end, lambda v: start + (end - start) * (math.log10(v) - first) / (last - first), ticks)


def upright(axis: Axis, left: float, right: float, name: str) -> str:
    """Draws an axis upwards, with a faint line at each mark; `name` says what it is, with its unit."""
    marks = [text(0, min(axis.start, axis.end) - 11, name, kind="axis")]
    for value, words in axis.ticks:
        y = axis.place(value)
        marks += [line(left, y, right, y, "grid"), text(left - 5, y + 4, words, "end", "tick")]
    return "".join(marks)


def level(axis: Axis, top: float, bottom: float, name: str) -> str:
    """Draws an axis to the right, with a faint line at each mark; likewise."""
    marks = [text(axis.end, bottom + 32, name, "end", "axis")]
    for value, words in axis.ticks:
        x, half = axis.place(value), len(words) * _CHARACTER / 2
        anchor = "start" if x < half else "end" if x > WIDTH - half else "middle"
        marks += [line(x, top, x, bottom, "grid"), text(x, bottom + 15, words, anchor, "tick")]
    return "".join(marks)


def series(number: int) -> str:
    """Returns the class of the line of a series: colour and dashes tell four apart, and lines on top of each other."""
    return f"traces strong series-{number % SERIES}"


def legend(names: Sequence[str], top: float) -> str:
    """Names the lines of as many series, a row of `LEGEND_ROW` each, from `top` downwards."""
    marks = list[str]()
    for number, name in enumerate(names):
        y = top + LEGEND_ROW * number + 10
        marks += [polyline(((8, y - 4), (36, y - 4)), series(number)), text(42, y, name, kind="tick")]
    return "".join(marks)


def written(value: float) -> str:
    """Writes three figures of a number, or all before the point.

    >>> written(156_321.4), written(0.01234)
    ('156,321', '0.0123')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Moves places upwards (to smaller values) as far as they need to be to stand so far apart, the lowest first.

    >>> apart([10, 30, 28], 5)
    [10, 30, 25]
    """
    moved = dict[int, float]()
    for number in sorted(range(len(places)), key=lambda i: -places[i]):
        below = min(moved.values(), default=places[number] + gap)
        moved[number] = min(places[number], below - gap)
    return [moved[number] for number in range(len(places))]


def _round(low: float, high: float, marks: int) -> Iterator[tuple[float, str]]:
    rough = (high - low) / marks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _STEPS if factor * power >= rough * (1 - _FINEST))
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield number * step, f"{round(number * step, 12):,g}"
