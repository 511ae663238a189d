"""Where the outcomes of a test device come from: a record, a generator with faults, or an earlier job's once more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from qrng_hub.bits import Packed, unpack_shots
from qrng_hub.errors import JobFailedError
from qrng_hub.testing.faults import Fault, Reals, Table, bits_of


class Shots(Protocol):
    """The outcomes of a device's superposed qubits, shot after shot, the same whenever they are asked for."""

    @property
    def qubits(self) -> int:
        """The number of qubits."""

    @property
    def description(self) -> str:
        """What they are, for receipts and reports."""

    def sample(self, first: int, shots: int) -> Table:
        """Returns the outcomes of a job that follows `first` shots: zeros and ones, shape (shots, qubits)."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordedShots:
    """A record of shots, packed as in `qrng_hub.bits`, given out in the order measured and each once.

    Raises `JobFailedError` for more shots than are left.
    """

    packed: Packed
    qubits: int
    description: str = "a record of shots"

    def sample(self, first: int, shots: int) -> Table:
        """Returns the next rows of the record."""
        if first + shots > len(self.packed):
            left = max(len(self.packed) - first, 0)
            raise JobFailedError(f"the record has {left:,} of its {len(self.packed):,} shots left, not {shots:,}")
        return unpack_shots(self.packed[first : first + shots], self.qubits)


@dataclass(frozen=True, slots=True, eq=False)
class FaultyShots:
    """Independent qubits that give a one with these probabilities, shape (qubits,), and the faults imposed on them.

    Faults are imposed in their order; the min-entropy is right if no two concern one qubit, and `CopiedRows`, which
    concerns all, comes last.
    """

    p_one: npt.ArrayLike
    faults: Sequence[Fault]
    seed: int

    @property
    def qubits(self) -> int:
        """The number of qubits."""
        return self._rates.size

    @property
    def description(self) -> str:
        """The faults with their parameters."""
        return f"a generator with {' and '.join(map(str, self.faults)) or 'no fault'}"

    @property
    def concerned(self) -> tuple[int, ...]:
        """The qubits that a fault concerns, or all if one concerns all, or there is none."""
        each = [fault.concerned for fault in self.faults]
        return tuple(sorted({*chain(*each)})) if each and all(each) else tuple(range(self.qubits))

    def sample(self, first: int, shots: int) -> Table:
        """Draws the outcomes of a job from the seed and the number of shots before it."""
        rng = np.random.default_rng([self.seed, first])
        outcomes = (rng.random((shots, self.qubits)) < self._rates).astype(np.uint8)
        for fault in self.faults:
            fault.impose(outcomes, self._rates, first, rng)
        return outcomes

    def min_entropy(self, first: int, shots: int) -> Reals:
        """Returns the min-entropy that each outcome of a job adds to those before it, in bits: shape (shots, qubits).

        Its sum is that of the job for whoever knows everything but the outcomes; a qubit whose outcomes follow from
        another's adds nothing.
        """
        bits = np.tile(bits_of(self._rates), (shots, 1))
        for fault in self.faults:
            fault.account(bits, self._rates, first)
        return bits

    @property
    def _rates(self) -> Reals:
        return np.asarray(self.p_one, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedShots:
    """Gives the first `rows` shots of another source over and over, every later job with `flips` outcomes flipped."""

    source: FaultyShots
    rows: int
    flips: int
    seed: int

    @property
    def qubits(self) -> int:
        """The number of qubits."""
        return self.source.qubits

    @property
    def description(self) -> str:
        """What is replayed."""
        return f"{self.source.description}, whose first {self.rows:,} shots it replays with {self.flips} flips a job"

    @property
    def concerned(self) -> tuple[int, ...]:
        """All qubits."""
        return tuple(range(self.qubits))

    def sample(self, first: int, shots: int) -> Table:
        """Goes on with the tape; what is flipped is drawn anew for each job."""
        outcomes = self.source.sample(0, self.rows)[np.arange(first, first + shots) % self.rows]
        replayed = outcomes[max(self.rows - first, 0) :]
        if replayed.size:
            rng = np.random.default_rng([self.seed, first])
            flipped = rng.choice(replayed.size, min(self.flips, replayed.size), replace=False)
            replayed.reshape(-1)[flipped] ^= 1
        return outcomes

    def min_entropy(self, first: int, shots: int) -> Reals:
        """Returns what each outcome adds, in bits: of replayed shots, only which outcomes are flipped is unknown."""
        bits = np.zeros((shots, self.qubits))
        fresh = min(max(self.rows - first, 0), shots)
        bits[:fresh] = self.source.min_entropy(0, self.rows)[first : first + fresh]
        replayed = bits[fresh:]
        if replayed.size:
            replayed[:] = _log2_choose(replayed.size, min(self.flips, replayed.size)) / replayed.size
        return bits


def _log2_choose(total: int, chosen: int) -> float:
    return float(special.gammaln(total + 1) - special.gammaln(chosen + 1) - special.gammaln(total - chosen + 1)) / (
        math.log(2)
    )
