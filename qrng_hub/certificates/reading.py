"""Files of counts and of rounds that others recorded.

**Counts** are JSON: 16 whole numbers in the order of x, y, a, b (settings, then answers), 0000, 0001, ... 1111, flat
or nested as [x][y][a][b], or an object with these sixteen keys.

**Rounds** of a Bell test are one line or row each, in the order played, settings and answers being 0 or 1: a CSV file
with the header `x,y,a,b`, or an .npy array of uint8 and shape (n, 4). All lines
end in LF, or all in CRLF.
"""

from __future__ import annotations

import codecs
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from qrng_hub.bits import Packed
from qrng_hub.certificates.counts import Counted
from qrng_hub.data_files import map_npy
from qrng_hub.errors import RequestError

_KEYS = ["".join(key) for key in itertools.product("01", repeat=4)]
_HEADER = b"x,y,a,b"
_ROWS_AT_ONCE = 2**20


def read_counts(path: str | Path) -> Counted:
    """Reads 16 counts, int64 of shape (16,); raises `RequestError` for a file that holds something else."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        values = _flat([found[key] for key in _KEYS] if isinstance(found, dict) and set(found) == set(_KEYS) else found)
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path} does not hold 16 counts as JSON: {error}") from error
    if len(values) != 16 or not all(type(value) is int and 0 <= value < 2**62 for value in values):
        raise RequestError(f"{path} does not hold 16 counts: give whole numbers for x, y, a, b = 0000, 0001, ... 1111")
    return np.array(values, np.int64)


def read_rounds(path: str | Path) -> Packed:
    """Reads rounds as cells 8 x + 4 y + 2 a + b, uint8 of shape (n,), a byte a round.

    Raises `RequestError` for a file that holds something else.
    """
    path = Path(path)
    try:
        return _cells_of_array(path) if path.suffix == ".npy" else _cells_of_text(path)
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from error


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, list):
        return [values]
    return [one for value in values for one in _flat(value)]


def _cells_of_array(path: Path) -> Packed:
    rounds = map_npy(path)
    if rounds.dtype != np.uint8 or rounds.ndim != 2 or rounds.shape[1] != 4 or not len(rounds):
        raise RequestError(f"{path} has {rounds.dtype} of shape {rounds.shape}: rounds are uint8 of shape (n, 4)")
    if rounds.max() > 1:
        raise RequestError(f"{path} has a setting or an answer that is neither 0 nor 1")
    parts = [_cells(rounds[at : at + _ROWS_AT_ONCE]) for at in range(0, len(rounds), _ROWS_AT_ONCE)]
    return np.concatenate(parts)


def _cells_of_text(path: Path) -> Packed:
    """Reads lines of equal width: whatever is not `0,0,0,0` shows in one of its bytes."""
    parts: list[Packed] = []
    with path.open("rb") as file:
        header = file.readline().removeprefix(codecs.BOM_UTF8)
        if header.replace(b" ", b"").strip() != _HEADER:
            raise RequestError(f"{path} has to begin with the line x,y,a,b")
        end = b"\r\n" if header.endswith(b"\r\n") else b"\n"
        while lines := file.read(len(_HEADER + end) * _ROWS_AT_ONCE):
            first_line = 2 + len(parts) * _ROWS_AT_ONCE
            parts.append(_cells_of_lines(lines, end, f"{path}, line {{}}", first_line))
    if not parts:
        raise RequestError(f"{path} holds no rounds")
    return np.concatenate(parts)


def _cells_of_lines(text: bytes, end: bytes, place: str, first_line: int) -> Packed:
    if not text.endswith(end):  # the last line may lack its end
        text += end
    width = len(_HEADER + end)
    lines = np.frombuffer(text[: len(text) // width * width], np.uint8).reshape(-1, width)
    answers = lines[:, : len(_HEADER) : 2] - np.uint8(ord("0"))
    good = (lines[:, 1 : len(_HEADER) : 2] == ord(",")).all(1) & (lines[:, len(_HEADER) :] == [*end]).all(1)
    good &= (answers <= 1).all(1)
    if len(text) % width or not good.all():
        bad = first_line + (len(lines) if good.all() else int(np.argmin(good)))
        raise RequestError(f"{place.format(bad)}: must be four zeros or ones between commas, such as 0,1,1,0")
    return _cells(answers)


def _cells(rounds: Packed) -> Packed:
    return (rounds @ np.array([8, 4, 2, 1], np.uint8)).astype(np.uint8)
