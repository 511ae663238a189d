import math

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
        ("h", (-1,), None, "1 different qubits"),
        ("rx", (0,), None, "1 finite angle"),
        ("rx", (0,), math.nan, "1 finite angle"),
        ("h", (0,), 0.1, "0 finite angle"),
    ],
)
def test_refuses_a_gate_that_is_none(name: str, qubits: tuple[int, ...], angle: float | None, says: str) -> None:
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
