"""Counts of rounds by settings and answers, and what they may be used for.

Counts that factors are chosen from and counts that the factors judge are two types, so that no call can take the one
for the other. Chosen from the very data that they judge, factors certify entropy of devices that have none.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Bits, Packed
from qrng_hub.errors import RequestError
from qrng_hub.integers import whole

Counted = npt.NDArray[np.int64]
_BYTES_AT_ONCE = 2**20


def winning_cells() -> npt.NDArray[np.bool_]:
    """Returns which of the 16 cells (x, y, a, b) win: a XOR b = x AND y."""
    return np.array([(a ^ b) == (x & y) for x, y, a, b in itertools.product((0, 1), repeat=4)])


@dataclass(frozen=True, slots=True, eq=False)
class RoundCounts:
    """How often each of 16 cells came, int64 of shape (16,), index 8 x + 4 y + 2 a + b.

    x and y are the settings, a and b the answers. Raises `RequestError` for anything but 16 whole numbers, none
    of them negative, and of which the sum is one of 64 bits.
    """

    cells: Counted

    def __post_init__(self) -> None:
        cells = np.array(self.cells).reshape(-1)
        if cells.shape != (16,) or not np.issubdtype(cells.dtype, np.integer) or (cells < 0).any():
            raise RequestError(
                "counts are 16 whole numbers of at least 0, one for each x, y, a, b: 0000, 0001, ... 1111"
            )
        if sum(cells.tolist()) >= 2**63:
            raise RequestError(f"{sum(cells.tolist()):,} rounds are more than can be counted")
        cells = cells.astype(np.int64)
        cells.flags.writeable = False
        object.__setattr__(self, "cells", cells)

    @property
    def rounds(self) -> int:
        """The number of rounds."""
        return int(self.cells.sum())

    @property
    def won(self) -> int:
        """The number of rounds in which a XOR b = x AND y."""
        return int(self.cells[winning_cells()].sum())


class TrainingCounts(RoundCounts):
    """Counts from which factors are chosen: of a calibration, or of rounds that are then not certified."""

    __slots__ = ()


class JudgedCounts(RoundCounts):
    """Counts of the rounds that are to be certified."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """The rounds of a game in their order: four strings of bits of equal length, settings x, y and answers a, b.

    Raises `RequestError` if their lengths differ.
    """

    x: Bits
    y: Bits
    a: Bits
    b: Bits

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns}
        if len(lengths) > 1:
            raise RequestError(f"the columns x, y, a, b have {sorted(lengths)} rounds: give all of the same rounds")

    @property
    def columns(self) -> tuple[Bits, Bits, Bits, Bits]:
        """The four columns in the order of the index of a cell."""
        return self.x, self.y, self.a, self.b

    def __len__(self) -> int:
        return len(self.x)


def count_rounds(rounds: Rounds) -> Counted:
    """Counts the cells of packed rounds: int64 of shape (16,), beside some megabytes whatever their number."""
    columns = [np.frombuffer(column.data, np.uint8) for column in rounds.columns]
    size = columns[0].size
    counts = sum(
        (
            _count_packed([column[at : at + _BYTES_AT_ONCE] for column in columns])
            for at in range(0, size, _BYTES_AT_ONCE)
        ),
        np.zeros(16, np.int64),
    )
    counts[0] -= 8 * size - len(rounds)  # the padding looks like rounds of zeros
    return counts


def _count_packed(columns: Sequence[Packed]) -> Counted:
    """Counts by conjunctions of whole bytes: a cell is where each column, or its complement, has a one."""
    cells = [np.full_like(columns[0], 0xFF)]
    for column in columns:
        cells = [cell & part for cell in cells for part in (~column, column)]
    return np.array([np.bitwise_count(cell).sum(dtype=np.int64) for cell in cells])


def require_apart(training: TrainingCounts, judged: JudgedCounts) -> None:
    """Raises `RequestError` if the counts that are judged are those that the factors were chosen from."""
    if np.array_equal(training.cells, judged.cells):
        raise RequestError(
            "the counts to certify are the training counts: choose the factors from a calibration, or from rounds "
            "that you then leave out"
        )


def split_rounds(cells: npt.NDArray[Any], training_rounds: int) -> tuple[TrainingCounts, JudgedCounts]:
    """Splits rounds in their order, as cells of shape (n,): the first are for training, the others are judged.

    Raises `RequestError` if either part is empty.
    """
    training_rounds = whole(training_rounds, "a number of training rounds is a whole one")
    if not 0 < training_rounds < cells.size:
        raise RequestError(
            f"of {cells.size:,} rounds, {training_rounds:,} cannot be for training: leave some to certify"
        )
    first, rest = cells[:training_rounds], cells[training_rounds:]
    return TrainingCounts(tally(first)), JudgedCounts(tally(rest))


def tally(cells: npt.NDArray[Any]) -> Counted:
    """Counts cells of shape (n,): int64 of shape (16,)."""
    step = 8 * _BYTES_AT_ONCE
    parts = (np.bincount(cells[at : at + step], minlength=16) for at in range(0, cells.size, step))
    return sum(parts, np.zeros(16, np.int64))
