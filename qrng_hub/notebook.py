"""Small HTML tables for notebooks: everything escaped, no script, nothing fetched, in the colours of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

# No colour of its own, so that light and dark pages both show it; attributes, since notebooks drop style sheets.
_CELL = "padding:0.2em 0.8em;border-bottom:1px solid rgba(128,128,128,0.35);text-align:"
_TABLE = "border-collapse:collapse;color:inherit;background:none;font-variant-numeric:tabular-nums;margin:0.4em 0"


def card(title: str, header: Sequence[str], rows: Iterable[Sequence[str]], remarks: Iterable[str]) -> str:
    """Makes a title, a table and remarks below it; the columns that begin with `>` are aligned to the right."""
    sides = ["right" if name.startswith(">") else "left" for name in header]
    head = _row("th", [name.removeprefix(">") for name in header], sides)
    body = "".join(_row("td", row, sides) for row in rows)
    lines = "".join(f'<div style="opacity:0.8">{escape(remark)}</div>' for remark in remarks)
    return (
        f'<div style="color:inherit"><b>{escape(title)}</b>'
        f'<table style="{_TABLE}"><thead>{head}</thead><tbody>{body}</tbody></table>{lines}</div>'
    )


def _row(tag: str, cells: Sequence[str], sides: Sequence[str]) -> str:
    pairs = zip(cells, sides, strict=True)
    return "<tr>" + "".join(f'<{tag} style="{_CELL}{side}">{escape(cell)}</{tag}>' for cell, side in pairs) + "</tr>"
