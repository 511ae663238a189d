"""cirq:simulator, cirq:density_matrix, cirq:qsim and cirq:qvm/...: circuits in this process, on Google's simulators."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from threading import Lock

from qrng_hub.adapter import InProcessAdapter, load_sdk, unknown_backend
from qrng_hub.bits import Packed, pack_shots
from qrng_hub.clock import Clock
from qrng_hub.records import Backend, JobSpec, Record
from qrng_hub_cirq.errors import ERRORS
from qrng_hub_cirq.simulation import EXTRA, SDK_PACKAGES, Simulation

#: backend -> the module of this package that makes it
_MODULES = {
    "simulator": "simulators",
    "density_matrix": "simulators",
    "qsim": "qsim_simulator",
    "qvm/rainbow": "machines",
    "qvm/weber": "machines",
    "qvm/willow_pink": "machines",
}


class CirqSimulators(InProcessAdapter):
    """Runs circuits with Cirq's own simulators and with Google's quantum virtual machine."""

    name = "cirq"
    seed_bits = 128

    def __init__(self, settings: Record, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._lock = Lock()
        self._simulations: dict[str, Simulation] = {}

    def names(self) -> tuple[str, ...]:
        """Lists the backends; qsim only if it is installed."""
        return tuple(name for name in _MODULES if name != "qsim" or find_spec("qsimcirq"))

    def describe(self, name: str) -> Backend:
        """Describes a backend; the first call imports the SDK."""
        if name not in _MODULES:
            raise unknown_backend(self.name, name, self.names())
        return self._simulation(name).backend

    def run(self, backend: Backend, spec: JobSpec) -> Sequence[Packed]:
        """Samples each circuit, once it is known that there is room for all of them."""
        simulation = self._simulation(spec.backend_name)
        for circuit in spec.circuits:
            simulation.require_room(circuit)
        with ERRORS.at_the_border(f"running {len(spec.circuits)} circuit(s) on {backend.address}"):
            return [pack_shots(simulation.sample(circuit, spec.shots)) for circuit in spec.circuits]

    def _simulation(self, name: str) -> Simulation:
        with self._lock:
            if name not in self._simulations:
                module = load_sdk(f"qrng_hub_cirq.{_MODULES[name]}", EXTRA, SDK_PACKAGES)
                with ERRORS.at_the_border(f"opening cirq:{name}"):
                    self._simulations[name] = module.open_backend(name, self.fresh_seed)
            return self._simulations[name]
