"""Files of counts and of rounds that others recorded.

**Counts** are JSON: 16 whole numbers in the order of x, y, a, b (settings, then answers), 0000, 0001, ... 1111, flat
or nested as [x][y][a][b], or an object with these sixteen keys.

**Rounds** of a Bell test are one line or row each, in the order played, settings and answers being 0 or 1: a CSV file
with the header `x,y,a,b`, or an .npy array of uint8 and shape (n, 4). Lines end in a line feed.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from qrng_hub.bits import Packed
from qrng_hub.certificates.counts import Counted
from qrng_hub.errors import RequestError

_KEYS = ["".join(key) for key in itertools.product("01", repeat=4)]
_HEADER = b"x,y,a,b\n"
_LINE = len(_HEADER)
_ROWS_AT_ONCE = 2**20


def read_counts(path: str | Path) -> Counted:
    """Reads 16 counts, int64 of shape (16,); raises `RequestError` for a file that holds something else."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path} does not hold 16 counts as JSON: {error}") from error
    values = _flat([found[key] for key in _KEYS] if isinstance(found, dict) and set(found) == set(_KEYS) else found)
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
    except ValueError as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"{path} is no array of rounds: {error}") from error


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, list):
        return [values]
    return [one for value in values for one in _flat(value)]


def _cells_of_array(path: Path) -> Packed:
    rounds = np.load(path, mmap_mode="r", allow_pickle=False)
    if rounds.dtype != np.uint8 or rounds.ndim != 2 or rounds.shape[1] != 4 or not len(rounds):
        raise RequestError(f"{path} has {rounds.dtype} of shape {rounds.shape}: rounds are uint8 of shape (n, 4)")
    parts = [_cells(rounds[at : at + _ROWS_AT_ONCE], path) for at in range(0, len(rounds), _ROWS_AT_ONCE)]
    return np.concatenate(parts)


def _cells_of_text(path: Path) -> Packed:
    """Reads lines of equal width: whatever is not `0,0,0,0` shows in one of its bytes."""
    parts = []
    with path.open("rb") as file:
        if file.readline().replace(b"\r", b"").replace(b" ", b"") != _HEADER:
            raise RequestError(f"{path} has to begin with the line x,y,a,b")
        while lines := file.read(_LINE * _ROWS_AT_ONCE):
            parts.append(_cells_of_lines(np.frombuffer(lines, np.uint8), path))
    if not parts:
        raise RequestError(f"{path} holds no rounds")
    return np.concatenate(parts)


def _cells_of_lines(text: Packed, path: Path) -> Packed:
    if text.size % _LINE == _LINE - 1:  # the last line may lack its end
        text = np.append(text, np.uint8(ord("\n")))
    if text.size % _LINE or (text.reshape(-1, _LINE)[:, 1::2] != np.frombuffer(b",,,\n", np.uint8)).any():
        raise RequestError(f"{path} has a line that is not four zeros or ones between commas, such as 0,1,1,0")
    return _cells(text.reshape(-1, _LINE)[:, ::2] - np.uint8(ord("0")), path)


def _cells(rounds: Packed, path: Path) -> Packed:
    if rounds.max(initial=0) > 1:
        raise RequestError(f"{path} has a setting or an answer that is neither 0 nor 1")
    return (rounds @ np.array([8, 4, 2, 1], np.uint8)).astype(np.uint8)
