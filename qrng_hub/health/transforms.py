"""The tests that take a Fourier transform of each qubit, some qubits and a stretch of shots at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Packed
from qrng_hub.health.spectrum import drift_bits, lines_of, powers_of, spectrum_bits, strongest_lag

Reals = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

LONGEST = 2**20
"""The most shots that are transformed together: a longer block is cut into stretches, each tested by itself."""
_AT_ONCE = 2**22
"""Outcomes that are transformed at once, so that memory stays bounded."""


@dataclass(frozen=True, slots=True, eq=False)
class InFrequency:
    """How improbable each qubit's spectrum, drift and strongest lag are, in bits for any stretch, shape (q,)."""

    spectrum: Reals
    drift: Reals
    memory: Reals


def stretches(shots: int) -> list[slice]:
    """Cuts shots into equal stretches of whole bytes, of `LONGEST` shots at most; what is over goes to the last."""
    count = -(-shots // LONGEST)
    each = shots // count // 8 * 8
    ends = [number * each for number in range(1, count)]
    return [slice(start, end) for start, end in zip([0, *ends], [*ends, shots], strict=True)]


def in_frequency(columns: Packed, shots: int, least_bits: float) -> InFrequency:
    """Tests every qubit, packed in the order of the shots; `least_bits` are those that matter of a lag."""
    of_stretches = []
    for stretch in stretches(shots):
        found = [_tested(outcomes, least_bits) for outcomes in _some(columns, stretch)]
        of_stretches.append(np.concatenate(found, axis=1) if found else np.zeros((3, 0)))
    bits = np.maximum(0.0, np.max(of_stretches, axis=0) - math.log2(len(of_stretches)))
    return InFrequency(*bits)


def summed_powers(columns: Packed, stretch: slice) -> Reals:
    """Adds up `powers_of` all qubits in a stretch of shots."""
    length = stretch.stop - stretch.start
    powers = np.zeros(length + 1)
    for some in _some(columns, stretch):
        powers += powers_of(some).sum(axis=0, dtype=np.float64)
    return powers


def _some(columns: Packed, stretch: slice) -> Iterator[Packed]:
    """Unpacks some qubits at a time; a stretch begins at a whole byte."""
    length = stretch.stop - stretch.start
    packed = columns[:, stretch.start // 8 : -(-stretch.stop // 8)]
    step = max(1, _AT_ONCE // length)
    for first in range(0, len(columns), step):
        yield np.unpackbits(packed[first : first + step], axis=1, count=length)


def _tested(outcomes: Packed, least_bits: float) -> Reals:
    shots = outcomes.shape[1]
    powers = powers_of(outcomes)
    lines = lines_of(powers, shots)
    memory = [strongest_lag(own, one, least_bits).bits for own, one in zip(powers, outcomes, strict=True)]
    return np.stack([spectrum_bits(lines), drift_bits(lines), np.array(memory)])
