"""Inline SVG by hand: marks, axes and charts with a title and a description; colours come from the page's classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

WIDTH = 420.0
"""Of every chart, in its own units: close to a phone's pixels, so that its text stays readable there."""


def tag(name: str, content: str = "", /, **attributes: str | float) -> str:
    """Makes an element of HTML or SVG around `content`, which is markup; attributes are escaped.

    An underscore at the end of a name is dropped, within it becomes a hyphen.

    >>> tag("rect", class_="bar", fill_opacity=0.5)
    '<rect class="bar" fill-opacity="0.5"></rect>'
    """
    pairs = ((key.rstrip("_").replace("_", "-"), _shown(value)) for key, value in attributes.items())
    written = "".join(f' {key}="{escape(value)}"' for key, value in pairs)
    return f"<{name}{written}>{content}</{name}>"


def chart(ident: str, height: float, title: str, description: str, marks: Iterable[str]) -> str:
    """Makes a chart that screen readers can name: `title` and `description` are its text."""
    names = tag("title", escape(title), id=f"{ident}-title") + tag("desc", escape(description), id=f"{ident}-desc")
    return tag(
        "svg", names + "".join(marks), viewBox=f"0 0 {WIDTH:g} {_shown(height)}", role="img",
        aria_labelledby=f"{ident}-title {ident}-desc",
    )  # fmt: skip


def rect(x: float, y: float, width: float, height: float, kind: str, opacity: float = 1.0) -> str:
    """Makes a rectangle of a class."""
    return tag(
        "rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=kind, fill_opacity=min(opacity, 1.0)
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Makes a line of a class."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """Writes words; `anchor` is start, middle or end."""
    return tag("text", escape(words), x=x, y=y, text_anchor=anchor)


def upright_axis(left: float, top: float, height: float, ticks: Sequence[tuple[float, str]]) -> str:
    """Draws the lines of an axis upwards; a tick is its place, from 0 to 1, and its words."""
    marks = []
    for share, words in ticks:
        y = top + height * (1 - share)
        marks += [line(left, y, WIDTH, y, "grid"), text(left - 4, y + 4, words, "end")]
    return "".join(marks)


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"
