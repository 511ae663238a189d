"""Circuits in a device's own gates, on the qubits that they name; needs the SDK."""

from __future__ import annotations

from typing import Any

from qiskit.compiler import transpile

from qrng_hub.circuits import Circuit
from qrng_hub.errors import UnsupportedCircuitError
from qrng_hub_ibm.results import MEASURED
from qrng_hub_ibm.translation import to_qiskit


def to_isa(circuit: Circuit, backend: Any) -> Any:
    """Compiles a circuit for a device without moving a qubit; raises `UnsupportedCircuitError` if one moved.

    Gates are replaced one by one (optimization level 0): what is asked for is what is run.
    """
    program = to_qiskit(circuit)
    layout = list(range(program.num_qubits))
    isa = transpile(program, backend, optimization_level=0, initial_layout=layout)
    if measured_qubits(isa) != circuit.measured:
        raise UnsupportedCircuitError(
            f"IBM's compiler moved qubits of a circuit for {backend.name}: it measures {measured_qubits(isa)} and not"
            f" {circuit.measured}; join coupled qubits only"
        )
    isa.metadata = {MEASURED: list(circuit.measured)}
    return isa


def measured_qubits(isa: Any) -> tuple[int, ...]:
    """Lists the physical qubit that each classical bit is measured from, in the order of the bits."""
    measures = (entry for entry in isa.data if entry.operation.name == "measure")
    pairs = {isa.find_bit(entry.clbits[0]).index: isa.find_bit(entry.qubits[0]).index for entry in measures}
    return tuple(pairs[bit] for bit in sorted(pairs))
