"""Google's quantum virtual machine: the vendor's own noise model of a processor, from a real calibration.

Circuits run through the vendor's engine, which checks them against the device. Only the class of
its simulator is chosen here, for speed: the density matrix of each group of entangled qubits is
exact and is computed once for all shots; larger groups run shot by shot on qsim, the vendor's
default. Both get the same noisy circuit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import cirq
import cirq_google
import numpy.typing as npt

from qrng_hub.adapter import load_sdk
from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Backend, Origin, QubitCalibration
from qrng_hub_cirq.simulation import ALL_GATES, EXTRA, SDK_PACKAGES, Simulation, largest_group
from qrng_hub_cirq.translation import operations_of

#: The native gates whose errors the processor's calibration holds. The older two devices accept CZ
#: as well, but a CZ would run there without the error of a two-qubit gate.
_NATIVE_GATES = {
    "rainbow": cirq.SqrtIswapTargetGateset(),
    "weber": cirq.SqrtIswapTargetGateset(),
    "willow_pink": cirq_google.GoogleCZTargetGateset(),
}
_KEY = "m"
_MOST_JOINED = 9  # where a density matrix takes as long as some thousand trajectories
_MOST_QUBITS = 20  # of a trajectory: some 25 ms a shot


class VirtualMachine(Simulation):
    """The virtual machine of one processor; qubit i is the i-th of its grid qubits in their order.

    `processor` gives the vendor's processor for a class of simulator, and `program` the circuit in
    the device's native gates.
    """

    def __init__(self, name: str, fresh_seed: Callable[[], int]) -> None:
        super().__init__(fresh_seed)
        self._processor_id = name.removeprefix("qvm/")
        self.processor = lru_cache(self._make_processor)
        self.program = lru_cache(maxsize=64)(self._translate)
        processor = self.processor(cirq.DensityMatrixSimulator)
        metadata = processor.get_device().metadata
        self._qubits = sorted(metadata.qubit_set)
        self.backend = _describe(name, self._qubits, metadata.nx_graph, processor.get_current_calibration())

    def require_room(self, circuit: Circuit) -> None:
        """Refuses many qubits where too many are joined for density matrices."""
        if (joined := largest_group(circuit)) > _MOST_JOINED and len(circuit.qubits) > _MOST_QUBITS:
            raise BackendLimitError(
                f"{self.backend.address} runs circuits of more than {_MOST_QUBITS} qubits if two-qubit gates join at"
                f" most {_MOST_JOINED} of them: this one has {len(circuit.qubits)} and joins {joined}"
            )

    def sample(self, circuit: Circuit, shots: int) -> npt.NDArray[Any]:
        """Runs the circuit, in the device's native gates, as one program of the vendor's engine."""
        processor = self.processor(_simulator_for(circuit))
        program_id = uuid.uuid4().hex
        try:
            job = processor.run_sweep(self.program(circuit), program_id=program_id, repetitions=shots)
            return job.results()[0].measurements[_KEY]
        finally:
            processor.remove_program(program_id)  # else the engine keeps every program for ever

    def _make_processor(self, simulator: Any) -> Any:
        engine = cirq_google.engine.create_default_noisy_quantum_virtual_machine(
            self._processor_id, simulator_class=_NoisySampler, simulator=simulator, random_state=self.random_state
        )
        return engine.get_processor(self._processor_id)

    def _translate(self, circuit: Circuit) -> Any:
        gates = cirq.Circuit(operations_of(circuit, self._qubits.__getitem__))
        native = cirq.optimize_for_target_gateset(gates, gateset=_NATIVE_GATES[self._processor_id])
        measured = [self._qubits[number] for number in circuit.measured]
        return cirq.FrozenCircuit(native, cirq.measure(*measured, key=_KEY))


open_backend = VirtualMachine


class _NoisySampler(cirq.Sampler):  # type: ignore[misc]  # the SDK's types are not read
    """Adds the vendor's noise to a program, once, and runs it with a simulator made anew from a fresh seed."""

    def __init__(self, noise: Any, simulator: Any, random_state: Callable[[], Any]) -> None:
        self._noise = noise
        self._simulator = simulator
        self._random_state = random_state
        self._noisy = lru_cache(maxsize=64)(self._with_noise)

    def run_sweep(self, program: Any, params: Any, repetitions: int = 1) -> Sequence[Any]:
        """Samples the noisy program, as `cirq.Sampler` asks."""
        simulator = self._simulator(seed=self._random_state())
        return simulator.run_sweep(self._noisy(program), params, repetitions)

    def _with_noise(self, program: Any) -> Any:
        return cirq.FrozenCircuit(self._noise.noisy_moments(program, sorted(program.all_qubits())))


def _simulator_for(circuit: Circuit) -> Any:
    if largest_group(circuit) <= _MOST_JOINED:
        return cirq.DensityMatrixSimulator
    return load_sdk("qrng_hub_cirq.qsim_simulator", EXTRA, SDK_PACKAGES).TrajectorySimulator


def _describe(name: str, qubits: Sequence[Any], graph: Any, calibration: Any) -> Backend:
    number = {qubit: index for index, qubit in enumerate(qubits)}
    pairs = (sorted((number[a], number[b])) for a, b in graph.edges)
    calibrated = datetime.fromtimestamp(calibration.timestamp / 1000, UTC)
    machine = f"virtual machine {name.removeprefix('qvm/')}, calibration of {calibrated:%Y-%m-%d}"
    return Backend(
        address=f"cirq:{name}",
        origin=Origin.SIMULATOR,
        description=f"cirq_google {cirq_google.__version__}, {machine}",
        qubits=len(qubits),
        default_qubits=20,
        max_shots=1_000_000,
        gates=ALL_GATES,
        coupling=tuple(sorted((low, high) for low, high in pairs)),
        calibration=tuple(_readout(calibration, number[qubit], qubit) for qubit in qubits),
        calibrated_utc=calibrated,
    )


def _readout(calibration: Any, number: int, qubit: Any) -> QubitCalibration:
    zero, one = (calibration[f"single_qubit_{state}_error"][qubit,][0] for state in ("p00", "p11"))
    return QubitCalibration(qubit=number, flip_0_to_1=zero, flip_1_to_0=one)
