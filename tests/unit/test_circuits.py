import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from openqasm3 import parser

from qrng_hub.circuits import GATES, Circuit, Gate
from qrng_hub.errors import RequestError

EVERY_GATE = Circuit().h(0).x(2).z(0).s(0).sdg(0).rx(0.5, 0).ry(-1.25e-7, 2).rz(math.pi, 0).cx(0, 2).cz(2, 5)


def test_measures_in_ascending_order_whatever_is_asked() -> None:
    assert Circuit().measure(5, 1).measure(3, 1).measured == (1, 3, 5)


def test_compacts_qubits_in_ascending_order() -> None:
    compact = Circuit().x(200).cx(200, 3).measure(200, 17).compacted()
    assert compact == Circuit().x(2).cx(2, 0).measure(1, 2)


def test_openqasm_is_valid_and_complete() -> None:
    program = parser.parse(EVERY_GATE.measure(2, 0).openqasm3())
    gates = [statement for statement in program.statements if type(statement).__name__ == "QuantumGate"]
    assert {gate.name.name for gate in gates} == set(GATES)


def test_openqasm_means_the_same_to_qiskit() -> None:
    from qiskit import QuantumCircuit, qasm3
    from qiskit.quantum_info import Operator

    expected = QuantumCircuit(6)
    for gate in EVERY_GATE.gates:
        getattr(expected, gate.name)(*([] if gate.angle is None else [gate.angle]), *gate.qubits)
    assert Operator(qasm3.loads(EVERY_GATE.openqasm3())) == Operator(expected)


@pytest.mark.parametrize(
    ("name", "qubits", "angle", "says"),
    [
        ("swap", (0, 1), None, "unknown gate 'swap'"),
        ("cx", (0, 0), None, "2 different qubits"),
        ("h", (-1,), None, "gate h: a qubit is a whole number, 0 or more, not -1"),
        ("rx", (0,), None, "1 finite angle"),
        ("rx", (0,), math.nan, "1 finite angle"),
        ("rx", (0,), math.inf, "1 finite angle"),
        ("rx", (0,), True, "1 finite angle"),
        ("rx", (0,), "0.5", "1 finite angle"),
        ("h", (0,), 0.1, "no angle"),
        ("h", (0.5,), None, "a qubit is a whole number"),
        ("h", (True,), None, "a qubit is a whole number"),
        ("h", 0, None, "stands in a tuple"),
        ("h", "0", None, "stands in a tuple"),
        (["h"], (0,), None, "unknown gate"),
    ],
)
def test_refuses_a_gate_that_is_none(name: Any, qubits: Any, angle: Any, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        Gate(name, qubits, angle)


def test_refuses_a_gate_after_the_measurement() -> None:
    with pytest.raises(RequestError, match="gate x after the measurement"):
        Circuit().measure(0).x(0)
    with pytest.raises(RequestError, match="gate cx after the measurement"):
        Circuit().measure(0).cx(0, 1)


def test_refuses_a_measurement_out_of_order() -> None:
    with pytest.raises(RequestError, match="different and ascending"):
        Circuit(measured=(2, 1))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (
            lambda circuit: circuit().rx(0, math.pi),
            r"gate rx\(angle, \*qubits\): a qubit is a whole number, .* not 3.14",
        ),
        (lambda circuit: circuit().rx(0), "gate rx takes a qubit or several, after its angle"),
        (lambda circuit: circuit().rx("0.5", 0), "before the qubits, not '0.5'"),
        (lambda circuit: circuit().ry(1j, 0), "before the qubits, not 1j"),
        (lambda circuit: circuit().rz(np.nan, 0), "1 finite angle"),
        (lambda circuit: circuit().h(), "gate h takes a qubit or several"),
        (lambda circuit: circuit().h(0.5), "not 0.5"),
        (lambda circuit: circuit().h(True), "not True"),
        (lambda circuit: circuit().h(np.float64(1)), "a qubit is a whole number"),
        (lambda circuit: circuit().h(np.bool_(True)), "a qubit is a whole number"),
        (lambda circuit: circuit().h([0, 1]), "a qubit is a whole number"),
        (lambda circuit: circuit().cx(1, np.int64(1)), r"2 different qubits, not \(1, 1\)"),
        (lambda circuit: circuit().cz("0", 1), "not '0'"),
        (lambda circuit: circuit().measure(), "measure takes a qubit or several"),
        (lambda circuit: circuit().measure(None), "a measured qubit is a whole number"),
        (lambda circuit: circuit().measure(-1), "not -1"),
        (lambda circuit: circuit(2), r"not 2: begin with Circuit\(\)"),
        (lambda circuit: circuit(("h",)), "a tuple of gates"),
        (lambda circuit: circuit((), 3), "stands in a tuple"),
    ],
)
def test_says_in_one_sentence_what_a_gate_method_takes(made: Callable[[Any], Circuit], says: str) -> None:
    with pytest.raises(RequestError, match=says) as raised:
        made(Circuit)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("angle", [np.float64(0.3), np.float32(0.5), np.int64(2), Fraction(1, 3), 1e-7, -1.5e300, 3])
def test_openqasm_of_any_real_number_is_read_back_as_that_number(angle: Any) -> None:
    circuit = Circuit().rx(angle, np.int64(1)).measure(np.uint8(1))
    assert circuit == Circuit().rx(float(angle), 1).measure(1)
    assert {type(qubit) for qubit in circuit.qubits} == {int}
    program: Any = parser.parse(circuit.openqasm3())
    (argument,) = next(line for line in program.statements if type(line).__name__ == "QuantumGate").arguments
    sign, number = (-1, argument.expression) if hasattr(argument, "expression") else (1, argument)
    assert sign * number.value == float(angle)
