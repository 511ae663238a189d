"""The Braket adapter: simulators and emulators on this machine, devices and simulators at AWS."""

from __future__ import annotations

from qrng_hub.adapter import Adapter, CompositeAdapter
from qrng_hub.clock import Clock
from qrng_hub.records import Record
from qrng_hub_braket.cloud import BraketCloud
from qrng_hub_braket.local import BraketLocal
from qrng_hub_braket.settings import BraketSettings


class BraketAdapter(CompositeAdapter):
    """Passes `braket_sv`, `braket_dm` and `emulator/PATH` to this machine and every other name to AWS."""

    name = "braket"
    settings_model = BraketSettings

    def __init__(self, settings: Record, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._local = BraketLocal(settings, clock)
        self._cloud = BraketCloud(settings, clock)

    def part(self, name: str) -> Adapter:
        """Returns the part that has a backend, or would have it."""
        return self._local if self._local.has(name) else self._cloud

    def parts(self) -> tuple[Adapter, ...]:
        """Lists the parts, this machine first."""
        return (self._local, self._cloud)
