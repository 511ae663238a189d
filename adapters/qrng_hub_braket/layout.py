"""The qubits of a device as the hub numbers them, and how circuits are written for them.

The hub's qubit k is the k-th of the device's labels, which need not start at 0: on a device whose
labels are 0, 1, 2, ... the two are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from braket.circuits import Circuit as BraketCircuit

from qrng_hub.circuits import GATES, Circuit
from qrng_hub_braket.names import listed
from qrng_hub_braket.native import CZ, PULSES, Directions, idle, translate

_BRAKET_NAMES = {"cx": "cnot", "sdg": "si"}


@dataclass(frozen=True, eq=False)
class Layout:
    """The labels and native gates of a device; `joining` is the gate that joins each of `pairs`."""

    labels: tuple[int, ...]
    native: frozenset[str]
    joining: str | None
    pairs: Directions | None

    @classmethod
    def of(cls, properties: Any) -> Layout:
        """Reads the SDK's `DeviceEmulatorProperties`; raises `ValueError` if no native gates are known."""
        native = frozenset(properties.native_gate_set)
        if not any(names <= native for names in PULSES):
            raise ValueError(f"its native gates {sorted(native)} include none of {[sorted(names) for names in PULSES]}")
        joining = next((name for name in CZ if name in native and (name != "xx" or "rz" in native)), None)
        every = properties.qubit_labels
        labels = every if properties.fully_connected else _connected(properties) or every
        pairs = None if properties.fully_connected else _pairs(properties, labels, joining)
        return cls(tuple(labels), native, joining, pairs)

    @property
    def gates(self) -> tuple[str, ...]:
        """The hub's gates that the device can run."""
        return tuple(sorted(name for name, (qubits, _) in GATES.items() if qubits == 1 or self.joining))

    @property
    def coupling(self) -> tuple[tuple[int, int], ...] | None:
        """The hub's qubits that a gate may join."""
        return None if self.pairs is None else tuple(self.pairs.values())

    @property
    def numbering(self) -> str:
        """What to say of labels that are not 0, 1, 2, ..., or nothing."""
        return "" if self.labels[-1] == len(self.labels) - 1 else f"; qubits are its {listed(self.labels)}"

    def measured(self, circuit: Circuit) -> tuple[int, ...]:
        """Returns the labels that a circuit measures, ascending."""
        return tuple(self.labels[qubit] for qubit in circuit.measured)

    def box(self, circuit: Circuit) -> BraketCircuit:
        """Writes the gates of a circuit in native gates on the device's labels, without the measurement."""
        box = BraketCircuit()
        for name, qubits, angles in translate(circuit.gates, self.native, self.joining, self.pairs):
            getattr(box, name)(*(self.labels[qubit] for qubit in qubits), *angles)
        return box

    def verbatim(self, circuit: Circuit) -> BraketCircuit:
        """Writes a circuit as the device is to run it, gate by gate, on these very qubits."""
        box = self.box(circuit)
        if not box.instructions:  # the SDK refuses an empty box
            for name, qubits, angles in idle(circuit.measured[0], self.native):
                getattr(box, name)(*(self.labels[qubit] for qubit in qubits), *angles)
        return BraketCircuit().add_verbatim_box(box).measure(self.measured(circuit))


def dense(circuit: Circuit) -> BraketCircuit:
    """Writes a circuit for a simulator: the SDK's own gates, on qubits renumbered 0, 1, 2, ..."""
    compacted, program = circuit.compacted(), BraketCircuit()
    for gate in compacted.gates:
        angles = () if gate.angle is None else (gate.angle,)
        getattr(program, _BRAKET_NAMES.get(gate.name, gate.name))(*gate.qubits, *angles)
    return program.measure(compacted.measured)


def _pairs(properties: Any, labels: list[int], joining: str | None) -> dict[frozenset[int], tuple[int, int]]:
    """Returns the hub's qubits that `joining` may join, each pair in the direction that the device gives."""
    neighbours = {frozenset((int(a), int(b))) for a, others in properties.connectivity_graph.items() for b in others}
    pairs = {}
    for edge, two in properties.two_qubit_properties.items():
        gates = {gate.gateName.lower() for gate in two.twoQubitGateFidelity}
        ends = [int(label) for label in edge.split("-")]
        if joining in gates and frozenset(ends) in neighbours:
            first, second = map(labels.index, ends)
            pairs[frozenset((first, second))] = (first, second)
    return pairs


def _connected(properties: Any) -> list[int]:
    """Lists the labels with a neighbour; the SDK's emulator refuses every gate on another."""
    in_graph = {int(label) for first, others in properties.connectivity_graph.items() for label in (first, *others)}
    in_edges = {int(label) for edge in properties.two_qubit_properties for label in edge.split("-")}
    return sorted(in_graph & in_edges)
