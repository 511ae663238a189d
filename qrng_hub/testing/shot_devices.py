"""An adapter whose backends give the outcomes of a source of shots: a record, or a device with faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import numpy as np

from qrng_hub.bits import Packed, pack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import Clock
from qrng_hub.records import Backend, Job, JobSpec, Origin, RawBlock
from qrng_hub.testing.faults import Reals, Table
from qrng_hub.testing.scripted import Script, ScriptedAdapter, p_one_of
from qrng_hub.testing.shots import Shots


class ShotDevices(ScriptedAdapter):
    """Backends `shots:NAME`, each with a source for its superposed qubits; other qubits do as the circuit says.

    A job's outcomes follow those of the backend's earlier jobs, in the order of their submission. A script says the
    origin, the price and the times; without one a backend is a simulator whose jobs run in this process, free and at
    once.
    """

    name = "shots"

    def __init__(self, sources: Mapping[str, Shots], clock: Clock, script: Script | None = None) -> None:
        free = Script(origin=Origin.SIMULATOR, price=Decimal(0), queue_seconds=0.0, run_seconds=0.0)
        super().__init__(dict.fromkeys(sources, script or free), clock)
        self.sources = dict(sources)
        self._measured: Counter[str] = Counter()
        self._first: dict[str, int] = {}

    def is_remote(self, name: str) -> bool:
        """Only hardware is somewhere else."""
        return self.origin(name) is Origin.HARDWARE

    def describe(self, name: str) -> Backend:
        """Describes a backend with the qubits of its source."""
        backend, source = super().describe(name), self.sources[name]
        own = {"description": source.description, "qubits": source.qubits, "default_qubits": source.qubits}
        return backend.model_copy(update=own | {"max_shots": None})

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Makes jobs as the script says; those that take no time are done."""
        for spec in specs:
            try:
                (job,) = super().submit([spec])
            finally:  # a job whose reply is lost is measured all the same
                if spec.key in self.jobs and spec.key not in self._first:
                    self._first[spec.key] = self._measured[spec.address]
                    self._measured[spec.address] += spec.shots * sum(map(_is_superposed, spec.circuits))
            yield self._seen(job)

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Takes the outcomes of a job that is done from its source, the same ones whenever it is called."""
        source, first, blocks = self.sources[job.spec.backend_name], self._first[job.spec.key], list[RawBlock]()
        for block, circuit in zip(super().collect(job), job.spec.circuits, strict=True):
            drawn = source.sample(first, job.spec.shots) if _is_superposed(circuit) else None
            update = {"source": source.description, "outcomes": _outcomes(circuit, block.shots, drawn)}
            blocks.append(block.model_copy(update=update))
            first += block.shots * _is_superposed(circuit)
        return tuple(blocks)


def _outcomes(circuit: Circuit, shots: int, drawn: Table | None) -> Packed:
    """Takes what is superposed from what was drawn, and the rest from the circuit."""
    columns, chances = list(circuit.measured), _chances(circuit)
    outcomes = np.tile((chances > 0.5).astype(np.uint8), (shots, 1))
    return pack_shots(outcomes if drawn is None else np.where(np.isclose(chances, 0.5), drawn[:, columns], outcomes))


def _is_superposed(circuit: Circuit) -> bool:
    return bool(np.isclose(_chances(circuit), 0.5).any())


def _chances(circuit: Circuit) -> Reals:
    return np.array([p_one_of(circuit, qubit) for qubit in circuit.measured])
