"""Cost: against time, by volume with the crossovers, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from qrng_hub.records import ComparedBackend, JobPrice
from qrng_hub.reports.charts.axes import LEGEND_ROW, apart, legend, level, linear, logarithmic, series, upright, written
from qrng_hub.reports.charts.figure import Figure, figure, measured_rows
from qrng_hub.reports.charts.svg import WIDTH, dot, line, polyline, rect, tag, text

_LEFT = 62.0
_BOTTOM = 200.0
#: bounded megabits, in steps of a twentieth of a decade
VOLUMES = tuple(10 ** (step / 20 - 2) for step in range(101))


class _Priced(NamedTuple):
    row: ComparedBackend
    price: JobPrice
    bits_a_shot: float

    def of(self, mbit: float) -> float:
        """Returns what so many bounded megabits cost."""
        return float(self.price.of(ceil(mbit * 1e6 / self.bits_a_shot)))


def cost_against_time(rows: Sequence[ComparedBackend]) -> Figure | str:
    """Draws the cost of a bounded megabit against its seconds, and those that none beats in both, or says why not."""
    points = list(_points(rows))
    if not points:
        return "Cost against time: nothing here costs anything, or nobody says what."
    x_axis = logarithmic(min(one[1] for one in points), max(one[1] for one in points), _LEFT, WIDTH - 50)
    y_axis = logarithmic(min(one[2] for one in points), max(one[2] for one in points), _BOTTOM, 30)
    best = front([(seconds, cost) for _, seconds, cost, _ in points])
    marks = [level(x_axis, 30, _BOTTOM, "seconds a bounded Mbit")]
    marks.append(upright(y_axis, _LEFT, WIDTH - 50, f"{points[0][3]} a bounded Mbit"))
    marks.append(polyline(((x_axis.place(x), y_axis.place(y)) for x, y in best), "trace"))
    table = [["backend", "seconds a bounded Mbit", "cost of a bounded Mbit", "beaten in both"]]
    for row, seconds, cost, currency in points:
        x, y, is_best = x_axis.place(seconds), y_axis.place(cost), (seconds, cost) in best
        marks.append(dot(x, y, 5, "out" if is_best else "bar", row.label))
        table.append([row.label, f"{seconds:,.3g}", f"{cost:,.4g} {currency}", "no" if is_best else "yes"])
    marks += _names((one[0].label, x_axis.place(one[1]), y_axis.place(one[2])) for one in points)
    says = "the nearer to the lower left corner, the cheaper and the faster; powers of ten on both axes"
    key = tag("span", "on the line", class_="key out")
    unit = escape(points[0][3])
    caption = f"{unit} against seconds of a bounded Mbit: {says}. The backends {key} are beaten by none in both."
    return figure(
        "cost",
        _BOTTOM + 38,
        "Cost against time of a bounded megabit",
        says,
        (one[0] for one in points),
        marks,
        caption,
        table,
    )


def cost_by_volume(rows: Sequence[ComparedBackend]) -> Figure | str:
    """Draws what a volume costs on each backend, and where another becomes the cheapest, or says why there is none."""
    priced = _priced(rows)
    costs = [[one.of(volume) for volume in VOLUMES] for one in priced]
    if not costs:
        return "Cost by volume: nothing here costs anything, or nobody says what."
    x_axis = logarithmic(VOLUMES[0], VOLUMES[-1], _LEFT, WIDTH - 14)
    y_axis = logarithmic(min(map(min, costs)), max(map(max, costs)), _BOTTOM, 30)
    unit = priced[0].price.currency
    marks = [level(x_axis, 30, _BOTTOM, "bounded Mbit"), upright(y_axis, _LEFT, WIDTH - 14, f"{unit}, at most")]
    for number, each in enumerate(costs):
        points = ((x_axis.place(v), y_axis.place(cost)) for v, cost in zip(VOLUMES, each, strict=True))
        marks.append(polyline(points, series(number)))
    named = [f"{one.row.label}: {written(each[-1])} {unit}" for one, each in zip(priced, costs, strict=True)]
    marks.append(legend([f"{name} for {VOLUMES[-1]:,.0f} Mbit" for name in named], _BOTTOM + 42))
    cheapest = [min(range(len(priced)), key=lambda i: (costs[i][at], i)) for at in range(len(VOLUMES))]
    changes = [at for at, (before, now) in enumerate(pairwise(cheapest), start=1) if before != now]
    marks += [line(x, 30, x, _BOTTOM, "band") for x in (x_axis.place(VOLUMES[at]) for at in changes)]
    table = [["from bounded Mbit", "cheapest", f"{unit} there, at most"]] + [
        [f"{VOLUMES[at]:,.3g}", priced[cheapest[at]].row.label, f"{costs[cheapest[at]][at]:,.4g}"]
        for at in (0, *changes)
    ]
    says = "; ".join(f"from {volume} Mbit {label} is the cheapest" for volume, label, _ in table[1:])
    caption = f"{unit} at most, by quotes, against bounded Mbit: {says}. An upright line is where the cheapest changes."
    height = _BOTTOM + 44 + LEGEND_ROW * len(priced)
    return figure("volume", height, "Cost by volume", says, (one.row for one in priced), marks, escape(caption), table)


def cost_breakdown(rows: Sequence[ComparedBackend]) -> Figure | str:
    """Draws what the jobs were quoted at: fees a job and fees a shot, and what was billed, or says why not."""
    spent = _priced(rows)
    if not spent:
        return "What the cost is made of: nothing here costs anything, or nobody says what."
    parts = [_parts(one) for one in spent]
    most = max(max(sum(part), billed or 0.0) for *part, billed in ((*fees, billed) for fees, billed in parts))
    axis, bottom = linear(0, most, 4, WIDTH - 24), len(spent) * 40.0 + 4
    unit = spent[0].price.currency
    marks = [level(axis, 4, bottom, f"{unit} for all repeats")]
    table = [["backend", f"fees a job, {unit}", f"fees a shot or a second, {unit}", f"billed, {unit}"]]
    for number, (one, ((fixed, each), billed)) in enumerate(zip(spent, parts, strict=True)):
        y, start, middle = number * 40.0, axis.place(0), axis.place(fixed)
        told = "not billed yet" if billed is None else f"billed {billed:,.4g} {unit}"
        marks += [text(4, y + 14, f"{one.row.label}: {told}"), rect(start, y + 19, middle - start, 12, "bar")]
        marks.append(rect(middle, y + 19, axis.place(fixed + each) - middle, 12, "out"))
        if billed is not None:
            marks.append(line(axis.place(billed), y + 16, axis.place(billed), y + 34, "whisker"))
        table.append(
            [one.row.label, f"{fixed:,.4g}", f"{each:,.4g}", "unknown" if billed is None else f"{billed:,.4g}"]
        )
    keys = tag("span", "fees a job", class_="key bar"), tag("span", "fees a shot or a second", class_="key out")
    says = f"{unit} for all repeats, as quoted at most, and the upright line what was billed"
    caption = f"{escape(says)}: {keys[0]} and {keys[1]}. Where the first is long, fewer and larger jobs are cheaper."
    return figure(
        "breakdown", bottom + 38, "What the cost is made of", says, (one.row for one in spent), marks, caption, table
    )


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Returns the points that no other beats in both, by the first (Pareto).

    >>> front([(1, 5), (2, 3), (3, 4), (4, 1)])
    [(1, 5), (2, 3), (4, 1)]
    """
    best = list[tuple[float, float]]()
    for point in sorted(set(points)):
        if not best or point[1] < best[-1][1]:
            best.append(point)
    return best


