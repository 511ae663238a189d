"""ibm:aer and ibm:snapshot/<device>: circuits in this process, on Qiskit's simulator Aer."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from qrng_hub.adapter import InProcessAdapter, load_sdk, unknown_backend
from qrng_hub.bits import Packed
from qrng_hub.clock import Clock
from qrng_hub.errors import UnknownBackendError
from qrng_hub.records import Backend, JobSpec, Record
from qrng_hub_ibm.catalogue import SNAPSHOT, snapshot_devices
from qrng_hub_ibm.errors import ERRORS
from qrng_hub_ibm.results import shot_table

SDK_PACKAGES = ("qiskit", "qiskit_aer", "qiskit_ibm_runtime")


class IBMSimulators(InProcessAdapter):
    """Runs circuits with Aer, ideal or with the readout errors that IBM published for a device."""

    name = "ibm"
    seed_bits = 63

    def __init__(self, settings: Record, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._simulators: dict[str, Any] = {}

    def names(self) -> tuple[str, ...]:
        """Lists aer and the snapshots of the installed qiskit-ibm-runtime; imports no SDK."""
        return ("aer", *(SNAPSHOT + device for device in snapshot_devices()))

    def describe(self, name: str) -> Backend:
        """Describes a backend; a snapshot with its device's coupling, limits and calibration."""
        return self._simulator(name).backend

    def run(self, backend: Backend, spec: JobSpec) -> list[Packed]:
        """Simulates each circuit; raises `BackendLimitError` before the first one if any is too wide."""
        simulator = self._simulator(spec.backend_name)
        for circuit in spec.circuits:
            simulator.require_memory(circuit)
        with ERRORS.at_the_border(f"simulating on {backend.address}"):
            results = (simulator.sample(circuit, spec.shots, self.fresh_seed()) for circuit in spec.circuits)
            return [shot_table(*pair) for pair in zip(results, spec.circuits, strict=True)]

    def _simulator(self, name: str) -> Any:
        if name not in self._simulators:
            self._simulators[name] = self._open(name)
        return self._simulators[name]

    def _open(self, name: str) -> Any:
        with ERRORS.at_the_border(f"opening {self.name}:{name}"):
            if name == "aer":
                return load_sdk("qrng_hub_ibm.simulators", self.name, SDK_PACKAGES).ideal()
            if name.startswith(SNAPSHOT):
                snapshots = load_sdk("qrng_hub_ibm.snapshots", self.name, SDK_PACKAGES)
                if (device := name.removeprefix(SNAPSHOT)) in snapshots.CLASSES:
                    return snapshots.snapshot(device)
        raise self._unknown(name)

    def _unknown(self, name: str) -> UnknownBackendError:
        devices = snapshot_devices()
        wanted = name.removeprefix(SNAPSHOT).removeprefix("ibm_").removeprefix("fake_").lower()
        nearest = " or ".join(SNAPSHOT + device for device in get_close_matches(wanted, devices))
        snapshots = f"{SNAPSHOT}<device> for {len(devices)} devices{f' (did you mean {nearest}?)' if nearest else ''}"
        cloud = "and IBM's own devices once there is a key ($QISKIT_IBM_TOKEN, docs/cloud.md)"
        return unknown_backend(self.name, name, ["aer", snapshots, cloud])
