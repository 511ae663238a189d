"""The simulators of the Braket SDK, in this process, as the adapter uses them.

The SDK makes a generator for each simulation, `numpy.random.default_rng()`, which takes 128 bits
from the operating system: numpy's global seed does not matter. It puts numba on a threading layer
that ends the process when two threads simulate at once, so they take turns here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from braket.circuits import Circuit as BraketCircuit
from braket.circuits.serialization import IRType
from braket.default_simulator import DensityMatrixSimulator, StateVectorSimulator
from braket.device_schema import DeviceActionType
from braket.devices import LocalSimulator

from qrng_hub.bits import Packed, pack_shots
from qrng_hub.circuits import GATES, Circuit
from qrng_hub.errors import ReconstructedMeasurementsError
from qrng_hub.records import Backend, JobSpec, Origin
from qrng_hub_braket.errors import ERRORS
from qrng_hub_braket.layout import dense
from qrng_hub_braket.parts import most_qubits, split

SDK_VERSION = version("amazon-braket-sdk")
#: Measured: a state vector takes 40 bytes an amplitude at its peak, a density matrix 80.
STATE_VECTOR_MOST = most_qubits(40, 2, at_most=26)
DENSITY_MATRIX_MOST = most_qubits(80, 4, at_most=13)
DENSITY_MATRIX_WIDTH = 8
_TURN = Lock()
_QUBITS = 256
_MAX_SHOTS = 1_000_000


class Part(NamedTuple):
    """A program, the labels that it measures and the hub's qubits that these are, both ascending."""

    program: Any
    labels: tuple[int, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Simulator:
    """A simulator with its description, and how a circuit becomes its programs.

    A simulation holds about `width` qubits, or up to `most` if gates join them.
    """

    backend: Backend
    device: Any
    width: int
    most: int
    translate: Callable[[Circuit], Part]
    require: Callable[[JobSpec], None] = lambda _spec: None
    """Raises `BackendLimitError` for what it takes no more than its device does, beside what `backend` says."""

    def run(self, circuit: Circuit, shots: int) -> Packed:
        """Samples a circuit; column j is its `measured[j]`."""
        with ERRORS.at_the_border("simulating a circuit"):
            parts = _parts(self, circuit)
            tables = [self._sample(part, shots) for part in parts]
        if len(parts) == 1:
            return pack_shots(tables[0])
        order = np.argsort([qubit for part in parts for qubit in part.qubits])
        return pack_shots(np.concatenate(tables, axis=1)[:, order])

    def _sample(self, part: Part, shots: int) -> npt.NDArray[np.bool_]:
        with _TURN:
            result = self.device.run(part.program, shots=shots).result()
        return outcomes(result, part.labels)


@lru_cache(maxsize=64)
def _parts(simulator: Simulator, circuit: Circuit) -> tuple[Part, ...]:
    return tuple(map(simulator.translate, split(circuit, simulator.width, simulator.most)))


def outcomes(result: Any, labels: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Returns the shots of a task's result, one column for each of the measured `labels`.

    Raises `ReconstructedMeasurementsError` if the SDK made them up from probabilities.
    """
    if result.measurements_copied_from_device is not True:
        raise ReconstructedMeasurementsError(
            "the device gave probabilities and no shots; the SDK's measurements are rebuilt from them"
        )
    measured = list(result.measured_qubits)
    table = result.measurements.astype(np.bool_)
    return table if measured == list(labels) else table[:, [measured.index(label) for label in labels]]


def openqasm(circuit: BraketCircuit) -> Any:
    """Writes a circuit of the SDK as an OpenQASM 3 program of the SDK, which may be run many times."""
    return circuit.to_ir(ir_type=IRType.OPENQASM)


def _ideal(circuit: Circuit) -> Part:
    return Part(openqasm(dense(circuit)), circuit.compacted().measured, circuit.measured)


class _StateVector(StateVectorSimulator):  # type: ignore[misc]  # the SDK is Any to mypy
    """The SDK's simulator; it would build its capabilities anew several times a run."""

    @cached_property
    def properties(self) -> Any:
        return super().properties


class _NoiselessDensityMatrix(DensityMatrixSimulator):  # type: ignore[misc]  # the SDK is Any to mypy
    """The SDK's simulator without noise operations, as it warns if it offers them and none is used."""

    @cached_property
    def properties(self) -> Any:
        capabilities = super().properties
        gates_only = StateVectorSimulator().properties.action[DeviceActionType.OPENQASM].supportedOperations
        capabilities.action[DeviceActionType.OPENQASM].supportedOperations = gates_only
        return capabilities


def _describe(name: str, kind: str, default_qubits: int, most: int) -> Backend:
    return Backend(
        address=f"braket:{name}",
        origin=Origin.SIMULATOR,
        description=f"amazon-braket-sdk {SDK_VERSION}, {kind} simulator, at most {most} qubits joined by gates",
        qubits=_QUBITS,
        default_qubits=default_qubits,
        max_shots=_MAX_SHOTS,
        gates=tuple(sorted(GATES)),
    )


STATE_VECTOR = Simulator(
    backend=_describe("braket_sv", "state-vector", 20, STATE_VECTOR_MOST),
    device=LocalSimulator(_StateVector()),
    width=20,
    most=STATE_VECTOR_MOST,
    translate=_ideal,
)
DENSITY_MATRIX = Simulator(
    backend=_describe("braket_dm", "density-matrix", DENSITY_MATRIX_WIDTH, DENSITY_MATRIX_MOST),
    device=LocalSimulator(_NoiselessDensityMatrix()),
    width=DENSITY_MATRIX_WIDTH,
    most=DENSITY_MATRIX_MOST,
    translate=_ideal,
)
