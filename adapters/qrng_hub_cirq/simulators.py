"""cirq.Simulator and cirq.DensityMatrixSimulator, for the states that they compute.

Both hold each group of entangled qubits apart, so that the largest group is what limits a circuit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cirq
import numpy as np
import numpy.typing as npt

from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Backend, Origin
from qrng_hub_cirq.simulation import ALL_GATES, Simulation, draw, largest_group, weights_of
from qrng_hub_cirq.translation import unmeasured


def _weights_of_vector(state: Any) -> npt.NDArray[np.floating[Any]]:
    return weights_of(state.target_tensor)


def _weights_of_matrix(state: Any) -> npt.NDArray[np.floating[Any]]:
    size = 2 ** len(state.qubits)
    return np.abs(state.target_tensor.reshape(size, size).diagonal())


#: backend -> Cirq's class, its states' weights, the most qubits of a group (0.5 and 0.1 GB a copy), what it is
_KINDS = {
    "simulator": (cirq.Simulator, _weights_of_vector, 26, "state-vector"),
    "density_matrix": (cirq.DensityMatrixSimulator, _weights_of_matrix, 12, "density-matrix"),
}


class CirqSimulator(Simulation):
    """One of Cirq's own simulators, without noise."""

    def __init__(self, name: str, fresh_seed: Callable[[], int]) -> None:
        super().__init__(fresh_seed)
        self._simulator, self._weights, self._group_limit, kind = _KINDS[name]
        self.backend = Backend(
            address=f"cirq:{name}",
            origin=Origin.SIMULATOR,
            description=f"cirq {cirq.__version__}, {kind} simulator, sampled with numpy {np.__version__}",
            qubits=256,
            default_qubits=20,
            max_shots=1_000_000,
            gates=ALL_GATES,
        )

    def require_room(self, circuit: Circuit) -> None:
        """Refuses a group of entangled qubits whose state does not fit in memory."""
        if (joined := largest_group(circuit)) > self._group_limit:
            raise BackendLimitError(
                f"{self.backend.address} holds at most {self._group_limit} qubits that two-qubit gates join, not"
                f" {joined}: join fewer, or use local:stim, which runs any number under Clifford gates"
            )

    def sample(self, circuit: Circuit, shots: int) -> npt.NDArray[np.uint8]:
        """Simulates the circuit and draws each group of entangled qubits by itself."""
        numbers = self.random_state()
        result = self._simulator(seed=numbers).simulate(unmeasured(circuit))
        column = {qubit: index for index, qubit in enumerate(circuit.measured)}
        outcomes = np.empty((shots, len(column)), np.uint8)
        for state in _states(result, circuit):
            qubits = [qubit.x for qubit in state.qubits]
            wanted = [qubit for qubit in qubits if qubit in column]
            outcomes[:, [column[qubit] for qubit in wanted]] = draw(
                numbers, self._weights(state), qubits, wanted, shots
            )
        return outcomes


open_backend = CirqSimulator


def _states(result: Any, circuit: Circuit) -> list[Any]:
    """Lists the states that hold the measured qubits, each once."""
    states = [result.get_state_containing_qubit(cirq.LineQubit(qubit)) for qubit in circuit.measured]
    return list({id(state): state for state in states}.values())
