"""What every backend of this adapter is to it, and how shots are drawn from a state; imports no SDK."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng_hub.circuits import GATES, Circuit
from qrng_hub.records import Backend

EXTRA = "cirq"
SDK_PACKAGES = ("cirq", "cirq_google", "qsimcirq")
ALL_GATES = tuple(GATES)


class Simulation(ABC):
    """One backend, open: it describes itself and samples circuits, from several threads at once."""

    backend: Backend

    def __init__(self, fresh_seed: Callable[[], int]) -> None:
        self._fresh_seed = fresh_seed

    @abstractmethod
    def require_room(self, circuit: Circuit) -> None:
        """Raises `BackendLimitError` if the state of `circuit` is too large to simulate."""

    @abstractmethod
    def sample(self, circuit: Circuit, shots: int) -> npt.NDArray[Any]:
        """Returns outcomes of shape (shots, measured qubits), in the order drawn, from a fresh seed."""

    def random_state(self) -> np.random.RandomState:
        """Makes the legacy generator that Cirq asks for, from a fresh seed and apart from numpy's global one."""
        return np.random.RandomState(np.random.PCG64(self._fresh_seed()))


@lru_cache(maxsize=256)
def largest_group(circuit: Circuit) -> int:
    """Counts the qubits of the largest group that two-qubit gates join."""
    groups = {qubit: {qubit} for qubit in circuit.qubits}
    for gate in circuit.gates:
        if len(gate.qubits) == 2:
            joined = groups[gate.qubits[0]] | groups[gate.qubits[1]]
            groups.update(dict.fromkeys(joined, joined))
    return max(map(len, groups.values()))


def weights_of(amplitudes: npt.NDArray[np.complexfloating[Any, Any]]) -> npt.NDArray[np.floating[Any]]:
    """Squares the magnitudes of a state vector, of any shape."""
    return (np.square(amplitudes.real) + np.square(amplitudes.imag)).reshape(-1)


def draw(
    numbers: np.random.RandomState,
    weights: npt.NDArray[np.floating[Any]],
    qubits: Sequence[int],
    wanted: Sequence[int],
    shots: int,
) -> npt.NDArray[np.int64]:
    """Draws basis states of `qubits` by their weights, one after the other; returns (shots, wanted qubits).

    The last of `qubits` is the lowest bit of a basis state's number, as in Cirq. The SDK's own
    samplers draw from the same weights, but loop over the shots in Python.
    """
    place = {qubit: place for place, qubit in enumerate(reversed(qubits))}
    sums = np.cumsum(weights, dtype=np.float64)
    sums /= sums[-1]
    states = np.searchsorted(sums, numbers.random_sample(shots), side="right")
    return states[:, None] >> np.array([place[qubit] for qubit in wanted]) & 1
