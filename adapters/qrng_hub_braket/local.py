"""Braket on this machine: the SDK's local simulators, and emulators of its devices from capabilities files.

The SDK is imported when one of its backends is first described or run.
"""

from __future__ import annotations

from typing import Any

from qrng_hub.adapter import InProcessAdapter, load_sdk, unknown_backend
from qrng_hub.bits import Packed
from qrng_hub.records import Backend, JobSpec
from qrng_hub_braket.errors import ERRORS
from qrng_hub_braket.settings import BraketSettings

SDK_PACKAGES = ("braket", "boto3", "botocore")
EMULATOR = "emulator/"
_SIMULATORS = {"braket_sv": "STATE_VECTOR", "braket_dm": "DENSITY_MATRIX"}


class BraketLocal(InProcessAdapter):
    """Runs circuits with the Braket SDK on this machine.

    `emulator/PATH` is an emulator of the device whose capabilities stand in the file PATH, with or
    without `.json`; `names` lists those of the settings, but any such file will do.
    """

    name = "braket"
    settings_model = BraketSettings
    seed_bits = 128
    settings: BraketSettings

    def names(self) -> tuple[str, ...]:
        """Lists the simulators and the emulators of the settings."""
        return (*_SIMULATORS, *(EMULATOR + path for path in self.settings.emulators))

    def has(self, name: str) -> bool:
        """Whether a name is one of a simulator or an emulator here."""
        return name in _SIMULATORS or name.startswith(EMULATOR)

    def describe(self, name: str) -> Backend:
        """Describes a simulator or an emulator; reads an emulator's file again when it has changed."""
        return self._simulator(name).backend

    def run(self, backend: Backend, spec: JobSpec) -> list[Packed]:
        """Runs each circuit; the SDK seeds each simulation anew from the operating system."""
        simulator = self._simulator(spec.backend_name)
        simulator.require(spec)
        return [simulator.run(circuit, spec.shots) for circuit in spec.circuits]

    def _simulator(self, name: str) -> Any:
        if name in _SIMULATORS:
            simulators = load_sdk("qrng_hub_braket.simulators", self.name, SDK_PACKAGES)
            return getattr(simulators, _SIMULATORS[name])
        if name.startswith(EMULATOR):
            emulators = load_sdk("qrng_hub_braket.emulators", self.name, SDK_PACKAGES)
            with ERRORS.at_the_border(f"opening {self.name}:{name}"):
                return emulators.emulator(name.removeprefix(EMULATOR))
        raise unknown_backend(self.name, name, (*self.names(), EMULATOR + "PATH"))
