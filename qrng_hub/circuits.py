"""A tiny neutral circuit: gates on numbered physical qubits, then one measurement.

Qubit numbers are the device's own. A circuit measures in ascending order, so column j of a shot
table is `circuit.measured[j]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import SupportsFloat, SupportsIndex

from qrng_hub.errors import RequestError
from qrng_hub.integers import whole

#: gate name -> (qubits, angles), in the lower-case names of OpenQASM 3's standard library
GATES: dict[str, tuple[int, int]] = {
    "h": (1, 0), "x": (1, 0), "z": (1, 0), "s": (1, 0), "sdg": (1, 0),
    "rx": (1, 1), "ry": (1, 1), "rz": (1, 1), "cx": (2, 0), "cz": (2, 0),
}  # fmt: skip
CLIFFORD_GATES = frozenset({"h", "x", "z", "s", "sdg", "cx", "cz"})


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: its name, its qubits (control first) and, for a rotation, its angle in radians.

    Qubits and angles may be numpy's numbers, and are kept as Python's. Raises `RequestError` for an unknown
    name, a wrong number of qubits or angles, a repeated qubit, one that is no whole number or negative, or an
    angle that is not finite.
    """

    name: str
    qubits: tuple[int, ...]
    angle: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or self.name not in GATES:
            raise RequestError(f"unknown gate {self.name!r}; the gates are {', '.join(GATES)}")
        count, angles = GATES[self.name]
        qubits = _qubits_of(self.name, self.qubits)
        if len(qubits) != count or len(set(qubits)) != count:
            raise RequestError(f"gate {self.name} takes {count} different qubits, not {qubits}")
        object.__setattr__(self, "qubits", qubits)
        object.__setattr__(self, "angle", _radians(self.name, self.angle) if angles else self.angle)
        if not angles and self.angle is not None:
            raise RequestError(f"gate {self.name} takes no angle, not {self.angle!r}")


def _qubits_of(name: str, qubits: Iterable[SupportsIndex]) -> tuple[int, ...]:
    """Returns the qubits of a gate; the order of the arguments is said where there is an angle among them."""
    return _numbers(qubits, f"gate {name}{'(angle, *qubits)' if GATES[name][1] else ''}: a qubit")


def _numbers(qubits: Iterable[SupportsIndex], what: str) -> tuple[int, ...]:
    """Returns the numbers of qubits as Python's own integers."""
    if isinstance(qubits, str | bytes) or not isinstance(qubits, Iterable):
        raise RequestError(f"{what} stands in a tuple, not {qubits!r}")
    return tuple(whole(qubit, f"{what} is a whole number, 0 or more", 0) for qubit in qubits)


def _radians(name: str, angle: object) -> float:
    """Returns an angle, Python's or numpy's number, as Python's own float, which OpenQASM reads."""
    if isinstance(angle, bool) or not isinstance(angle, Real) or not math.isfinite(angle):
        raise RequestError(f"gate {name} takes 1 finite angle in radians, before the qubits, not {angle!r}")
    return float(angle)


