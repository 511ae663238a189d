"""Reads outcomes bit by bit in pieces, so that memory stays bounded, and counts what the health tests need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Packed, unpack_shots
from qrng_hub.health.cutoffs import WINDOW

_PIECE = 1024 * WINDOW


@dataclass(frozen=True, slots=True)
class Scan:
    """What was counted in a stream of bits."""

    samples: int
    first: int
    """The first bit."""
    runs: int
    """The number of runs: stretches of one value."""
    longest_run: int
    fullest_window: int
    """The most often that a window's first value came in it; 0 if no window is full."""


def column(packed: Packed, shots: int) -> Iterator[Packed]:
    """Unpacks the outcomes of one qubit, packed in the order of the shots, piece by piece."""
    for start in range(0, shots, _PIECE):
        yield np.unpackbits(packed[start // 8 :], count=min(_PIECE, shots - start))


def interleaved(packed: Packed, qubits: int, chosen: npt.NDArray[np.intp]) -> Iterator[Packed]:
    """Unpacks a shot table row by row and, within a row, qubit by qubit; only the `chosen` columns of `qubits`."""
    step = WINDOW * max(1, _PIECE // (WINDOW * qubits))
    for start in range(0, len(packed), step):
        rows = unpack_shots(packed[start : start + step], qubits)
        yield (rows if chosen.size == qubits else rows[:, chosen]).reshape(-1)


def scan(pieces: Iterable[Packed]) -> Scan:
    """Counts runs and windows of a stream of zeros and ones.

    The stream is not empty, and every piece but the last holds whole windows.
    """
    samples = runs = longest = open_run = fullest = 0
    first = last = -1
    for piece in pieces:
        lengths = _run_lengths(piece)
        if piece[0] == last:
            lengths[0] += open_run
            runs -= 1
        first = int(piece[0]) if first < 0 else first
        samples, runs = samples + piece.size, runs + lengths.size
        longest, fullest = max(longest, int(lengths.max())), max(fullest, _fullest_window(piece))
        open_run, last = int(lengths[-1]), int(piece[-1])
    return Scan(samples, first, runs, longest, fullest)


def _run_lengths(piece: Packed) -> npt.NDArray[np.int64]:
    ends = np.flatnonzero(piece[1:] != piece[:-1])
    return np.diff(ends, prepend=-1, append=piece.size - 1)


def _fullest_window(piece: Packed) -> int:
    """Counts the first value in each window, itself included, and returns the most."""
    windows = piece[: piece.size // WINDOW * WINDOW].reshape(-1, WINDOW)
    ones = windows.sum(axis=1, dtype=np.int64)
    return int(np.where(windows[:, 0] == 1, ones, WINDOW - ones).max(initial=0))
