"""Exact tests of all repeats on one backend, each corrected for how many qubits or pairs there are.

All but that of bias are conditional on how many ones each qubit gave, and so hold whatever its bias:

- bias: the binomial test that P(1) is 1/2;
- shot to shot: the number of runs (Wald and Wolfowitz, Ann. Math. Statist. 11, 147, 1940);
- pairs: Fisher's exact test of two qubits within a shot;
- drift: Fisher's exact test of each repeat against all others, corrected for the number of repeats (Bonferroni).

They are exact if all shots are alike; a drift is then found by its own test, and hardly by the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import special

from qrng_hub.bits import Packed, transpose_shots
from qrng_hub.errors import VendorError
from qrng_hub.health.correlation import agreement_bits, agreements, lag_one_bits, pairs_at, tail_bits
from qrng_hub.records import RawBlock

Reals = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The outcomes of all repeats, one after the other, qubit by qubit.

    `columns` is uint8 of shape (qubits, ceil(shots / 8)), packed along the shots; `ones_each` is int64 of shape
    (repeats, qubits).
    """

    qubits: Counts
    shots_each: Counts
    ones_each: Counts
    columns: Packed

    @classmethod
    def of(cls, blocks: Sequence[RawBlock]) -> Outcomes:
        """Joins blocks of the same qubits; raises `VendorError` if they are not."""
        for one, other in pairwise(blocks):
            if one.qubits != other.qubits:
                raise VendorError(f"{one.address} gave outcomes of other qubits in one job than in the next")
        packed = np.concatenate([block.outcomes for block in blocks])
        return cls(
            qubits=np.array(blocks[0].qubits, np.int64),
            shots_each=np.array([block.shots for block in blocks], np.int64),
            ones_each=np.stack([block.ones for block in blocks]),
            columns=transpose_shots(packed, len(blocks[0].qubits)),
        )

    @cached_property
    def shots(self) -> int:
        """The shots of all repeats."""
        return int(self.shots_each.sum())

    @cached_property
    def ones(self) -> Counts:
        """The ones of each qubit in all repeats, int64 of shape (qubits,)."""
        return np.asarray(self.ones_each.sum(axis=0), np.int64)

    @cached_property
    def both(self) -> Counts:
        """The shots in which both qubits of a pair gave a one, int64 of shape (pairs,), numbered as by `pair`."""
        return agreements(self.columns)

    def pair(self, number: int) -> tuple[int, int]:
        """Returns the columns of a pair by its number in the order (0, 1), (0, 2), ..., (1, 2), ..."""
        ((first, second),) = pairs_at(np.array([number]), self.qubits.size).tolist()
        return first, second

    def correlation(self, first: int, second: int) -> float:
        """Returns phi of two columns: the correlation of zeros and ones; 0 if one of them never varies."""
        both = int(np.bitwise_count(self.columns[first] & self.columns[second]).sum(dtype=np.int64))
        return _phi(both, int(self.ones[first]), int(self.ones[second]), self.shots)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the tests gave: p-values of each qubit or pair, corrected for their number; at most 1."""

    bias: Reals
    shot_to_shot: Reals
    pairs: Reals
    pair_logs: Reals
    """log2 of the p-values of the pairs before the correction, which tell apart what underflows."""
    drift: Reals | None
    """None of one repeat."""
    lag_one: Reals
    """The correlation of each qubit's outcomes from one shot to the next."""


def evidence(outcomes: Outcomes) -> Evidence:
    """Runs every test of `outcomes`."""
    qubits, shots = outcomes.qubits.size, outcomes.shots
    scanned = [_scan(column, shots) for column in outcomes.columns]
    first, runs = np.array([one[:2] for one in scanned], np.int64).T
    pair_logs = -agreement_bits(outcomes.both, outcomes.ones, shots)
    return Evidence(
        bias=np.minimum(1.0, qubits * _binomial(outcomes.ones, shots)),
        shot_to_shot=_corrected(-lag_one_bits(first, runs, outcomes.ones, shots), qubits),
        pairs=_corrected(pair_logs, pair_logs.size),
        pair_logs=pair_logs,
        drift=_drift(outcomes) if outcomes.shots_each.size > 1 else None,
        lag_one=np.array([one[2] for one in scanned]),
    )


def _corrected(logs: Reals, tests: int) -> Reals:
    return np.asarray(np.minimum(1.0, tests * np.exp2(logs)))


def _binomial(ones: Counts, shots: int) -> Reals:
    """Returns twice the smaller tail of Binomial(shots, 1/2), by the incomplete beta function."""
    fewer = np.minimum(ones, shots - ones)
    return np.asarray(np.minimum(1.0, 2 * special.betainc(shots - fewer, fewer + 1.0, 0.5)))


def _drift(outcomes: Outcomes) -> Reals:
    shots, ones = outcomes.shots_each, outcomes.ones_each
    bits = [
        tail_bits(own, outcomes.shots, outcomes.ones, np.full_like(own, n)) for own, n in zip(ones, shots, strict=True)
    ]
    return _corrected(-np.max(bits, axis=0), shots.size * outcomes.qubits.size)


def _scan(column: Packed, shots: int) -> tuple[int, int, float]:
    """Returns the first outcome of a qubit, its number of runs, and its correlation from shot to shot."""
    bits = np.unpackbits(column, count=shots)
    now, after = bits[:-1], bits[1:]
    runs = 1 + int(np.count_nonzero(now != after))
    both = int(np.count_nonzero(now & after))
    return int(bits[0]), runs, _phi(both, int(np.count_nonzero(now)), int(np.count_nonzero(after)), shots - 1)


def _phi(both: int, first: int, second: int, samples: int) -> float:
    spread = float(first * (samples - first)) * float(second * (samples - second))
    return (samples * both - first * second) / spread**0.5 if spread else 0.0
