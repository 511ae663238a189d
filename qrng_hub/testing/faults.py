"""Faults of a quantum device, made of a seed, each of which knows the min-entropy that it leaves.

A fault changes the outcomes of a job in place and accounts for it in a table of the same shape: the min-entropy, in
bits, that each outcome adds to those before it when everything but the outcomes is known, the fault and its parameters
above all. The sum over a table is the min-entropy of the whole job.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Outcomes that are not packed: uint8 of shape (shots, qubits).
Table = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float64]

#: Degree of a primitive polynomial over GF(2) -> the lags whose outcomes it adds up to the next.
PRIMITIVE = {
    5: (5, 3), 6: (6, 5), 7: (7, 6), 8: (8, 6, 5, 4), 9: (9, 5), 10: (10, 7), 11: (11, 9), 12: (12, 6, 4, 1),
    13: (13, 4, 3, 1), 14: (14, 5, 3, 1), 15: (15, 14), 16: (16, 15, 13, 4),
}  # fmt: skip


def bits_of(p_one: npt.ArrayLike) -> Reals:
    """Returns the min-entropy of outcomes that are 1 with these probabilities, in bits; any shape.

    >>> bits_of([0.5, 0.25, 1.0]).round(3).tolist()
    [1.0, 0.415, 0.0]
    """
    p = np.asarray(p_one, np.float64)
    bits: Reals = -np.log2(np.maximum(p, 1 - p)) + 0.0
    return bits


class Fault(ABC):
    """What is wrong with a device: the same in every job.

    `p_one` is each qubit's probability of a one without the fault, and `first` how many shots the device measured
    before the job.
    """

    @property
    @abstractmethod
    def concerned(self) -> tuple[int, ...]:
        """The qubits that are not as they should be, ascending; empty for all of them."""

    @abstractmethod
    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Changes the outcomes of a job, in place."""

    @abstractmethod
    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Changes the min-entropy that each outcome adds, in place; both arrays have one shape."""


class _Varying(Fault):
    """One qubit whose probability of a one depends on the number of the shot alone."""

    qubit: int

    @property
    def concerned(self) -> tuple[int, ...]:
        """The one qubit."""
        return (self.qubit,)

    @abstractmethod
    def rates(self, first: int, shots: int) -> Reals:
        """Returns the probability of a one in each shot of a job, shape (shots,)."""

    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Draws the qubit anew, at its rates."""
        outcomes[:, self.qubit] = rng.random(len(outcomes)) < self.rates(first, len(outcomes))

    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Leaves what the rates leave."""
        bits[:, self.qubit] = bits_of(self.rates(first, len(bits)))


@dataclass(frozen=True, slots=True)
class Period(_Varying):
    """One qubit goes through a cycle of probabilities of a one; with zeros and ones only, it repeats a word."""

    qubit: int
    cycle: tuple[float, ...]

    def rates(self, first: int, shots: int) -> Reals:
        """Goes on with the cycle from job to job."""
        rates: Reals = np.take(self.cycle, np.arange(first, first + shots) % len(self.cycle))
        return rates


@dataclass(frozen=True, slots=True)
class Drift(_Varying):
    """One qubit's probability of a one moves in a straight line from the first shot of every job to its last."""

    qubit: int
    start: float
    end: float

    def rates(self, first: int, shots: int) -> Reals:
        """Begins anew in every job."""
        return np.linspace(self.start, self.end, shots)


@dataclass(frozen=True, slots=True)
class Decay(_Varying):
    """One qubit's probability of a one decays over the run, through all its jobs, from 1/2 towards 0."""

    qubit: int
    half_life_shots: float

    def rates(self, first: int, shots: int) -> Reals:
        """Halves the probability every so many shots."""
        rates: Reals = 0.5 * np.exp2(-np.arange(first, first + shots) / self.half_life_shots)
        return rates


@dataclass(frozen=True, slots=True)
class Copies(Fault):
    """One qubit repeats, with a probability of `strength`, what another gave `lag` shots before; 0 is in the same shot.

    The first `lag` outcomes of a job are its own.
    """

    source: int
    copy: int
    lag: int
    strength: float

    @property
    def concerned(self) -> tuple[int, ...]:
        """Both qubits."""
        return tuple(sorted({self.source, self.copy}))

    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Copies some outcomes of one qubit to the other."""
        end = max(len(outcomes) - self.lag, 0)
        copied, target = outcomes[:end, self.source], outcomes[self.lag :, self.copy]
        target[:] = np.where(rng.random(len(target)) < self.strength, copied, target)

    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Leaves a pair of outcomes the min-entropy of its most probable values."""
        source, copy = ([1 - p_one[qubit], p_one[qubit]] for qubit in (self.source, self.copy))
        joint = max(
            source[x] * (self.strength * (x == y) + (1 - self.strength) * copy[y]) for x in (0, 1) for y in (0, 1)
        )
        bits[self.lag :, self.copy] = -math.log2(joint) - bits_of(p_one[self.source])


