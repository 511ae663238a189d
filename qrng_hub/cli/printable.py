"""Text of files and vendors, as a terminal may be given it."""

from __future__ import annotations

_LONGEST_LINE = 4000


def printable(text: str) -> str:
    """Returns text in one line in which all is escaped that could steer a terminal; a very long one is cut."""
    if len(text) > _LONGEST_LINE:
        text = f"{text[:_LONGEST_LINE]}..."
    return text if text.isprintable() else "".join(one if one.isprintable() else _escaped(one) for one in text)


def printable_lines(text: str) -> str:
    """Does the same with each line of a text."""
    return "\n".join(map(printable, text.split("\n")))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
