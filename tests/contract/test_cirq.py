"""Cirq's backends under the contract suite; a virtual machine must also agree with its vendor's own data."""

from datetime import date
from itertools import pairwise
from typing import ClassVar

import cirq
import cirq_google
import numpy as np
import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.records import Backend
from qrng_hub.testing.contract import AdapterContract, values
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.errors import ERRORS
from qrng_hub_cirq.machines import VirtualMachine
from qrng_hub_cirq.settings import CirqSettings


@pytest.fixture(scope="module")
def opened() -> Adapter:
    """One adapter for the module, as one hub has: each virtual machine is built once."""
    return CirqAdapter(CirqSettings(), SystemClock())


class CirqContract(AdapterContract):
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 200)
    vendor_errors = ERRORS
    vendor_error_modules = (
        "cirq._compat",
        "cirq.linalg.transformations",
        "cirq_google.engine.engine_client",
        "cirq_google.engine.stream_manager",
        "cirq_google.line.placement.sequence",
        "cirq_google.workflow.qubit_placement",
        "duet.impl",
    )
    sdk_packages = ("cirq", "cirq_google", "qsimcirq")

    @pytest.fixture
    def adapter(self, opened: Adapter) -> Adapter:
        return opened


class TestSimulator(CirqContract):
    backend_name = "simulator"


class TestDensityMatrix(CirqContract):
    backend_name = "density_matrix"


class TestQSim(CirqContract):
    backend_name = "qsim"


class MachineContract(CirqContract):
    processor_id: ClassVar[str]
    calibrated: ClassVar[date]

    def test_qubits_and_pairs_are_the_devices(self, backend: Backend) -> None:
        graph = cirq_google.engine.create_device_from_processor_id(self.processor_id).metadata.nx_graph
        grid = sorted(graph)
        pairs = {frozenset(grid[qubit] for qubit in pair) for pair in backend.coupling or ()}
        assert backend.qubits == len(grid)
        assert pairs == {frozenset(edge) for edge in graph.edges}

    def test_calibration_is_the_vendors(self, backend: Backend) -> None:
        errors = cirq_google.engine.load_device_noise_properties(self.processor_id).readout_errors
        assert [(q.flip_0_to_1, q.flip_1_to_0) for q in backend.calibration] == [
            tuple(errors[q]) for q in sorted(errors)
        ]
        assert backend.calibrated_utc is not None
        assert backend.calibrated_utc.date() == self.calibrated

    def test_two_qubit_gates_are_ones_whose_errors_are_calibrated(self) -> None:
        program = VirtualMachine(self.backend_name, lambda: 1).program(Circuit().cx(*self.pair).measure(*self.pair))
        used = {type(operation.gate) for operation in program.all_operations() if cirq.num_qubits(operation) == 2}
        calibrated = cirq_google.engine.load_device_noise_properties(self.processor_id).gate_pauli_errors
        assert used - {cirq.MeasurementGate} <= {identifier.gate_type for identifier in calibrated}
        assert used - {cirq.MeasurementGate}


class TestRainbow(MachineContract):
    backend_name = "qvm/rainbow"
    processor_id = "rainbow"
    calibrated = date(2021, 11, 16)
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 22)
    pair = (3, 2)
    unsupported = Circuit().cx(0, 22).measure(0, 22)

    def test_reads_each_qubit_as_wrongly_as_calibrated(self, adapter: Adapter, backend: Backend) -> None:
        shots, gate_error = 10_000, 0.006
        qubits = range(backend.qubits)
        idle, flipped = Circuit().measure(*qubits), Circuit().x(*qubits).measure(*qubits)
        zeros, ones = self.run(adapter, idle, flipped, shots=shots)
        for observed, expected in (
            (values(zeros).mean(axis=0), np.array([qubit.flip_0_to_1 for qubit in backend.calibration])),
            (1 - values(ones).mean(axis=0), np.array([qubit.flip_1_to_0 for qubit in backend.calibration])),
        ):
            six_sigma = 6 * np.sqrt(expected * (1 - expected) / shots)
            assert (np.abs(observed - expected) < six_sigma + gate_error).all()


class TestWeber(MachineContract):
    backend_name = "qvm/weber"
    processor_id = "weber"
    calibrated = date(2021, 11, 3)
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 52)
    pair = (0, 1)
    unsupported = Circuit().cx(0, 52).measure(0, 52)


class TestWillowPink(MachineContract):
    backend_name = "qvm/willow_pink"
    processor_id = "willow_pink"
    calibrated = date(2024, 8, 16)
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 104)
    pair = (1, 0)
    unsupported = Circuit().cx(0, 104).measure(0, 104)

    def test_samples_what_the_vendors_own_simulator_samples(self, adapter: Adapter) -> None:
        shots = 6000
        circuit = Circuit().h(0).cx(0, 1).ry(0.8, 2).cz(1, 2).h(1, 2).measure(0, 1, 2)
        (block,) = self.run(adapter, circuit, shots=shots)
        program = VirtualMachine(self.backend_name, lambda: 1).program(circuit)
        engine = cirq_google.engine.create_default_noisy_quantum_virtual_machine("willow_pink", seed=20240816)
        sampler = engine.get_processor("willow_pink").get_sampler()
        ours, theirs = (
            np.bincount(outcomes @ np.array([4, 2, 1]), minlength=8) / shots
            for outcomes in (values(block), sampler.run(program, repetitions=shots).measurements["m"])
        )
        assert (np.abs(ours - theirs) < 6 * np.sqrt((ours + theirs) / shots) + 1e-3).all()
        assert np.ptp(theirs) > 0.1, "the circuit must tell outcomes apart"

    def test_runs_many_joined_qubits_shot_by_shot(self, adapter: Adapter) -> None:
        path = (0, 1, 2, 6, 5, 4, 3, 8, 9, 10)
        circuit = Circuit().x(path[0])
        for control, target in pairwise(path):
            circuit = circuit.cx(control, target)
        (ones,) = self.majority(adapter, circuit.x(path[4]).measure(*path))
        assert ones == [int(qubit != path[4]) for qubit in sorted(path)]
