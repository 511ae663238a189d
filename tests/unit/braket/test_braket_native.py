"""The native gates of Braket's devices, against the SDK's own matrices of them."""

import math
import random
from typing import Any

import pytest
from braket.circuits import Circuit as BraketCircuit

from qrng_hub.circuits import GATES, Gate
from qrng_hub_braket.native import CZ, idle, translate

NATIVE = [
    (("cz", "prx"), "cz"),
    (("gpi", "gpi2", "zz"), "zz"),
    (("gpi", "gpi2", "ms"), "ms"),
    (("prx", "rz", "xx"), "xx"),
    (("iswap", "rx", "rz"), "iswap"),
]


@pytest.mark.parametrize(("native", "joining"), NATIVE)
def test_native_gates_give_the_same_outcomes(native: tuple[str, ...], joining: str) -> None:
    choose = random.Random(f"{native}")
    for _ in range(15):
        gates = [random_gate(choose) for _ in range(14)]
        translated = translate(gates, native, joining)
        assert {gate.name for gate in translated} <= set(native)
        ideal = probabilities((gate.name, gate.qubits, angles(gate)) for gate in gates)
        assert probabilities(translated) == pytest.approx(ideal, abs=1e-9)


def test_every_way_to_join_qubits_is_tested() -> None:
    assert {joining for _, joining in NATIVE} == set(CZ)


def test_qubits_are_joined_in_the_direction_of_the_device() -> None:
    directions = {frozenset((0, 1)): (1, 0)}
    for joining in ("ms", "iswap", "cz"):
        native = next(names for names, name in NATIVE if name == joining)
        translated = translate([Gate("h", (0,)), Gate("cx", (0, 1))], native, joining, directions)
        assert {gate.qubits for gate in translated if len(gate.qubits) == 2} == {(1, 0)}
        assert probabilities(translated) == pytest.approx([0.5, 0, 0, 0, 0, 0, 0.5, 0], abs=1e-9)


@pytest.mark.parametrize(("native", "_joining"), NATIVE)
def test_an_idle_qubit_stays_as_it_is(native: tuple[str, ...], _joining: str) -> None:
    prepared = translate([Gate("rx", (0,), 1.1), Gate("h", (1,))], native, None)
    gates = idle(0, native)
    assert {gate.name for gate in gates} <= set(native)
    assert probabilities([*prepared, *gates]) == pytest.approx(probabilities(prepared), abs=1e-9)


def random_gate(choose: random.Random) -> Gate:
    name = choose.choice(sorted(GATES))
    angle = choose.choice([choose.uniform(-7, 7), math.pi / 2, -math.pi / 2, math.pi, -math.pi])
    return Gate(name, tuple(choose.sample(range(3), GATES[name][0])), angle if GATES[name][1] else None)


def angles(gate: Gate) -> tuple[float, ...]:
    return () if gate.angle is None else (gate.angle,)


def probabilities(gates: Any) -> list[float]:
    """Returns the probability of each outcome of three qubits, by the SDK's own matrices of its gates."""
    program = BraketCircuit().i(0).i(1).i(2)
    for name, qubits, turns in gates:
        getattr(program, {"cx": "cnot", "sdg": "si"}.get(name, name))(*qubits, *turns)
    return [abs(amplitude) ** 2 for amplitude in program.to_unitary()[:, 0]]
