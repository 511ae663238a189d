"""A chart with its caption, and the same as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qrng_hub.records import ComparedBackend, Measures, Origin, Totals
from qrng_hub.reports.charts.svg import chart

#: what a table shows of one chart
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart in SVG with its title, its caption in HTML, and a table of the same, whose first row are its headers."""

    title: str
    svg: str
    caption: str
    table: Rows


def figure(
    ident: str, height: float, title: str, says: str, rows: Iterable[ComparedBackend], marks: Iterable[str],
    caption: str, table: Rows,
) -> Figure:  # fmt: skip
    """Makes a chart of the backends `rows`; `says` is what it shows, for those who do not see it."""
    return Figure(title, chart(ident, height, title, says, origin_note(rows), marks), caption, table)


def measured_rows(rows: Iterable[ComparedBackend]) -> list[tuple[ComparedBackend, Measures, Totals]]:
    """Returns the backends that gave something."""
    return [(row, row.measures, row.totals) for row in rows if row.measures and row.totals]


def origin_note(rows: Iterable[ComparedBackend]) -> str:
    """Says whether all, some or none of what is drawn is not hardware's."""
    origins = {row.origin for row in rows}
    others = " and ".join(origin.adjective for origin in sorted(origins - {Origin.HARDWARE}))
    if not others:
        return ""
    return f"partly {others} data" if Origin.HARDWARE in origins else f"{others} data"
