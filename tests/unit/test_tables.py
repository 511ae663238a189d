"""The tables of the command line: no word is broken, however narrow the terminal."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from qrng_hub.cli.grid import Grid

ARN = "arn:aws:braket:eu-north-1:123456789012:quantum-task/8e2f6d0a-2a9c-4f0e-9d0e-0c6f4f2b7a11"
WHY = "its queue is longer than the deadline allows, and two others give the same for less"


def shown(grid: Grid, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), markup=False)
    grid.show(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def a_grid() -> Grid:
    grid = Grid.of("backend", ">shots", "recorded (UTC)", "state", "job", "~why")
    grid.add_row("braket:braket_sv", "1,024", "2026-11-24 01:55:41", Text("done", "green"), "8e2f6d0a", WHY)
    grid.add_row("local:stim", "10", "2026-11-24 01:55:42", "failed", ARN, "", style="bold")
    return grid


@pytest.mark.parametrize("width", [10, 40, 60, 80, 120, 200, 400])
def test_every_cell_is_whole_at_any_width(width: int) -> None:
    lines = shown(a_grid(), width)
    text = "\n".join(lines)
    for cell in ("braket:braket_sv", "1,024", "2026-11-24 01:55:41", "done", "8e2f6d0a", ARN):
        assert cell in text
    words = {word for line in lines for word in line.split()}
    assert set(WHY.split()) <= words
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200])
def test_lines_are_no_wider_than_the_terminal_but_for_one_cell(width: int) -> None:
    """A part has the first column and one more at least, which may not fit."""
    for line in shown(a_grid(), width):
        assert len(line) <= max(width, len("braket:braket_sv  ") + (len(ARN) if ARN in line else len(ARN[:20])))


def test_what_fits_is_one_table_and_what_does_not_repeats_its_first_column() -> None:
    assert [line.split()[0] for line in shown(a_grid(), 400)] == ["backend", "braket:braket_sv", "local:stim"]
    narrow = [line.split()[0] for line in shown(a_grid(), 50) if line and line[0] != " "]
    assert len(narrow) > 3
    assert narrow == ["backend", "braket:braket_sv", "local:stim"] * (len(narrow) // 3)


def test_text_wraps_between_words_below_its_column() -> None:
    grid = Grid.of("backend", "~why")
    grid.add_row("local:stim", WHY)
    lines = shown(grid, 40)
    assert [line[:10] for line in lines] == ["backend   ", "local:stim", " " * 10, " " * 10, " " * 10][: len(lines)]
    assert " ".join(line[12:] for line in lines[1:]) == WHY
