"""Inline SVG by hand: marks and charts with a title and a description; colours come from the page's classes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

WIDTH = 420.0
"""Of every chart, in its own units: close to a phone's pixels, so that its text stays readable there."""
NOTE_HEIGHT = 18.0


def tag(name: str, content: str = "", /, **attributes: str | float) -> str:
    """Makes an element of HTML or SVG around `content`, which is markup; attributes are escaped.

    An underscore at the end of a name is dropped, within it becomes a hyphen.

    >>> tag("rect", class_="bar", fill_opacity=0.5)
    '<rect class="bar" fill-opacity="0.5"></rect>'
    """
    pairs = ((key.rstrip("_").replace("_", "-"), shown(value)) for key, value in attributes.items())
    written = "".join(f' {key}="{escape(value)}"' for key, value in pairs)
    return f"<{name}{written}>{content}</{name}>"


def chart(ident: str, height: float, title: str, description: str, note: str, marks: Iterable[str]) -> str:
    """Makes a chart that screen readers can name: `title` and `description` are its text.

    `note` stands in its upper right corner, so that it is not lost where the chart is taken elsewhere.
    """
    names = tag("title", escape(title), id=f"{ident}-title") + tag("desc", escape(description), id=f"{ident}-desc")
    said = text(WIDTH, -5, note, "end", "note") if note else ""
    return tag(
        "svg", names + said + "".join(marks), role="img", aria_labelledby=f"{ident}-title {ident}-desc",
        viewBox=f"0 {-NOTE_HEIGHT:g} {WIDTH:g} {shown(height + NOTE_HEIGHT)}",
    )  # fmt: skip


def rect(x: float, y: float, width: float, height: float, kind: str, opacity: float = 1.0) -> str:
    """Makes a rectangle of a class."""
    return tag(
        "rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=kind, fill_opacity=min(opacity, 1.0)
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Makes a line of a class."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def dot(x: float, y: float, radius: float, kind: str, says: str = "", opacity: float = 1.0) -> str:
    """Makes a circle of a class; `says` is shown where a pointer rests on it."""
    inside = tag("title", escape(says)) if says else ""
    return tag("circle", inside, cx=x, cy=y, r=radius, class_=kind, fill_opacity=min(opacity, 1.0))


def polyline(points: Iterable[tuple[float, float]], kind: str) -> str:
    """Makes a line through points, of a class that fills nothing."""
    return tag("polyline", points=" ".join(f"{shown(x)},{shown(y)}" for x, y in points), class_=kind)


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Writes words; `anchor` is start, middle or end."""
    classes = {"class_": kind} if kind else {}
    return tag("text", escape(words), x=x, y=y, text_anchor=anchor, **classes)


def shown(value: str | float) -> str:
    """Writes an attribute, a number to a hundredth of a unit."""
    return value if isinstance(value, str) else f"{round(value, 2):g}"
