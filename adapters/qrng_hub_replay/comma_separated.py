"""Shots as comma-separated values: a column a qubit, or a column of bit strings, with or without shot numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qrng_hub.bits import pack_shots
from qrng_hub_replay.settings import RecordSettings
from qrng_hub_replay.shots import ShotTable, columns_of, counts_in, refused, table_of

_SHOT = {"", "shot", "shots", "index", "shot_index", "shot number", "#"}
_BITS = {"bitstring", "bits", "bit_string", "outcome", "result", "measurement"}
_COUNT = {"count", "counts", "frequency", "occurrences", "probability", "probabilities"}
_QUBIT = re.compile(r"(?:qubit|q|c|bit|meas)?[ _]?\[?(\d{1,9})\]?")
Rows = list[list[str]]


def read_csv(path: Path, content: bytes, settings: RecordSettings) -> ShotTable:
    """Reads shots; raises `ConfigError` for missing cells, columns or shots, and as `table_of` does."""
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("ascii"), newline="")) if row]
    except (UnicodeDecodeError, csv.Error):
        raise refused(path, "is no file of comma-separated values in ASCII") from None
    if not rows:
        raise refused(path, "is empty")
    header = [cell.strip().casefold() for cell in rows[0]]
    if all(cell in ("0", "1") for cell in header):
        return _read_columns(path, rows, columns_of(path, len(header), settings.qubit_0), settings)
    if _COUNT & set(header):
        raise counts_in(path)
    rows = _without_shot_numbers(path, header, rows[1:])
    header = [name for name in header if name not in _SHOT]
    if not rows:
        raise refused(path, "holds no shots")
    if len(header) == 1 and header[0] in _BITS:
        return _read_strings(path, [row[0] for row in rows], settings)
    found = [_QUBIT.fullmatch(name) for name in header]
    if strange := [name for name, match in zip(header, found, strict=True) if not match]:
        raise refused(path, f"has a column {strange[0]!r}, which is no shot's number, qubit or bit string")
    return _read_columns(path, rows, tuple(int(match[1]) for match in found if match), settings)


def _without_shot_numbers(path: Path, header: Sequence[str], rows: Rows) -> Rows:
    """Takes the cells that are not shot numbers; raises `ConfigError` if these do not rise one by one."""
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise refused(
                path, f"has {len(row)} cells in shot {number:,} and {len(header)} in its header: columns are missing"
            )
    for place in (place for place, name in enumerate(header) if name in _SHOT):
        _require_consecutive(path, [row[place].strip() for row in rows])
    kept = [place for place, name in enumerate(header) if name not in _SHOT]
    return [[row[place].strip() for place in kept] for row in rows]


def _require_consecutive(path: Path, numbers: Sequence[str]) -> None:
    start = 1 if numbers and numbers[0] == "1" else 0
    for expected, number in enumerate(numbers, start):
        if number != str(expected):
            raise refused(path, f"has shot {number!r} where {expected} is expected: shots are missing or out of order")


def _read_strings(path: Path, strings: Sequence[str], settings: RecordSettings) -> ShotTable:
    strings = [string.strip("'\" ") for string in strings]
    width = len(strings[0]) if strings else 0
    for number, string in enumerate(strings, 1):
        if len(string) != width:
            raise refused(
                path, f"has {len(string)} digits in shot {number:,} and {width} in the first: leading zeros may be lost"
            )
    return _read_columns(
        path, [list(string) for string in strings], columns_of(path, width, settings.qubit_0), settings
    )


def _read_columns(path: Path, rows: Rows, columns: tuple[int, ...], settings: RecordSettings) -> ShotTable:
    if settings.qubits not in (None, len(columns)):
        raise refused(path, f"has columns of {len(columns)} qubits, and {settings.qubits} are stated: some are missing")
    for number, row in enumerate(rows, 1):
        if len(row) != len(columns) or not {*row} <= {"0", "1"}:
            raise refused(
                path, f"has in shot {number:,} something else than a 0 or 1 for each of {len(columns)} qubits"
            )
    digits = np.array([[cell == "1" for cell in row] for row in rows], np.bool_).reshape(-1, len(columns))
    return table_of(path, pack_shots(digits), columns)
