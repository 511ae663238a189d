"""A comparison as one page of HTML that needs no network and no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from qrng_hub.records import Comparison, Origin
from qrng_hub.reports.charts.figure import Figure, Rows
from qrng_hub.reports.charts.svg import tag
from qrng_hub.reports.comparison_figures import of_all, of_backend
from qrng_hub.reports.comparison_style import STYLE

#: Nothing is loaded, whatever stands in the page: what vendors say of their machines is in it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_HEADERS = (
    "backend", "origin", "qubits", "bound, bits a shot", "bound, bits a raw bit", "raw Mbit/s", "billed", "found",
)  # fmt: skip


def page(comparison: Comparison) -> str:
    """Writes the page: the summary first, then a table, charts with their captions, what was found, and how."""
    title = f"Comparison of {len(comparison.backends)} sources of random bits"
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        + tag("title", title) + tag("style", STYLE)
    )  # fmt: skip
    body = tag("main", tag("h1", title) + "\n".join(_sections(comparison)))
    return "<!DOCTYPE html>\n" + tag("html", tag("head", head) + tag("body", body), lang="en") + "\n"


def _sections(comparison: Comparison) -> Iterator[str]:
    yield from (tag("p", escape(sentence), class_="summary") for sentence in comparison.summary)
    yield tag("h2", "All backends") + _overview(comparison)
    yield from _changes(comparison)
    figures, missing = of_all(comparison.backends)
    yield tag("h2", "Side by side") + _charts(figures, missing)
    yield tag("h2", "What was found") + _found(comparison)
    yield tag("h2", "Which differ") + tag("p", escape(comparison.difference_test) + ".") + _differences(comparison)
    yield tag("h2", "Backend by backend")
    yield from _backends(comparison)
    yield tag("p", tag("small", escape(_origin(comparison))))


def _overview(comparison: Comparison) -> str:
    top = "".join(tag("th", escape(cell), scope="col") for cell in _HEADERS)
    lines = "".join(_overview_lines(comparison))
    return _scrolling("All backends", tag("table", tag("thead", tag("tr", top)) + tag("tbody", lines)))


def _overview_lines(comparison: Comparison) -> Iterator[str]:
    for number, row in enumerate(comparison.backends):
        if row.measures is None or row.totals is None:
            cells = [tag("td", str(row.origin)), tag("td", escape(row.failure), colspan=6, class_="words")]
            yield tag("tr", tag("th", escape(row.label), scope="row") + "".join(cells))
            continue
        rate, billed = row.totals.raw_bits_per_second, row.totals.cost_billed
        words = (
            row.origin.adjective, str(len(row.measures.qubits)),
            f"{row.measures.bound_bits_per_shot:.2f}", f"{row.measures.bound_bits_per_raw_bit:.3f}",
            "unknown" if rate is None else f"{rate / 1e6:.3f}",
            "unknown" if billed is None else f"{billed:f} {row.totals.currency}",
            ", ".join(one.kind for one in row.measures.findings) or "nothing",
        )  # fmt: skip
        link = tag("a", escape(row.label), href=f"#backend-{number}")
        yield tag("tr", tag("th", link, scope="row") + "".join(tag("td", escape(cell)) for cell in words))


def _changes(comparison: Comparison) -> Iterator[str]:
    if comparison.against is None:
        return
    earlier, changes = comparison.against, comparison.against.changes
    yield tag("h2", f"What changed since {earlier.created_utc:%Y-%m-%d %H:%M} UTC")
    level = f"The chance of any false claim by a test is at most {comparison.alpha:g}"
    yield tag(
        "p", f"Since {escape(earlier.comparison_id)}. {level}; what is not told apart is not shown to be the same."
    )
    real = [tag("li", escape(one.sentence)) for one in changes if one.is_real]
    yield tag("ul", "".join(real)) if real else tag("p", "No change can be told.")
    rest = [tag("li", escape(one.sentence)) for one in changes if not one.is_real]
    if rest:
        yield tag("details", tag("summary", f"{len(rest)} more: no change that can be told") + tag("ul", "".join(rest)))


def _backends(comparison: Comparison) -> Iterator[str]:
    for number, row in enumerate(comparison.backends):
        if row.measures is None:
            continue
        figures, missing = of_backend(number, row, row.measures, comparison.confidence)
        uncredited = row.origin is not Origin.HARDWARE
        badge = " " + tag("span", row.origin.adjective, class_="badge") if uncredited else ""
        inside = tag("p", escape(row.description), class_="faint") + _charts(figures, missing)
        if row.claim:
            inside = tag("p", escape(row.claim)) + inside
        if row.failure:
            inside = tag("p", escape(f"Not all repeats: {row.failure}")) + inside
        target = tag("div", inside, id=f"backend-{number}")
        yield (
            f'<details class="backend"{" open" if number == 0 else ""}>'
            + tag("summary", escape(row.label) + badge)
            + (target + "</details>")
        )


def _charts(figures: Sequence[Figure], missing: Sequence[str]) -> str:
    drawn = tag("div", "".join(map(_figure, figures)), class_="charts")
    return drawn + "".join(tag("p", escape(reason), class_="faint") for reason in missing)


def _found(comparison: Comparison) -> str:
    items = [
        tag("li", escape(f"{row.label}: {one.sentence}"))
        for row in comparison.backends if row.measures
        for one in row.measures.findings
    ]  # fmt: skip
    level = f"The chance that anything at all is found in faultless backends is at most {comparison.alpha:g}."
    return tag("p", level) + (tag("ul", "".join(items)) if items else tag("p", "Nothing."))


def _differences(comparison: Comparison) -> str:
    real = [tag("li", escape(one.sentence)) for one in comparison.differences if one.is_real]
    rest = len(comparison.differences) - len(real)
    untold = f"{rest} pairs cannot be told apart; that is no proof that they are equal."
    return (tag("ul", "".join(real)) if real else "") + tag("p", untold)


def _origin(comparison: Comparison) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in comparison.versions.items())
    made = f"{comparison.created_utc:%Y-%m-%d %H:%M} UTC"
    asked = f"{comparison.repeats} x {comparison.shots:,} shots of each, where nothing else was asked"
    worked = comparison.hub_seconds + comparison.vendor_seconds
    share = (
        f"; the hub's own share of {worked:.1f} s of work is {comparison.hub_seconds / worked:.0%}" if worked else ""
    )
    return f"Comparison {comparison.comparison_id}, {made}; {asked}{share}; {versions}."


def _figure(figure: Figure) -> str:
    same = tag("details", tag("summary", "The same as a table") + _table(figure.title, figure.table))
    return tag("figure", tag("h3", escape(figure.title)) + figure.svg + tag("figcaption", figure.caption) + same)


def _table(name: str, rows: Rows) -> str:
    head, *body = rows
    top = tag(
        "tr", "".join(tag("th" if cell else "td", escape(cell), **({"scope": "col"} if cell else {})) for cell in head)
    )
    lines = (
        tag("tr", tag("th", escape(first), scope="row") + "".join(tag("td", escape(cell)) for cell in cells))
        for first, *cells in body
    )
    return _scrolling(name, tag("table", tag("thead", top) + tag("tbody", "".join(lines))))


def _scrolling(name: str, table: str) -> str:
    """Puts a table where it can be scrolled, with a pointer or with keys."""
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=f"Table: {name}")
