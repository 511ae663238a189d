"""Emulators of Braket devices: the SDK's LocalEmulator, made from a device's capabilities file.

The SDK checks a program against the device's native gates and connectivity and adds noise:
depolarizing after each gate, and a readout flip of 1 - READOUT fidelity that is the same for both
outcomes. The readout errors that some files give for each outcome, T1 and T2 are not used by it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from braket.circuits import Circuit as BraketCircuit
from braket.devices import LocalSimulator
from braket.emulation.device_emulator_properties import DeviceEmulatorProperties
from braket.emulation.local_emulator import LocalEmulator
from braket.schema_common import BraketSchemaBase

from qrng_hub.circuits import GATES, Circuit
from qrng_hub.errors import ConfigError, UnknownBackendError
from qrng_hub.records import Backend, Origin, QubitCalibration
from qrng_hub_braket.native import CZ, PULSES, Directions, translate
from qrng_hub_braket.simulators import DENSITY_MATRIX_MOST, DENSITY_MATRIX_WIDTH, SDK_VERSION, Part, Simulator, openqasm

_SCHEMAS = "braket.device_schema."
_WRONG = (ValueError, TypeError, LookupError, AttributeError, ImportError)
_DEVICE = LocalSimulator("braket_dm")


def emulator(name: str) -> Simulator:
    """Returns the emulator of the device in file `name` or `name`.json.

    Raises `UnknownBackendError` if there is no such file and `ConfigError` if it is of another kind.
    """
    path = next((path for path in (Path(name), Path(f"{name}.json")) if path.is_file()), None)
    if path is None:
        raise UnknownBackendError(
            f"braket:emulator/{name}: there is no file {name} or {name}.json (in {Path.cwd()}); save"
            " a device's capabilities there, as AwsDevice(arn).properties.json() gives them"
        )
    return _load(name, path.resolve(), path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _load(name: str, path: Path, _modified_ns: int) -> Simulator:
    try:
        device = _Device.parse(path.read_text(encoding="utf-8"))
    except (*_WRONG, OSError) as error:
        raise ConfigError(
            f"{path} does not hold a device that can be emulated, as AwsDevice(arn).properties.json()"
            f" gives it: {type(error).__name__}: {error}"
        ) from error
    return Simulator(
        backend=device.describe(name, path.stem),
        device=_DEVICE,
        width=DENSITY_MATRIX_WIDTH,
        most=DENSITY_MATRIX_MOST,
        translate=device.translate,
    )


@dataclass(frozen=True, eq=False)
class _Device:
    """A device; the hub's qubit k is the k-th of its `labels`, which need not start at 0."""

    capabilities: Any
    properties: Any
    emulator: Any
    labels: tuple[int, ...]
    joining: str | None
    pairs: Directions | None

    @classmethod
    def parse(cls, text: str) -> _Device:
        if not json.loads(text)["braketSchemaHeader"]["name"].startswith(_SCHEMAS):
            raise ValueError(f"its schema is not one of {_SCHEMAS}*")  # the SDK imports what is named here
        capabilities = BraketSchemaBase.parse_raw_schema(text)
        properties = DeviceEmulatorProperties.from_device_properties(capabilities)
        emulator = LocalEmulator.from_device_properties(properties)
        native = frozenset(properties.native_gate_set)
        if not any(names <= native for names in PULSES):
            raise ValueError(f"its native gates {sorted(native)} include none of {[sorted(names) for names in PULSES]}")
        joining = next((name for name in CZ if name in native and (name != "xx" or "rz" in native)), None)
        labels = properties.qubit_labels if properties.fully_connected else _connected(properties)
        pairs = None if properties.fully_connected else _pairs(properties, labels, joining)
        return cls(capabilities, properties, emulator, tuple(labels), joining, pairs)

    def describe(self, name: str, device: str) -> Backend:
        renumbered = "" if self.labels[-1] == len(self.labels) - 1 else f"; qubits are its {_listed(self.labels)}"
        return Backend(
            address=f"braket:emulator/{name}",
            origin=Origin.SIMULATOR,
            description=(
                f"amazon-braket-sdk {SDK_VERSION}, LocalEmulator of {device}{renumbered}; gates depolarize, readout"
                " flips both outcomes alike (1 - READOUT fidelity), errors given for each outcome are not used"
            ),
            qubits=len(self.labels),
            default_qubits=min(len(self.labels), DENSITY_MATRIX_WIDTH),
            max_shots=self.capabilities.service.shotsRange[1],
            gates=tuple(sorted(name for name, (qubits, _) in GATES.items() if qubits == 1 or self.joining)),
            coupling=None if self.pairs is None else tuple(self.pairs.values()),
            calibration=tuple(self._calibration()),
            calibrated_utc=_utc(self.capabilities.service.updatedAt),
        )

    def _calibration(self) -> list[QubitCalibration]:
        published = {int(label): one.oneQubitFidelity for label, one in self.properties.one_qubit_properties.items()}
        flips = []
        for qubit, label in enumerate(self.labels):
            fidelity = {each.fidelityType.name: each.fidelity for each in published[label]}
            flip = 1 - fidelity["READOUT"]
            flips.append(QubitCalibration(qubit=qubit, flip_0_to_1=flip, flip_1_to_0=flip))
        return flips

    def translate(self, circuit: Circuit) -> Part:
        """Writes the noisy program of a circuit in the device's own labels."""
        box = BraketCircuit()
        for name, qubits, angles in translate(circuit.gates, self.properties.native_gate_set, self.joining, self.pairs):
            getattr(box, name)(*(self.labels[qubit] for qubit in qubits), *angles)
        labels = tuple(self.labels[qubit] for qubit in circuit.measured)
        if box.instructions:
            program = self.emulator.transform(BraketCircuit().add_verbatim_box(box).measure(labels))
        else:  # the SDK refuses an empty box, and a program of measurements without a box
            program = self.emulator.noise_model.apply(BraketCircuit().measure(labels))
        return Part(openqasm(program), labels, circuit.measured)


def _pairs(properties: Any, labels: list[int], joining: str | None) -> dict[frozenset[int], tuple[int, int]]:
    """Returns the hub's qubits that `joining` may join, each pair in the direction that the file gives."""
    neighbours = {frozenset((int(a), int(b))) for a, others in properties.connectivity_graph.items() for b in others}
    pairs = {}
    for edge, two in properties.two_qubit_properties.items():
        gates = {gate.gateName.lower() for gate in two.twoQubitGateFidelity}
        ends = [int(label) for label in edge.split("-")]
        if joining in gates and frozenset(ends) in neighbours:
            first, second = map(labels.index, ends)
            pairs[frozenset((first, second))] = (first, second)
    return pairs


def _connected(properties: Any) -> list[int]:
    """Lists the labels with a neighbour; the SDK refuses every gate on another."""
    in_graph = {int(label) for first, others in properties.connectivity_graph.items() for label in (first, *others)}
    in_edges = {int(label) for edge in properties.two_qubit_properties for label in edge.split("-")}
    return sorted(in_graph & in_edges)


def _listed(labels: tuple[int, ...]) -> str:
    if labels[-1] - labels[0] == len(labels) - 1:
        return f"{labels[0]} to {labels[-1]}"
    return ", ".join(map(str, labels))


def _utc(when: datetime | None) -> datetime | None:
    return when and (when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC))
