"""Devices with one fault each, all drawn from one seed: what they are, where they are and how strong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from qrng_hub.testing.faults import CopiedRows, Copies, Decay, Drift, Fault, Ghz, Memory, MSequence, Parity, Period
from qrng_hub.testing.shots import FaultyShots, ReplayedShots

QUBITS = 32
"""The qubits of an injected device, unless the caller sets another number."""
_FEWEST_QUBITS = 8


def inject(seed: int, shots: int, qubits: int = QUBITS) -> dict[str, FaultyShots | ReplayedShots]:
    """Draws a device for each kind of fault, by its name, and `clean`, which has none.

    The qubits' biases are the same in all of them. `shots` are those of a job: the device `replay` repeats its first
    job. Raises `ValueError` for fewer than 8 qubits.

    >>> sorted(inject(1, 1024))  # doctest: +NORMALIZE_WHITESPACE
    ['clean', 'copied-rows', 'decay', 'drift', 'ghz', 'late-copies', 'm-sequence', 'memory', 'neighbours', 'parity',
     'period', 'replay']
    """
    if qubits < _FEWEST_QUBITS:
        raise ValueError(f"faults are injected into {_FEWEST_QUBITS} qubits or more, not {qubits}")
    rng = np.random.default_rng([seed, 0])
    p_one = rng.uniform(0.47, 0.53, qubits)
    clean = FaultyShots(p_one, (), seed)
    devices: dict[str, FaultyShots | ReplayedShots] = {"clean": clean}
    for number, (name, draw) in enumerate(_DRAWS.items(), 1):
        own = np.random.default_rng([seed, number])
        chosen = [int(qubit) for qubit in own.permutation(qubits)]
        devices[name] = FaultyShots(p_one, (draw(own, chosen, shots),), seed + number)
    flips = int(np.random.default_rng([seed, len(_DRAWS) + 1]).integers(1, 17))
    return devices | {"replay": ReplayedShots(clean, shots, flips, seed)}


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draws a number of three decimals, so that it is said in full where the fault is."""
    return round(float(rng.uniform(low, high)), 3)


def _period(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    word = rng.permutation([0, 1, *rng.integers(0, 2, rng.integers(1, 30))])
    strength = _uniform(rng, 0.4, 0.5)
    return Period(qubits[0], tuple((0.5 + strength * (2 * word - 1)).round(3).tolist()))


def _drift(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    ends = 0.5 + _uniform(rng, 0.3, 0.45) * rng.permutation([-1, 1])
    return Drift(qubits[0], *ends.round(3).tolist())


def _neighbours(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return Copies(qubits[0], qubits[1], lag=0, strength=_uniform(rng, 0.4, 1))


def _late_copies(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return Copies(qubits[0], qubits[1], lag=1, strength=_uniform(rng, 0.4, 1))


def _copied_rows(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return CopiedRows(_uniform(rng, 0.25, 0.5))


def _m_sequence(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return MSequence(qubits[0], int(rng.integers(7, 14)))


def _memory(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return Memory(qubits[0], int(rng.integers(600, 701)), _uniform(rng, 0.7, 1))


def _ghz(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return Ghz(tuple(sorted(qubits[: int(rng.integers(3, 9))])), _uniform(rng, 0, 0.03))


def _decay(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return Decay(qubits[0], round(shots * rng.uniform(2, 8)))


def _parity(rng: np.random.Generator, qubits: list[int], shots: int) -> Fault:
    return Parity(*qubits[:3])


_DRAWS: Mapping[str, Callable[[np.random.Generator, list[int], int], Fault]] = {
    "period": _period,
    "drift": _drift,
    "neighbours": _neighbours,
    "late-copies": _late_copies,
    "copied-rows": _copied_rows,
    "m-sequence": _m_sequence,
    "memory": _memory,
    "ghz": _ghz,
    "decay": _decay,
    "parity": _parity,
}
