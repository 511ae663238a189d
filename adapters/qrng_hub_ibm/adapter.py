"""The adapter of IBM Quantum: simulators in this process, and the devices of IBM Quantum Platform."""

from __future__ import annotations

from qrng_hub.adapter import Adapter, CompositeAdapter
from qrng_hub.clock import Clock
from qrng_hub.records import Origin
from qrng_hub_ibm.catalogue import SNAPSHOT
from qrng_hub_ibm.cloud import LEAST_BUSY, IBMCloud
from qrng_hub_ibm.local import IBMSimulators
from qrng_hub_ibm.settings import IBMOptions, IBMSettings


class IBMAdapter(CompositeAdapter):
    """Passes ibm:aer and ibm:snapshot/<device> to Aer and every other name to the cloud."""

    name = "ibm"
    settings_model = IBMSettings
    options_model = IBMOptions

    def __init__(self, settings: IBMSettings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._simulators = IBMSimulators(settings, clock)
        self._cloud = IBMCloud(settings, clock)

    def parts(self) -> tuple[Adapter, ...]:
        """Lists the simulators and the cloud."""
        return self._simulators, self._cloud

    def part(self, name: str) -> Adapter:
        """Returns the cloud for a device's name; without a key, only for a name that IBM would give a device."""
        device = name == LEAST_BUSY or name.startswith("ibm_") or self._cloud.is_configured
        return self._cloud if device and not _is_simulator(name) else self._simulators

    def origin(self, name: str) -> Origin:
        """Tells by the name: whatever is not Aer or a snapshot is a device."""
        return Origin.SIMULATOR if _is_simulator(name) else Origin.HARDWARE


def _is_simulator(name: str) -> bool:
    return name == "aer" or name.startswith(SNAPSHOT)