@dataclass(frozen=True)
class Circuit:
    """An immutable list of gates and the qubits measured at the end, ascending.

    Each gate method returns a new circuit. Raises `RequestError` as `Gate` does, for a gate or a
    measurement of no qubit, and for a gate after the measurement.

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
        if not isinstance(self.gates, tuple) or not all(isinstance(gate, Gate) for gate in self.gates):
            raise RequestError(
                f"a circuit is made of a tuple of gates, not {self.gates!r}: begin with Circuit(), whose gates name"
                " their qubits"
            )
        measured = _numbers(self.measured, "a measured qubit")
        if list(measured) != sorted(set(measured)):
            raise RequestError(f"measured qubits must be different and ascending: {measured}")
        object.__setattr__(self, "measured", measured)

    @cached_property
    def qubits(self) -> tuple[int, ...]:
        """Every qubit that a gate or the measurement touches, ascending."""
        return tuple(sorted({q for gate in self.gates for q in gate.qubits} | set(self.measured)))

    @cached_property
    def gate_names(self) -> frozenset[str]:
        """The names of the gates used."""
        return frozenset(gate.name for gate in self.gates)

    def _each(self, name: str, qubits: Iterable[SupportsIndex], angle: SupportsFloat | None = None) -> Circuit:
        numbers = _qubits_of(name, qubits)
        if not numbers:
            raise RequestError(
                f"gate {name} takes a qubit or several{', after its angle' if angle is not None else ''}"
            )
        radians = None if angle is None else _radians(name, angle)
        return self._with(tuple(Gate(name, (qubit,), radians) for qubit in numbers))

    def _with(self, gates: tuple[Gate, ...]) -> Circuit:
        if self.measured:
            raise RequestError(f"gate {gates[0].name if gates else ''} after the measurement: measure last")
        return Circuit(self.gates + gates)

    def h(self, *qubits: SupportsIndex) -> Circuit:
        """Adds a Hadamard gate on each qubit."""
        return self._each("h", qubits)

    def x(self, *qubits: SupportsIndex) -> Circuit:
        """Adds a Pauli X on each qubit."""
        return self._each("x", qubits)

    def z(self, *qubits: SupportsIndex) -> Circuit:
        """Adds a Pauli Z on each qubit."""
        return self._each("z", qubits)

    def s(self, *qubits: SupportsIndex) -> Circuit:
        """Adds the phase gate S = diag(1, i) on each qubit."""
        return self._each("s", qubits)

    def sdg(self, *qubits: SupportsIndex) -> Circuit:
        """Adds the inverse of S on each qubit."""
        return self._each("sdg", qubits)

    def rx(self, angle: SupportsFloat, *qubits: SupportsIndex) -> Circuit:
        """Adds a rotation by `angle` radians around X on each qubit."""
        return self._each("rx", qubits, angle)

    def ry(self, angle: SupportsFloat, *qubits: SupportsIndex) -> Circuit:
        """Adds a rotation by `angle` radians around Y on each qubit."""
        return self._each("ry", qubits, angle)

    def rz(self, angle: SupportsFloat, *qubits: SupportsIndex) -> Circuit:
        """Adds a rotation by `angle` radians around Z on each qubit."""
        return self._each("rz", qubits, angle)

    def cx(self, control: SupportsIndex, target: SupportsIndex) -> Circuit:
        """Adds a controlled X."""
        return self._with((Gate("cx", _qubits_of("cx", (control, target))),))

    def cz(self, control: SupportsIndex, target: SupportsIndex) -> Circuit:
        """Adds a controlled Z."""
        return self._with((Gate("cz", _qubits_of("cz", (control, target))),))

    def measure(self, *qubits: SupportsIndex) -> Circuit:
        """Measures these qubits at the end, in ascending order whatever order they are given in."""
        if not qubits:
            raise RequestError("measure takes a qubit or several, not none")
        return Circuit(self.gates, tuple(sorted({*self.measured, *_numbers(qubits, "a measured qubit")})))

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


def circuits_of(given: Circuit | Iterable[Circuit]) -> tuple[Circuit, ...]:
    """Returns a circuit or several as a tuple; raises `RequestError`, which says what to do with another SDK's."""
    circuits = given if isinstance(given, Circuit) or not isinstance(given, Iterable) else tuple(given)
    for one in circuits if isinstance(circuits, tuple) else (circuits,):
        if not isinstance(one, Circuit):
            module = type(given).__module__.partition(".")[0]
            raise RequestError(
                f"a circuit is a qrng_hub.Circuit, not {type(given).__name__!r} of {module!r}: write its gates anew, as"
                " in Circuit().h(0).cx(0, 1).measure(0, 1)"
            )
    return circuits if isinstance(circuits, tuple) else (circuits,)
