"""local:stim, an ideal stabilizer simulator with an optional readout-flip model.

stim has no flip that depends on the outcome, so outcomes are flipped after it, each by itself.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import stim

from qrng_hub.adapter import InProcessAdapter, unknown_backend
from qrng_hub.bits import Packed, from_little_endian_shots, pack_shots, unpack_shots
from qrng_hub.circuits import CLIFFORD_GATES, Circuit
from qrng_hub.records import Backend, JobSpec, Origin
from qrng_hub_local.errors import ERRORS
from qrng_hub_local.settings import LocalOptions

# stim imports parts of numpy at its first sample, and two threads that do so at once block each other for ever
stim.Circuit("M 0").compile_sampler().sample(1, bit_packed=True)

_STIM_NAMES = {"h": "H", "x": "X", "z": "Z", "s": "S", "sdg": "S_DAG", "cx": "CX", "cz": "CZ"}
_STIM = Backend(
    address="local:stim",
    origin=Origin.SIMULATOR,
    description=f"stim {stim.__version__}, stabilizer simulator",
    qubits=4096,
    default_qubits=128,
    max_shots=10_000_000,
    gates=tuple(sorted(CLIFFORD_GATES)),
)


class LocalAdapter(InProcessAdapter):
    """Runs Clifford circuits with stim."""

    name = "local"
    options_model = LocalOptions
    seed_bits = 63

    def names(self) -> tuple[str, ...]:
        """There is one backend."""
        return ("stim",)

    def describe(self, name: str) -> Backend:
        """Describes local:stim."""
        if name != "stim":
            raise unknown_backend(self.name, name, self.names())
        return _STIM

    def run(self, backend: Backend, spec: JobSpec) -> list[Packed]:
        """Samples each circuit, packed by stim itself."""
        options = LocalOptions.model_validate(spec.options)
        return [self._sample(circuit, spec.shots, options) for circuit in spec.circuits]

    def _sample(self, circuit: Circuit, shots: int, options: LocalOptions) -> Packed:
        with ERRORS.at_the_border("sampling a circuit"):
            sampler = stim.CompiledMeasurementSampler(_compile(circuit), seed=self.fresh_seed())
            sample = sampler.sample(shots, bit_packed=True)
        return _with_readout_flips(from_little_endian_shots(sample), circuit.measured, options)


@lru_cache(maxsize=64)
def _compile(circuit: Circuit) -> stim.Circuit:
    dense = circuit.compacted()
    program = stim.Circuit()
    for gate in dense.gates:
        program.append(_STIM_NAMES[gate.name], gate.qubits)
    program.append("M", dense.measured)
    return program


def _with_readout_flips(outcomes: Packed, qubits: tuple[int, ...], options: LocalOptions) -> Packed:
    """Flips each outcome with the probability of its value; numpy's generator is seeded by the system."""
    zero, one = np.transpose([options.flips(qubit) for qubit in qubits])
    if not zero.any() and not one.any():
        return outcomes
    values = unpack_shots(outcomes, len(qubits))
    flips = np.random.default_rng().random(values.shape, np.float32) < np.where(values, one, zero)
    return pack_shots(values ^ flips)
