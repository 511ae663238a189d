"""Translates the hub's gates to the native gates of a Braket device.

Every gate becomes pulses and CZ. A pulse is a rotation by an angle around an axis of the equator,
at a phase from X: P(angle, phase) = Rz(phase) Rx(angle) Rz(-phase). Rotations around Z cost nothing:
each qubit keeps a frame, the rotation that it still lacks, which turns the phase of later pulses and
is dropped at the measurement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import isclose, pi
from typing import NamedTuple

from qrng_hub.circuits import Gate

Directions = Mapping[frozenset[int], tuple[int, int]]

_QUARTER, _HALF, _FULL = pi / 2, pi, 2 * pi
_Z_ANGLES = {"z": _HALF, "s": _QUARTER, "sdg": -_QUARTER}
_PULSE_PHASES = {"x": 0.0, "rx": 0.0, "ry": _QUARTER}

#: Native gates that make pulses, the best first; with all of a set the device makes every pulse.
PULSES = (frozenset({"prx"}), frozenset({"gpi", "gpi2"}), frozenset({"rx", "rz"}))
#: Native gate that joins two qubits -> how it makes CZ of qubits 0 and 1: the gate itself ("join") and
#: rotations. zz and xx turn by pi/2 around ZZ and XX, ms does what xx does, iswap is taken twice.
_XX_TO_CZ = (
    ("ry", 0, _QUARTER), ("ry", 1, _QUARTER), ("join", 0, 0.0), ("ry", 0, -_QUARTER), ("ry", 1, -_QUARTER),
    ("rz", 0, -_QUARTER), ("rz", 1, -_QUARTER),
)  # fmt: skip
CZ: dict[str, tuple[tuple[str, int, float], ...]] = {
    "cz": (("join", 0, 0.0),),
    "zz": (("join", 0, 0.0), ("rz", 0, -_QUARTER), ("rz", 1, -_QUARTER)),
    "ms": _XX_TO_CZ,
    "xx": _XX_TO_CZ,
    "iswap": (
        ("rx", 1, -_QUARTER), ("rz", 0, _HALF), ("rz", 1, _HALF),
        ("join", 0, 0.0), ("rx", 0, _QUARTER), ("join", 0, 0.0),
        ("rx", 1, _QUARTER), ("rz", 0, -_QUARTER), ("rz", 1, -_QUARTER),
    ),
}  # fmt: skip


class NativeGate(NamedTuple):
    """A native gate by its Braket name, its qubits and its angles in radians."""

    name: str
    qubits: tuple[int, ...]
    angles: tuple[float, ...] = ()


def translate(
    gates: Iterable[Gate], native: Collection[str], joining: str | None, directions: Directions | None = None
) -> list[NativeGate]:
    """Returns native gates that give the same outcomes when the qubits are measured at the end.

    `native` must hold one of the sets `PULSES`; `joining`, one of `CZ`, makes the two-qubit gates, in
    the order of `directions` where it names the pair.
    """
    pulses = next(names for names in PULSES if names <= frozenset(native))
    translation = _Translation(pulses, joining or "", directions or {})
    for gate in gates:
        translation.add(gate)
    return translation.done


def idle(qubit: int, native: Collection[str]) -> list[NativeGate]:
    """Returns native gates of one of the sets `PULSES` that leave a qubit as it is."""
    pulses = next(names for names in PULSES if names <= frozenset(native))
    if "prx" in pulses:
        return [NativeGate("prx", (qubit,), (0.0, 0.0))]
    if "gpi" in pulses:
        return [NativeGate("gpi", (qubit,), (0.0,))] * 2
    return [NativeGate("rz", (qubit,), (0.0,))]


class _Translation:
    def __init__(self, pulses: frozenset[str], joining: str, directions: Directions) -> None:
        self.pulses = pulses
        self.joining = joining
        self.directions = directions
        self.frames: defaultdict[int, float] = defaultdict(float)
        self.done: list[NativeGate] = []

    def add(self, gate: Gate) -> None:
        if gate.name == "cx":
            self.hadamard(gate.qubits[1])
            self.cz(gate.qubits)
            self.hadamard(gate.qubits[1])
        elif gate.name == "cz":
            self.cz(gate.qubits)
        elif gate.name == "h":
            self.hadamard(gate.qubits[0])
        else:
            self.rotate(gate.name, gate.qubits[0], gate.angle)

    def hadamard(self, qubit: int) -> None:
        self.frames[qubit] += _HALF
        self.pulse(qubit, _QUARTER, _QUARTER)

    def rotate(self, name: str, qubit: int, angle: float | None) -> None:
        if name in _PULSE_PHASES:
            self.pulse(qubit, _HALF if angle is None else angle, _PULSE_PHASES[name])
        else:
            self.frames[qubit] += _Z_ANGLES[name] if angle is None else angle

    def pulse(self, qubit: int, angle: float, phase: float) -> None:
        if "prx" in self.pulses:
            self.done.append(NativeGate("prx", (qubit,), (angle, _wrapped(phase - self.frames[qubit]))))
        elif isclose(angle, _QUARTER) or isclose(angle, _HALF):
            self.turn(qubit, angle, phase)
        elif isclose(angle, -_QUARTER) or isclose(angle, -_HALF):
            self.turn(qubit, -angle, phase + _HALF)
        else:
            self.frames[qubit] += _QUARTER - phase
            self.turn(qubit, _QUARTER, 0.0)
            self.frames[qubit] += _HALF + angle
            self.turn(qubit, _QUARTER, 0.0)
            self.frames[qubit] += _QUARTER + phase

    def turn(self, qubit: int, angle: float, phase: float) -> None:
        """Adds a pulse of a quarter or half turn."""
        if "gpi" in self.pulses:
            name = "gpi" if isclose(angle, _HALF) else "gpi2"
            self.done.append(NativeGate(name, (qubit,), (_wrapped(phase - self.frames[qubit]),)))
            return
        self.frames[qubit] -= phase
        self.settle(qubit)
        self.done.append(NativeGate("rx", (qubit,), (angle,)))
        self.frames[qubit] = phase

    def settle(self, qubit: int) -> None:
        """Adds the rotation around Z that the qubit still lacks."""
        angle = _wrapped(self.frames.pop(qubit, 0.0))
        if not isclose(angle, 0.0, abs_tol=1e-12):
            self.done.append(NativeGate("rz", (qubit,), (angle,)))

    def cz(self, qubits: tuple[int, ...]) -> None:
        pair = self.directions.get(frozenset(qubits), qubits)
        for name, which, angle in CZ[self.joining]:
            if name == "join":
                self.join(*pair)
            else:
                self.rotate(name, pair[which], angle)

    def join(self, first: int, second: int) -> None:
        angles: tuple[float, ...] = ()
        match self.joining:
            case "zz":
                angles = (_QUARTER,)
            case "xx":
                self.settle(first)
                self.settle(second)
                angles = (_QUARTER,)
            case "ms":
                angles = (_wrapped(-self.frames[first]), _wrapped(-self.frames[second]), _QUARTER)
            case "iswap":
                self.frames[first], self.frames[second] = self.frames[second], self.frames[first]
        self.done.append(NativeGate(self.joining, (first, second), angles))


def _wrapped(angle: float) -> float:
    """Returns the angle between -pi and pi."""
    return (angle + _HALF) % _FULL - _HALF
