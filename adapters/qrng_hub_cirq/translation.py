"""The hub's circuits as Cirq's."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import cirq

from qrng_hub.circuits import Circuit, Gate

_GATES = {
    "h": cirq.H, "x": cirq.X, "z": cirq.Z, "s": cirq.S, "sdg": cirq.S**-1, "cx": cirq.CNOT, "cz": cirq.CZ,
}  # fmt: skip
_ROTATIONS = {"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz}


def operations_of(circuit: Circuit, qubit: Callable[[int], Any]) -> list[Any]:
    """Translates the gates; `qubit` gives Cirq's qubit for a number."""
    return [_gate(gate).on(*map(qubit, gate.qubits)) for gate in circuit.gates]


@lru_cache(maxsize=64)
def unmeasured(circuit: Circuit) -> Any:
    """Translates all but the measurement, on a line of qubits with the circuit's own numbers."""
    # The identities keep a qubit in the state that is measured and has no gate.
    idle = set(circuit.measured).difference(*(gate.qubits for gate in circuit.gates))
    return cirq.FrozenCircuit(operations_of(circuit, cirq.LineQubit), cirq.I.on_each(*map(cirq.LineQubit, idle)))


def _gate(gate: Gate) -> Any:
    return _GATES[gate.name] if gate.angle is None else _ROTATIONS[gate.name](gate.angle)
