"""A processor of Google's, real or virtual: its qubits, its native gates and its calibration, in the hub's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import cirq
import cirq_google

from qrng_hub.circuits import Circuit
from qrng_hub.errors import UnsupportedCircuitError
from qrng_hub.records import Backend, QubitCalibration
from qrng_hub_cirq.simulation import ALL_GATES
from qrng_hub_cirq.translation import operations_of

#: the key of the one measurement of every program
KEY = "m"
#: What a device may be compiled for, best first. A device that has the square root of iSWAP accepts CZ as well,
#: but its calibration does not hold the error of a CZ, and a virtual machine would run it without one.
_NATIVE_GATES = (
    cirq.SqrtIswapTargetGateset(),
    cirq_google.GoogleCZTargetGateset(),
    cirq_google.SycamoreTargetGateset(),
)
_ERRORS_READ = ("single_qubit_p00_error", "single_qubit_p11_error")
_DEFAULT_QUBITS = 20


class Grid:
    """The qubits of a device, from its metadata; qubit i is the i-th of its grid qubits in their order."""

    def __init__(self, metadata: Any) -> None:
        self.qubits = sorted(metadata.qubit_set)
        self._number = {qubit: number for number, qubit in enumerate(self.qubits)}
        self._graph = metadata.nx_graph
        self._gateset = _gateset(metadata)

    def program(self, circuit: Circuit) -> Any:
        """Translates a circuit into the device's native gates and one measurement."""
        gates = cirq.Circuit(operations_of(circuit, self.qubits.__getitem__))
        native = cirq.optimize_for_target_gateset(gates, gateset=self._gateset)
        measured = [self.qubits[number] for number in circuit.measured]
        return cirq.FrozenCircuit(native, cirq.measure(*measured, key=KEY))

    def backend(self, *, calibration: Any = None, **known: Any) -> Backend:
        """Describes the device, with its calibration if there is one; `known` is what else is known of it."""
        pairs = (sorted((self._number[a], self._number[b])) for a, b in self._graph.edges)
        return Backend(
            qubits=len(self.qubits),
            default_qubits=min(_DEFAULT_QUBITS, len(self.qubits)),
            gates=ALL_GATES,
            coupling=tuple(sorted((low, high) for low, high in pairs)),
            calibration=self._readout(calibration) if calibration else (),
            calibrated_utc=calibrated(calibration) if calibration else None,
            **known,
        )

    def _readout(self, calibration: Any) -> tuple[QubitCalibration, ...]:
        zeros, ones = (calibration.get(name, {}) for name in _ERRORS_READ)
        both = (
            (number, (qubit,)) for number, qubit in enumerate(self.qubits) if (qubit,) in zeros.keys() & ones.keys()
        )
        return tuple(
            QubitCalibration(qubit=number, flip_0_to_1=zeros[target][0], flip_1_to_0=ones[target][0])
            for number, target in both
        )


def calibrated(calibration: Any) -> datetime:
    """Reads when a calibration was made."""
    return datetime.fromtimestamp(calibration.timestamp / 1000, UTC)


def _gateset(metadata: Any) -> Any:
    """Chooses the native gates among those that the device supports.

    The device's own gate sets keep every gate that it accepts as it stands, calibrated or not; the
    plain ones translate it.
    """
    supported = {type(gateset) for gateset in metadata.compilation_target_gatesets}
    for gateset in _NATIVE_GATES:
        if type(gateset) in supported:
            return gateset
    raise UnsupportedCircuitError("the device supports none of the two-qubit gates that Cirq compiles circuits for")