@dataclass(frozen=True, slots=True)
class Memory(Fault):
    """One qubit repeats, with a probability of `strength`, its own outcome of `lag` shots before.

    The first `lag` outcomes of a job are its own.
    """

    qubit: int
    lag: int
    strength: float

    @property
    def concerned(self) -> tuple[int, ...]:
        """The one qubit."""
        return (self.qubit,)

    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Repeats some outcomes, those that are repeats themselves included."""
        column, repeats = outcomes[:, self.qubit], rng.random(len(outcomes)) < self.strength
        for start in range(self.lag, len(column), self.lag):
            now = slice(start, start + self.lag)
            size = column[now].size
            column[now] = np.where(repeats[now], column[start - self.lag : start - self.lag + size], column[now])

    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Leaves what the likeliest sequence leaves, in which the commoner outcome goes on."""
        likelier = max(p_one[self.qubit], 1 - p_one[self.qubit])
        bits[self.lag :, self.qubit] = -math.log2(self.strength + (1 - self.strength) * likelier)


@dataclass(frozen=True, slots=True)
class MSequence(Fault):
    """One qubit gives the output of a linear feedback shift register of maximal period, from a random state a job.

    `degree` is that of a primitive polynomial, one of `PRIMITIVE`, and the period 2^degree - 1 shots.
    """

    qubit: int
    degree: int

    @property
    def concerned(self) -> tuple[int, ...]:
        """The one qubit."""
        return (self.qubit,)

    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Replaces the qubit's outcomes."""
        state = int(rng.integers(1, 2**self.degree))
        sequence = [state >> place & 1 for place in range(self.degree)]
        lags = PRIMITIVE[self.degree]
        for _ in range(len(outcomes) - self.degree):
            sequence.append(sum(sequence[-lag] for lag in lags) & 1)
        outcomes[:, self.qubit] = sequence[: len(outcomes)]

    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Leaves the choice of the state, to as many outcomes as show it."""
        bits[:, self.qubit] = 0.0
        bits[: self.degree, self.qubit] = math.log2(2**self.degree - 1) / self.degree


@dataclass(frozen=True, slots=True)
class Ghz(Fault):
    """Some qubits give one fair bit a shot, each flipped with a probability of `flip`, at most 1/2."""

    qubits: tuple[int, ...]
    flip: float

    @property
    def concerned(self) -> tuple[int, ...]:
        """The entangled qubits."""
        return self.qubits

    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Replaces the qubits' outcomes."""
        shared = rng.integers(0, 2, (len(outcomes), 1), np.uint8)
        outcomes[:, self.qubits] = shared ^ (rng.random((len(outcomes), len(self.qubits))) < self.flip)

    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Leaves what the likeliest shot leaves, in which all agree."""
        count = len(self.qubits)
        bits[:, self.qubits] = 0.0
        bits[:, self.qubits[0]] = 1 - math.log2((1 - self.flip) ** count + self.flip**count)


@dataclass(frozen=True, slots=True)
class Parity(Fault):
    """A qubit gives the parity of two others, so that any two of the three are independent."""

    one: int
    other: int
    parity: int

    @property
    def concerned(self) -> tuple[int, ...]:
        """The three qubits."""
        return tuple(sorted((self.one, self.other, self.parity)))

    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Replaces the third qubit's outcomes."""
        outcomes[:, self.parity] = outcomes[:, self.one] ^ outcomes[:, self.other]

    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Leaves the third qubit nothing."""
        bits[:, self.parity] = 0.0


@dataclass(frozen=True, slots=True)
class CopiedRows(Fault):
    """A stretch of a job's shots, of all its qubits, is a copy of the stretch just before it.

    `share` is that of the copied shots in the job, at most 1/2; the copies are the last shots of the job.
    """

    share: float

    @property
    def concerned(self) -> tuple[int, ...]:
        """All qubits."""
        return ()

    def impose(self, outcomes: Table, p_one: Reals, first: int, rng: np.random.Generator) -> None:
        """Replaces the last rows."""
        count = self._count(len(outcomes))
        outcomes[len(outcomes) - count :] = outcomes[len(outcomes) - 2 * count : len(outcomes) - count]

    def account(self, bits: Reals, p_one: Reals, first: int) -> None:
        """Leaves the last rows nothing."""
        bits[len(bits) - self._count(len(bits)) :] = 0.0

    def _count(self, shots: int) -> int:
        return int(shots * self.share)
