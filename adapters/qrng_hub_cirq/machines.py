"""Google's quantum virtual machine: the vendor's own noise model of a processor, from a real calibration.

Circuits run through the vendor's engine, which checks them against the device. Only the class of
its simulator is chosen here, for speed: the density matrix of each group of entangled qubits is
exact and is computed once for all shots; larger groups run shot by shot on qsim, the vendor's
default. Both get the same noisy circuit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import cirq
import cirq_google
import numpy.typing as npt

from qrng_hub.adapter import load_sdk
from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Origin
from qrng_hub_cirq.processors import KEY, Grid, calibrated
from qrng_hub_cirq.simulation import EXTRA, SDK_PACKAGES, Simulation, largest_group

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
        processor = self.processor(cirq.DensityMatrixSimulator)
        grid = Grid(processor.get_device().metadata)
        self.program = lru_cache(maxsize=64)(grid.program)
        calibration = processor.get_current_calibration()
        machine = f"virtual machine {self._processor_id}, calibration of {calibrated(calibration):%Y-%m-%d}"
        self.backend = grid.backend(
            address=f"cirq:{name}",
            origin=Origin.SIMULATOR,
            description=f"cirq_google {cirq_google.__version__}, {machine}",
            max_shots=1_000_000,
            calibration=calibration,
        )

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
            return job.results()[0].measurements[KEY]
        finally:
            processor.remove_program(program_id)  # else the engine keeps every program for ever

    def _make_processor(self, simulator: Any) -> Any:
        engine = cirq_google.engine.create_default_noisy_quantum_virtual_machine(
            self._processor_id, simulator_class=_NoisySampler, simulator=simulator, random_state=self.random_state
        )
        return engine.get_processor(self._processor_id)


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
