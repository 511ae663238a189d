"""Emulators of Braket devices: the SDK's LocalEmulator, made from a device's capabilities file.

The SDK checks a program against the device's native gates and connectivity and adds noise:
depolarizing after each gate, and a readout flip of 1 - READOUT fidelity that is the same for both
outcomes. The readout errors that some files give for each outcome, T1 and T2 are not used by it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from braket.circuits import Circuit as BraketCircuit
from braket.devices import LocalSimulator
from braket.emulation.device_emulator_properties import DeviceEmulatorProperties
from braket.emulation.local_emulator import LocalEmulator
from braket.schema_common import BraketSchemaBase

from qrng_hub.circuits import Circuit
from qrng_hub.errors import ConfigError, UnknownBackendError
from qrng_hub.records import Backend, Origin, QubitCalibration
from qrng_hub_braket.layout import Layout
from qrng_hub_braket.simulators import DENSITY_MATRIX_MOST, DENSITY_MATRIX_WIDTH, SDK_VERSION, Part, Simulator, openqasm
from qrng_hub_braket.tasks import utc

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
    capabilities: Any
    properties: Any
    emulator: Any
    layout: Layout

    @classmethod
    def parse(cls, text: str) -> _Device:
        if not json.loads(text)["braketSchemaHeader"]["name"].startswith(_SCHEMAS):
            raise ValueError(f"its schema is not one of {_SCHEMAS}*")  # the SDK imports what is named here
        capabilities = BraketSchemaBase.parse_raw_schema(text)
        properties = DeviceEmulatorProperties.from_device_properties(capabilities)
        emulator = LocalEmulator.from_device_properties(properties)
        return cls(capabilities, properties, emulator, Layout.of(properties))

    def describe(self, name: str, device: str) -> Backend:
        return Backend(
            address=f"braket:emulator/{name}",
            origin=Origin.SIMULATOR,
            description=(
                f"amazon-braket-sdk {SDK_VERSION}, LocalEmulator of {device}{self.layout.numbering}; gates depolarize,"
                " readout flips both outcomes alike (1 - READOUT fidelity), errors given for each outcome are not used"
            ),
            qubits=len(self.layout.labels),
            default_qubits=min(len(self.layout.labels), DENSITY_MATRIX_WIDTH),
            max_shots=self.capabilities.service.shotsRange[1],
            gates=self.layout.gates,
            coupling=self.layout.coupling,
            calibration=tuple(self._calibration()),
            calibrated_utc=utc(self.capabilities.service.updatedAt),
        )

    def _calibration(self) -> list[QubitCalibration]:
        published = {int(label): one.oneQubitFidelity for label, one in self.properties.one_qubit_properties.items()}
        flips = []
        for qubit, label in enumerate(self.layout.labels):
            fidelity = {each.fidelityType.name: each.fidelity for each in published[label]}
            flip = 1 - fidelity["READOUT"]
            flips.append(QubitCalibration(qubit=qubit, flip_0_to_1=flip, flip_1_to_0=flip))
        return flips

    def translate(self, circuit: Circuit) -> Part:
        """Writes the noisy program of a circuit in the device's own labels."""
        box, labels = self.layout.box(circuit), self.layout.measured(circuit)
        if box.instructions:
            program = self.emulator.transform(BraketCircuit().add_verbatim_box(box).measure(labels))
        else:  # the SDK refuses an empty box, and a program of measurements without a box
            program = self.emulator.noise_model.apply(BraketCircuit().measure(labels))
        return Part(openqasm(program), labels, circuit.measured)
