"""Recorded shots: a table as it stood in a file, checked to be shots and not counts written out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qrng_hub.bits import Packed, pack_shots, row_bytes, unpack_shots
from qrng_hub.errors import ConfigError, ReconstructedMeasurementsError

LARGEST_LABEL = 65_535
_ENOUGH_SHOTS = 64
"""With fewer, measured shots may look sorted."""
_ROWS_AT_ONCE = 65_536
_COUNTS = "holds counts and not shots, and shots rebuilt from counts are in no order: ask for the shots as measured"


@dataclass(frozen=True, slots=True, eq=False)
class ShotTable:
    """Shots packed as in `qrng_hub.bits`, in the order of the file; column j is the qubit `labels[j]`, ascending."""

    packed: Packed
    labels: tuple[int, ...]
    device: str = ""
    """What measured them, if the file says so."""


def refused(path: Path, problem: str) -> ConfigError:
    """Makes the error for a file that cannot be replayed."""
    return ConfigError(f"{path} {problem}")


def load_json(path: Path, content: bytes) -> Any:
    """Reads a JSON document; raises `ConfigError` if it is not whole."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise refused(path, "is no whole JSON document") from None


def counts_in(path: Path) -> ReconstructedMeasurementsError:
    """Makes the error for a file of counts."""
    return ReconstructedMeasurementsError(f"{path} {_COUNTS}")


def columns_of(path: Path, count: int, qubit_0: str | None) -> tuple[int, ...]:
    """Numbers the columns of a shot from left to right; raises `ConfigError` if nobody says where qubit 0 is."""
    if qubit_0 is None and count > 1:
        raise refused(
            path, 'does not say which end of a shot is qubit 0: set qubit_0 = "left", or "right" as Qiskit prints it'
        )
    numbers = tuple(range(count))
    return numbers[::-1] if qubit_0 == "right" else numbers


def table_of(path: Path, packed: Packed, columns: tuple[int, ...], device: str = "") -> ShotTable:
    """Makes a table of shots whose columns, from left to right, are these qubits.

    Raises `ReconstructedMeasurementsError` for shots that stand in the order of their values, and `ConfigError` for
    none, or qubits that are named twice.
    """
    if not len(packed):
        raise refused(path, "holds no shots")
    if len(set(columns)) < len(columns):
        raise refused(path, f"names qubit {max(columns, key=columns.count)} twice")
    if not columns or max(columns) > LARGEST_LABEL:
        raise refused(path, f"names no qubits, or one above {LARGEST_LABEL:,}")
    _require_order_measured(path, packed)
    order = np.argsort(columns)
    if list(columns) != sorted(columns):
        packed = np.concatenate([pack_shots(rows[:, order]) for rows in _unpacked(packed, len(columns))])
    return ShotTable(packed, tuple(sorted(columns)), device)


def require_padding(path: Path, packed: Packed, qubits: int) -> None:
    """Raises `ConfigError` unless every row has the bytes of so many qubits, and zeros after the last of them."""
    if packed.shape[1] != row_bytes(qubits):
        needed = row_bytes(qubits)
        raise refused(path, f"has rows of {packed.shape[1]} bytes, and {qubits} qubits are packed into {needed}")
    if qubits % 8 and (packed[:, -1] & (0xFF >> qubits % 8)).any():
        raise refused(
            path, f"has ones after qubit {qubits - 1} of a shot: its rows are not {qubits} qubits packed from the left"
        )


def _unpacked(packed: Packed, qubits: int) -> Iterator[Packed]:
    for start in range(0, len(packed), _ROWS_AT_ONCE):
        yield unpack_shots(packed[start : start + _ROWS_AT_ONCE], qubits)


def _require_order_measured(path: Path, packed: Packed) -> None:
    """Refuses rows in ascending or descending order, and rows of which equal ones always stand together."""
    if len(packed) < _ENOUGH_SHOTS or _is_constant(packed):
        return
    if _is_sorted(packed) or _is_grouped(packed):
        raise ReconstructedMeasurementsError(
            f"{path} holds shots in the order of their values and not as measured: ask for the shots as measured"
        )


def _is_constant(packed: Packed) -> bool:
    return bool((packed == packed[0]).all())


def _is_sorted(packed: Packed) -> bool:
    """Whether the first 64 columns, read as numbers, never fall or never rise."""
    leading = np.zeros((len(packed), 8), np.uint8)
    width = min(8, packed.shape[1])
    leading[:, :width] = packed[:, :width]
    numbers = leading.view(">u8")[:, 0]
    rises = numbers[1:] >= numbers[:-1]
    falls = numbers[1:] <= numbers[:-1]
    return bool((rises.all() or falls.all()) and numbers[0] != numbers[-1])


def _is_grouped(packed: Packed) -> bool:
    """Whether there are equal rows, and each value stands in one stretch only."""
    stretches = 1 + int((packed[1:] != packed[:-1]).any(axis=1).sum())
    return stretches < len(packed) and stretches == len(np.unique(packed, axis=0))
