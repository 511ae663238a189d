"""Emulators of Braket devices: the SDK's LocalEmulator, made from a device's capabilities file.

The SDK checks a program against the device's native gates and connectivity and adds noise:
depolarizing after each gate, and a readout flip of 1 - READOUT fidelity that is the same for both
outcomes. The readout errors that some files give for each outcome, T1 and T2 are not used by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from braket.circuits import Circuit as BraketCircuit
from braket.devices import LocalSimulator
from braket.emulation.local_emulator import LocalEmulator

from qrng_hub.circuits import Circuit
from qrng_hub.errors import ConfigError, UnknownBackendError
from qrng_hub.records import Backend, Origin, QubitCalibration
from qrng_hub_braket.published import WRONG, Published, read
from qrng_hub_braket.simulators import DENSITY_MATRIX_MOST, DENSITY_MATRIX_WIDTH, SDK_VERSION, Part, Simulator, openqasm
from qrng_hub_braket.tasks import utc

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
    except (*WRONG, OSError) as error:
        raise ConfigError(
            f"{path} does not hold a device that can be emulated, as AwsDevice(arn).properties.json() or"
            f" `aws braket get-device` gives it: {type(error).__name__}: {error}"
        ) from error
    backend = device.describe(name, path.stem)
    return Simulator(
        backend=backend,
        device=_DEVICE,
        width=DENSITY_MATRIX_WIDTH,
        most=DENSITY_MATRIX_MOST,
        translate=device.translate,
        require=partial(device.published.require_total, backend),
    )


@dataclass(frozen=True, eq=False)
class _Device:
    published: Published
    emulator: Any

    @classmethod
    def parse(cls, text: str) -> _Device:
        published = Published.of(read(text))
        emulator = LocalEmulator.from_device_properties(published.properties)
        published.layout  # noqa: B018 - raises for a device whose gates nobody can translate to
        return cls(published, emulator)

    def describe(self, name: str, device: str) -> Backend:
        published, layout = self.published, self.published.layout
        return Backend(
            address=f"braket:emulator/{name}",
            origin=Origin.SIMULATOR,
            description=(
                f"amazon-braket-sdk {SDK_VERSION}, LocalEmulator of {device}{published.numbering}; gates depolarize,"
                " readout flips both outcomes alike (1 - READOUT fidelity), errors given for each outcome are not used"
            ),
            qubits=len(layout.labels),
            default_qubits=min(len(layout.labels), DENSITY_MATRIX_WIDTH),
            min_shots=published.min_shots,
            max_shots=published.capabilities.service.shotsRange[1],
            max_circuits=published.max_circuits,
            gates=layout.gates,
            coupling=layout.coupling,
            calibration=tuple(self._calibration()),
            calibrated_utc=utc(published.capabilities.service.updatedAt),
        )

    def _calibration(self) -> list[QubitCalibration]:
        one = self.published.properties.one_qubit_properties
        flips = []
        for qubit, label in enumerate(self.published.layout.labels):
            fidelity = {each.fidelityType.name: each.fidelity for each in one[str(label)].oneQubitFidelity}
            flip = 1 - fidelity["READOUT"]
            flips.append(QubitCalibration(qubit=qubit, flip_0_to_1=flip, flip_1_to_0=flip))
        return flips

    def translate(self, circuit: Circuit) -> Part:
        """Writes the noisy program of a circuit in the device's own labels."""
        layout = self.published.layout
        box, labels = layout.box(circuit), layout.measured(circuit)
        if any(len(instruction.target) > 1 for instruction in box.instructions):
            program = self.emulator.transform(BraketCircuit().add_verbatim_box(box).measure(labels))
        else:  # the SDK refuses an empty box, and gates on a qubit without a neighbour
            program = self.emulator.noise_model.apply(box.measure(labels))
        return Part(openqasm(program), labels, circuit.measured)
