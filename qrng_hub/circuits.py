"""A tiny neutral circuit: gates on numbered physical qubits, then one measurement.

Qubit numbers are the device's own. A circuit measures in ascending order, so column j of a shot
table is `circuit.measured[j]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from qrng_hub.errors import RequestError

#: gate name -> (qubits, angles), in the lower-case names of OpenQASM 3's standard library
GATES: dict[str, tuple[int, int]] = {
    "h": (1, 0), "x": (1, 0), "z": (1, 0), "s": (1, 0), "sdg": (1, 0),
    "rx": (1, 1), "ry": (1, 1), "rz": (1, 1), "cx": (2, 0), "cz": (2, 0),
}  # fmt: skip
CLIFFORD_GATES = frozenset({"h", "x", "z", "s", "sdg", "cx", "cz"})


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: its name, its qubits (control first) and, for a rotation, its angle in radians.

    Raises `RequestError` for an unknown name, a wrong number of qubits or angles, a repeated
    qubit, a negative qubit or an angle that is not finite.
    """

    name: str
    qubits: tuple[int, ...]
    angle: float | None = None

    def __post_init__(self) -> None:
        if self.name not in GATES:
            raise RequestError(f"unknown gate {self.name!r}; the gates are {', '.join(GATES)}")
        qubits, angles = GATES[self.name]
        if len(self.qubits) != qubits or len(set(self.qubits)) != qubits or min(self.qubits) < 0:
            raise RequestError(f"gate {self.name} takes {qubits} different qubits, not {self.qubits}")
        if (self.angle is not None) != bool(angles) or not math.isfinite(self.angle or 0.0):
            raise RequestError(f"gate {self.name} takes {angles} finite angle(s), not {self.angle}")


@dataclass(frozen=True)
class Circuit:
    """An immutable list of gates and the qubits measured at the end, ascending.

    Each gate method returns a new circuit. Raises `RequestError` as `Gate` does, and for a gate
    after the measurement.

    >>> print(Circuit().h(0).cx(0, 1).measure(0, 1).openqasm3())
    OPENQASM 3.0;
    include "stdgates.inc";
    qubit[2] q;
    bit[2] c;
    h q[0];
    cx q[0], q[1];
    c[0] = measure q[0];
    c[1] = measure q[1];
    <BLANKLINE>
    """

    gates: tuple[Gate, ...] = ()
    measured: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if list(self.measured) != sorted(set(self.measured)) or any(q < 0 for q in self.measured):
            raise RequestError(f"measured qubits must be different and ascending: {self.measured}")

    @cached_property
    def qubits(self) -> tuple[int, ...]:
        """Every qubit that a gate or the measurement touches, ascending."""
        return tuple(sorted({q for gate in self.gates for q in gate.qubits} | set(self.measured)))

    @cached_property
    def gate_names(self) -> frozenset[str]:
        """The names of the gates used."""
        return frozenset(gate.name for gate in self.gates)

    def _each(self, name: str, qubits: Iterable[int], angle: float | None = None) -> Circuit:
        return self._with(tuple(Gate(name, (q,), angle) for q in qubits))

    def _with(self, gates: tuple[Gate, ...]) -> Circuit:
        if self.measured:
            raise RequestError(f"gate {gates[0].name if gates else ''} after the measurement: measure last")
        return Circuit(self.gates + gates)

    def h(self, *qubits: int) -> Circuit:
        """Adds a Hadamard gate on each qubit."""
        return self._each("h", qubits)

    def x(self, *qubits: int) -> Circuit:
        """Adds a Pauli X on each qubit."""
        return self._each("x", qubits)

    def z(self, *qubits: int) -> Circuit:
        """Adds a Pauli Z on each qubit."""
        return self._each("z", qubits)

    def s(self, *qubits: int) -> Circuit:
        """Adds the phase gate S = diag(1, i) on each qubit."""
        return self._each("s", qubits)

    def sdg(self, *qubits: int) -> Circuit:
        """Adds the inverse of S on each qubit."""
        return self._each("sdg", qubits)

    def rx(self, angle: float, *qubits: int) -> Circuit:
        """Adds a rotation by `angle` radians around X on each qubit."""
        return self._each("rx", qubits, angle)

    def ry(self, angle: float, *qubits: int) -> Circuit:
        """Adds a rotation by `angle` radians around Y on each qubit."""
        return self._each("ry", qubits, angle)

    def rz(self, angle: float, *qubits: int) -> Circuit:
        """Adds a rotation by `angle` radians around Z on each qubit."""
        return self._each("rz", qubits, angle)

    def cx(self, control: int, target: int) -> Circuit:
        """Adds a controlled X."""
        return self._with((Gate("cx", (control, target)),))

    def cz(self, control: int, target: int) -> Circuit:
        """Adds a controlled Z."""
        return self._with((Gate("cz", (control, target)),))

    def measure(self, *qubits: int) -> Circuit:
        """Measures these qubits at the end, in ascending order whatever order they are given in."""
        return Circuit(self.gates, tuple(sorted({*self.measured, *qubits})))

    def compacted(self) -> Circuit:
        """Renumbers the qubits 0, 1, 2, ... in ascending order, for simulators that store all of them."""
        number = {qubit: index for index, qubit in enumerate(self.qubits)}.__getitem__
        return self._renumbered(number)

    def _renumbered(self, number: Callable[[int], int]) -> Circuit:
        gates = (Gate(g.name, tuple(map(number, g.qubits)), g.angle) for g in self.gates)
        return Circuit(tuple(gates), tuple(map(number, self.measured)))

    def openqasm3(self) -> str:
        """Writes the circuit as OpenQASM 3.0; bit c[j] is the j-th measured qubit."""
        lines = ["OPENQASM 3.0;", 'include "stdgates.inc";']
        lines.append(f"qubit[{max(self.qubits, default=0) + 1}] q;")
        lines.append(f"bit[{len(self.measured)}] c;")
        for gate in self.gates:
            angle = "" if gate.angle is None else f"({gate.angle!r})"
            lines.append(f"{gate.name}{angle} {', '.join(f'q[{q}]' for q in gate.qubits)};")
        lines += [f"c[{bit}] = measure q[{qubit}];" for bit, qubit in enumerate(self.measured)]
        return "\n".join(lines) + "\n"
