"""Aer, ideal or with the readout errors of a described device; needs the SDK."""

from __future__ import annotations

from functools import cache, lru_cache
from threading import Lock
from typing import Any

import qiskit_aer
from qiskit_aer.noise import NoiseModel, ReadoutError
from qiskit_aer.primitives import SamplerV2

from qrng_hub.circuits import CLIFFORD_GATES, GATES, Circuit
from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Backend, Origin, QubitCalibration
from qrng_hub_ibm.translation import to_qiskit

AER = f"Aer {qiskit_aer.__version__}"
#: what a request gets that names no number: 20 qubits x 100,000 shots take half a second
DEFAULT_QUBITS = 20
#: a state vector of 28 qubits takes 4 GiB
STATE_VECTOR_QUBITS = 28


class Simulator:
    """Runs circuits as `backend` is described; threads may share it.

    Gates are ideal and each qubit is read with the errors of its own calibration, if it has one.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._calibration = {entry.qubit: entry for entry in backend.calibration}
        self._lock = Lock()
        self._prepared = lru_cache(maxsize=64)(self._prepare)

    def require_memory(self, circuit: Circuit) -> None:
        """Raises `BackendLimitError` for a circuit whose state vector is too large."""
        width = len(circuit.qubits)
        if width > STATE_VECTOR_QUBITS and not _is_clifford(circuit):
            raise BackendLimitError(
                f"{self.backend.address} runs {', '.join(sorted(circuit.gate_names - CLIFFORD_GATES))} as a state"
                f" vector of at most {STATE_VECTOR_QUBITS} qubits, not {width}: use fewer qubits, or only the gates"
                f" {', '.join(sorted(CLIFFORD_GATES))}"
            )

    def sample(self, circuit: Circuit, shots: int, seed: int) -> Any:
        """Runs one circuit; returns its `SamplerPubResult`."""
        program, sampler = self._prepared(circuit)
        with self._lock:  # Aer runs one job at a time anyway, and reads the seed while it runs
            sampler.options.run_options["seed_simulator"] = seed
            return sampler.run([program], shots=shots).result()[0]

    def _prepare(self, circuit: Circuit) -> tuple[Any, Any]:
        """Translates a circuit onto its own qubits only, and makes a sampler with the readout errors of these."""
        method = "stabilizer" if _is_clifford(circuit) else "statevector"
        options: dict[str, Any] = {"method": method}
        if self._calibration:
            options["noise_model"] = _readout_noise([self._calibration.get(qubit) for qubit in circuit.qubits])
        return to_qiskit(circuit.compacted()), SamplerV2(options={"backend_options": options})


@cache
def ideal() -> Simulator:
    """Gives ibm:aer, which has no errors."""
    return Simulator(
        Backend(
            address="ibm:aer",
            origin=Origin.SIMULATOR,
            description=f"{AER}, ideal simulator",
            qubits=1024,
            default_qubits=DEFAULT_QUBITS,
            max_shots=1_000_000,
            gates=tuple(GATES),
        )
    )


def _is_clifford(circuit: Circuit) -> bool:
    return circuit.gate_names <= CLIFFORD_GATES


def _readout_noise(calibration: list[QubitCalibration | None]) -> Any:
    """Makes the noise model in which qubit i is read as `calibration[i]` says; None is without error."""
    model = NoiseModel()
    for index, entry in enumerate(calibration):
        if entry is not None:
            zero, one = entry.flip_0_to_1, entry.flip_1_to_0
            model.add_readout_error(ReadoutError([[1 - zero, zero], [one, 1 - one]]), [index])
    return model