def _names(points: Iterable[tuple[str, float, float]]) -> Iterator[str]:
    """Writes names beside dots, on the side that the line through the best leaves free, and none on another."""
    left, right = list[tuple[str, float, float]](), list[tuple[str, float, float]]()
    for name, x, y in points:
        (left if x > WIDTH / 2 else right).append((name, x, y))
    for group, anchor, across, below in ((left, "end", -9, 13), (right, "start", 9, -4)):
        places = apart([y + below for _, _, y in group], 12)
        yield from (text(x + across, y, name, anchor, "tick") for (name, x, _), y in zip(group, places, strict=True))


def _points(rows: Sequence[ComparedBackend]) -> Iterator[tuple[ComparedBackend, float, float, str]]:
    for row, _, sums in measured_rows(rows):
        if sums.cost_per_bounded_mbit and sums.seconds_per_bounded_mbit:
            yield row, sums.seconds_per_bounded_mbit, float(sums.cost_per_bounded_mbit), sums.currency


def _priced(rows: Sequence[ComparedBackend]) -> list[_Priced]:
    """Lists what costs anything, in the currency of the first, and is bounded by anything."""
    known = [
        _Priced(row, row.price, measures.bound_bits_per_shot)
        for row, measures, _ in measured_rows(rows)
        if row.price and row.price.of(1) > 0 and measures.bound_bits_per_shot > 0
    ]
    return [one for one in known if one.price.currency == known[0].price.currency]


def _parts(one: _Priced) -> tuple[tuple[float, float], float | None]:
    """Returns the fees a job and those that grow with its shots, of all repeats, and the bill."""
    fixed = each = 0.0
    for repeat in one.row.repeats:
        first, slope = max(one.price.lines, key=lambda fees: fees[0] + fees[1] * repeat.shots)
        fixed, each = fixed + float(first), each + float(slope * repeat.shots)
    billed = one.row.totals.cost_billed if one.row.totals else None
    return (fixed, each), None if billed is None else float(billed)
