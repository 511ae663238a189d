"""How long the jobs of each backend queued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from qrng_hub.records import ComparedBackend
from qrng_hub.reports.charts.axes import LEGEND_ROW, legend, level, linear, logarithmic, series, upright
from qrng_hub.reports.charts.figure import Figure, figure
from qrng_hub.reports.charts.svg import WIDTH, polyline

_LEFT, _BOTTOM = 46.0, 190.0
Place = Callable[[float], float]


def queue_times(rows: Sequence[ComparedBackend]) -> Figure | str:
    """Draws the share of jobs that had begun after so many seconds (ECDF), or says why there is none."""
    known = {row.label: (row, _seconds(row)) for row in rows}
    queued = {label: pair for label, pair in known.items() if any(one > 0 for one in pair[1])}
    if not queued:
        return "Queue times: no job queued, or nobody says how long."
    every = [one for _, seconds in queued.values() for one in seconds if one > 0]
    x_axis, y_axis = logarithmic(min(every), max(every), _LEFT + 8, WIDTH - 14), linear(0, 1, _BOTTOM, 30)
    marks = [level(x_axis, 30, _BOTTOM, "queue time, s"), upright(y_axis, _LEFT, WIDTH, "share of jobs begun")]
    table = [["backend", "jobs", "shortest, s", "median, s", "longest, s"]]
    for number, (label, (_, seconds)) in enumerate(queued.items()):
        marks.append(polyline(_steps(seconds, x_axis.place, y_axis.place), series(number)))
        table.append([label, str(len(seconds)), *(f"{seconds[at]:,.1f}" for at in (0, len(seconds) // 2, -1))])
    named = [f"{label}: {median} s in the median of {jobs} jobs" for label, jobs, _, median, _ in table[1:]]
    marks.append(legend(named, _BOTTOM + 42))
    jobs = sum(len(seconds) for _, seconds in queued.values())
    says = f"the further to the left a line rises, the sooner its jobs began; {jobs} jobs of {len(queued)} backends"
    caption = f"Share of jobs against seconds in the queue, powers of ten: {says}. Few jobs make coarse steps."
    height = _BOTTOM + 44 + LEGEND_ROW * len(queued)
    return figure(
        "queue", height, "Queue times", says, (row for row, _ in queued.values()), marks, escape(caption), table
    )


def _seconds(row: ComparedBackend) -> list[float]:
    return sorted(one.queue_seconds for one in row.repeats if one.queue_seconds is not None)


def _steps(seconds: Sequence[float], x_of: Place, y_of: Place) -> list[tuple[float, float]]:
    points, last = list[tuple[float, float]](), 0.0
    for number, one in enumerate(seconds, start=1):
        if one > 0:
            points += [(x_of(one), y_of(last)), (x_of(one), y_of(number / len(seconds)))]
        last = number / len(seconds)
    return [*points, (WIDTH, y_of(1.0))]
