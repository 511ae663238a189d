"""A comparison as one page of HTML that needs no network and no script."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from qrng_hub.records import Comparison, Origin
from qrng_hub.reports.comparison_charts import (
    Figure,
    Rows,
    bias_strips,
    cost_against_time,
    measured_rows,
    qubit_bars,
    waterfall,
)
from qrng_hub.reports.svg import tag

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1b1f24; --faint: #57606a; --rule: #d0d7de; --empty: #e3e7eb;
  --bar: #2f6fb3; --out: #1f8a70; --more: #c4571a; --less: #2f6fb3; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --ink: #e6e9ec; --faint: #9aa4ae; --rule: #363d45;
  --empty: #2a3037; --bar: #6ea8e0; --out: #4fc3a1; --more: #f0915a; --less: #6ea8e0; } }
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 60rem; padding: 1rem; }
h1, h2 { line-height: 1.2; } figure { margin: 1.5rem 0; max-width: 35rem; } figcaption, small { color: var(--faint); }
svg { display: block; height: auto; width: 100%; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.bar { fill: var(--bar); } .out { fill: var(--out); } .more { fill: var(--more); } .less { fill: var(--less); }
.empty { fill: var(--empty); } .grid { stroke: var(--rule); } .whisker { stroke: var(--ink); stroke-width: 1; }
.key { border-bottom: 3px solid; } .key.more { border-color: var(--more); } .key.less { border-color: var(--less); }
.simulated { border: 1px solid var(--more); border-radius: 4px; color: var(--ink); padding: 0 .4em;
  white-space: nowrap; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: .25em .6em; text-align: right; }
th:first-child, td:first-child { text-align: left; } .summary { font-size: 1.1em; }
@media print { :root { --page: #fff; --ink: #000; } body { max-width: none; } figure, tr { break-inside: avoid; }
  details:not([open]) { display: none; } }
"""
_HOW_TO_READ = (
    "In bits a shot: a bar is what the hub would extract, the line the {:.0%} interval of the min-entropy by the counts"
    " alone. The gap between them is the price of certainty and of the readout errors."
)


def page(comparison: Comparison) -> str:
    """Writes the page: the summary first, then a table, charts with their captions, what was found, and how."""
    title = f"Comparison of {len(comparison.backends)} sources of random bits"
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        + tag("title", title) + tag("style", _STYLE)
    )  # fmt: skip
    body = tag("main", tag("h1", title) + "\n".join(_sections(comparison)))
    return "<!DOCTYPE html>\n" + tag("html", tag("head", head) + tag("body", body), lang="en") + "\n"


def _sections(comparison: Comparison) -> Iterator[str]:
    yield from (tag("p", escape(sentence), class_="summary") for sentence in comparison.summary)
    yield tag("h2", "All backends") + _table(_overview(comparison))
    yield tag("h2", "From raw bits to extractable bits") + _figure(waterfall(comparison.backends))
    yield tag("h2", "Bias of the qubits") + _figure(bias_strips(comparison.backends))
    if costs := cost_against_time(comparison.backends):
        yield tag("h2", "Cost against time") + _figure(costs)
    yield tag("h2", "Min-entropy of each qubit") + tag("p", _HOW_TO_READ.format(comparison.confidence))
    for number, (row, measures, _) in enumerate(measured_rows(comparison.backends)):
        yield _figure(qubit_bars(number, row, measures))
    yield tag("h2", "What was found") + _found(comparison)
    yield tag("h2", "Which differ") + tag("p", escape(comparison.difference_test) + ".") + _differences(comparison)
    yield tag("p", tag("small", escape(_origin(comparison))))


def _note(figure: Figure) -> str:
    """Says whether all, some or none of what is drawn is simulated."""
    simulated = [row.origin is Origin.SIMULATOR for row in figure.drawn]
    if not any(simulated):
        return ""
    return tag("span", "simulated data" if all(simulated) else "partly simulated data", class_="simulated")


def _overview(comparison: Comparison) -> Rows:
    headers = [
        "backend",
        "origin",
        "qubits",
        "bound, bits a shot",
        "bound, bits a raw bit",
        "raw Mbit/s",
        "billed",
        "found",
    ]
    rows = [headers]
    for row in comparison.backends:
        if row.measures is None or row.totals is None:
            rows.append([row.address, row.origin, "", "", "", "", "", row.failure])
            continue
        rate, billed = row.totals.raw_bits_per_second, row.totals.cost_billed
        rows.append([
            row.address, "simulated" if row.origin is Origin.SIMULATOR else row.origin, str(len(row.measures.qubits)),
            f"{row.measures.bound_bits_per_shot:.2f}", f"{row.measures.bound_bits_per_raw_bit:.3f}",
            "unknown" if rate is None else f"{rate / 1e6:.3f}",
            "unknown" if billed is None else f"{billed} {row.totals.currency}",
            ", ".join(one.kind for one in row.measures.findings) or "nothing",
        ])  # fmt: skip
    return rows


def _found(comparison: Comparison) -> str:
    items = [
        tag("li", escape(f"{row.address}: {one.sentence}"))
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
    asked = f"{comparison.repeats} repeat(s) of {comparison.shots:,} shots"
    return f"Comparison {comparison.comparison_id}, {made}; {asked}; {versions}."


def _figure(figure: Figure) -> str:
    same = tag("details", tag("summary", "The same as a table") + _table(figure.table))
    return tag("figure", figure.svg + tag("figcaption", f"{figure.caption} {_note(figure)}") + same)


def _table(rows: Rows) -> str:
    head, *body = rows
    top = tag("tr", "".join(tag("th", escape(cell), scope="col") for cell in head))
    lines = (tag("tr", "".join(tag("td", escape(cell)) for cell in row)) for row in body)
    return tag("div", tag("table", tag("thead", top) + tag("tbody", "".join(lines))), class_="scroll")
