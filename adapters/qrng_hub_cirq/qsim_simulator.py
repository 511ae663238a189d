"""qsim, for the state vector that it computes.

Shots are drawn from it here: qsim's own sampler returns them sorted by their value, which is a list
of counts and not the order of a measurement, and draws all of them from a seed of 31 bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import qsimcirq

from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Backend, Origin
from qrng_hub_cirq.simulation import ALL_GATES, Simulation, draw, weights_of
from qrng_hub_cirq.translation import unmeasured

_MOST_QUBITS = 26  # a state vector of 0.5 GB, its weights (0.3 GB) and their sums (0.5 GB)
_BACKEND = Backend(
    address="cirq:qsim",
    origin=Origin.SIMULATOR,
    description=f"qsim {qsimcirq.__version__}, state-vector simulator, sampled with numpy {np.__version__}",
    qubits=256,
    default_qubits=20,
    max_shots=1_000_000,
    gates=ALL_GATES,
)

TrajectorySimulator = qsimcirq.QSimSimulator


class QSim(Simulation):
    """qsim without noise."""

    backend = _BACKEND

    def require_room(self, circuit: Circuit) -> None:
        """Refuses more qubits than a state vector in memory has, whatever their numbers."""
        if len(circuit.qubits) > _MOST_QUBITS:
            raise BackendLimitError(
                f"{_BACKEND.address} holds at most {_MOST_QUBITS} qubits at once, not {len(circuit.qubits)}: use"
                " fewer, or cirq:simulator, which holds qubits apart that are not entangled"
            )

    def sample(self, circuit: Circuit, shots: int) -> npt.NDArray[np.int64]:
        """Simulates the circuit and draws from its state vector."""
        numbers = self.random_state()
        _, amplitudes, _ = qsimcirq.QSimSimulator(seed=numbers).simulate_into_1d_array(unmeasured(circuit))
        return draw(numbers, weights_of(amplitudes), circuit.qubits, circuit.measured, shots)


def open_backend(name: str, fresh_seed: Callable[[], int]) -> QSim:
    """Opens qsim, the only backend of this module."""
    return QSim(fresh_seed)
