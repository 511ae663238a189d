"""Tables that break no word: text wraps between words, and a table too wide for the terminal is shown in parts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from qrng_hub.cli.printable import printable_lines

_GAP = 2
_PIPE_COLUMNS = 200
_TEXT_COLUMNS = 20


@dataclass(slots=True)
class Grid:
    """The cells of a table, by rows; of its `columns`, ">" begins the name of one to align right, "~" one of text.

    What is in any other column is to be copied and stays on one line.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str | Text, ...]] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, *columns: str) -> Grid:
        """Makes a table without rows."""
        return cls(columns)

    def add_row(self, *cells: str | Text, style: str = "") -> None:
        """Adds a row; cells that it lacks are empty."""
        plain = [printable_lines(cell) if isinstance(cell, str) else cell for cell in cells]
        self.rows.append((*plain, *[""] * (len(self.columns) - len(cells))))
        self.styles.append(style)

    def show(self, console: Console) -> None:
        """Prints the table, or its parts one below the other, each with the first column, and no trailing blanks."""
        for table, width in self._parts(console.width):
            lines = console.render_lines(table, console.options.update(width=width), pad=False)
            segments = chain.from_iterable((*_without_end(line), Segment.line()) for line in lines)
            console.print(Segments(segments), soft_wrap=True, end="")

    def _parts(self, width: int) -> Iterator[tuple[Table, int]]:
        needs = [self._need(column) for column in range(len(self.columns))]
        part = [0]
        for column in range(1, len(self.columns)):
            if len(part) > 1 and _total([needs[one] for one in (*part, column)]) > width:
                yield self._part(part, needs, width)
                part = [0]
            part.append(column)
        yield self._part(part, needs, width)

    def _part(self, part: Sequence[int], needs: Sequence[int], width: int) -> tuple[Table, int]:
        """Makes a table of some columns; what is left of the width goes to headers and text, the last column first."""
        table, widths = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 1)), [needs[c] for c in part]
        for index in reversed(range(len(part))):
            wanted = max(cell_len(_name(self.columns[part[index]])), self._widest(part[index]))
            widths[index] += max(0, min(wanted - widths[index], width - _total(widths)))
        for column, columns in zip(part, widths, strict=True):
            name = self.columns[column]
            table.add_column(_name(name), justify="right" if name.startswith(">") else "left", width=columns)
        for row, style in zip(self.rows, self.styles, strict=True):
            table.add_row(*(row[column] for column in part), style=style)
        return table, _total(widths)

    def _need(self, column: int) -> int:
        """The width that breaks no word, and no cell but one of text."""
        is_text = self.columns[column].startswith("~")
        words = _name(self.columns[column]).split()
        words += [word for row in self.rows for word in str(row[column]).split()] if is_text else []
        return max([*map(cell_len, words), min(self._widest(column), _TEXT_COLUMNS if is_text else sys.maxsize)])

    def _widest(self, column: int) -> int:
        return max((cell_len(line) for row in self.rows for line in str(row[column]).splitlines()), default=0)


def console_of(*, stderr: bool = False) -> Console:
    """Prints to stdout or stderr; without a terminal, wider than most are."""
    console = _PlainConsole(markup=False, stderr=stderr)
    return console if console.is_terminal else _PlainConsole(width=_PIPE_COLUMNS, markup=False, stderr=stderr)


class _PlainConsole(Console):
    """A console that no text of files or vendors can steer."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Prints as a console does, all that could steer a terminal being escaped in text."""
        super().print(*(printable_lines(one) if isinstance(one, str) else one for one in objects), **how)


def _name(column: str) -> str:
    return column.lstrip(">~")


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _without_end(line: Sequence[Segment]) -> Sequence[Segment]:
    """Drops the blanks at the end of a line."""
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    return [*kept[:-1], kept[-1]._replace(text=kept[-1].text.rstrip())] if kept else []
