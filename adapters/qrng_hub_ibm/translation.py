"""The hub's circuits in Qiskit's words; needs the SDK."""

from __future__ import annotations

from typing import Any

from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qrng_hub.circuits import Circuit
from qrng_hub_ibm.results import REGISTER


def to_qiskit(circuit: Circuit) -> Any:
    """Translates a circuit to a `QuantumCircuit` whose qubit i is the circuit's qubit i."""
    qubits = QuantumRegister(circuit.qubits[-1] + 1, "q")
    program = QuantumCircuit(qubits, ClassicalRegister(len(circuit.measured), REGISTER))
    for gate in circuit.gates:
        # Qiskit's methods bear the names of OpenQASM 3's standard library and take the angle first.
        angles = () if gate.angle is None else (gate.angle,)
        getattr(program, gate.name)(*angles, *gate.qubits)
    program.measure(circuit.measured, range(len(circuit.measured)))
    return program
