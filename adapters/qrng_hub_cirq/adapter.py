"""The adapter for Cirq: simulators in this process, and Google's processors."""

from __future__ import annotations

from qrng_hub.adapter import Adapter, CompositeAdapter
from qrng_hub.clock import Clock
from qrng_hub.records import Origin
from qrng_hub_cirq.connection import OpenEngine
from qrng_hub_cirq.engine import GoogleEngine
from qrng_hub_cirq.local import CirqSimulators
from qrng_hub_cirq.settings import CirqSettings
from qrng_hub_cirq.status import ENGINE


class CirqAdapter(CompositeAdapter):
    """Passes cirq:engine/<processor> to Google's service and every other name to the simulators.

    `open_engine` makes another engine than Google's own, say one of a service of yours.
    """

    name = "cirq"
    settings_model = CirqSettings

    def __init__(self, settings: CirqSettings, clock: Clock, open_engine: OpenEngine | None = None) -> None:
        super().__init__(settings, clock)
        self._simulators = CirqSimulators(settings, clock)
        self._engine = GoogleEngine(settings, clock, open_engine)

    def parts(self) -> tuple[Adapter, ...]:
        """Lists the simulators and the processors."""
        return self._simulators, self._engine

    def part(self, name: str) -> Adapter:
        """Tells by the name."""
        return self._engine if name.startswith(ENGINE) else self._simulators

    def origin(self, name: str) -> Origin:
        """Tells by the name: what begins with engine/ is a processor."""
        return self.part(name).origin(name)
