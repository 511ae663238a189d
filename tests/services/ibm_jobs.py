"""The jobs of the loopback IBM service: their states, times and usage, and what they measured."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import QuantumCircuit
from qiskit_aer.primitives import SamplerV2
from qiskit_ibm_runtime.decoders.executor.decoder import AVAILABLE_DECODERS
from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import CompressedTensorModel
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

QUEUE_SECONDS, RUN_SECONDS = 30, 3
_VERSION = "v2.0"
_ENDS = ("Completed", "Failed", "Cancelled")


@dataclass
class Job:
    """One job; `outcomes` holds, for each circuit, the bits measured: shape (shots, bits), bit j first."""

    id: str
    request: dict[str, Any]
    params: Any
    created: datetime
    status: str = "Queued"
    reason: str = ""
    reason_code: int | None = None
    running: datetime | None = None
    finished: datetime | None = None
    outcomes: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    usage_pending: bool = False
    read: bool = False

    @property
    def tags(self) -> list[str]:
        """The tags of the job."""
        return list(self.request.get("tags", []))

    def entry(self) -> dict[str, Any]:
        """Writes the job as the service lists it."""
        state: dict[str, Any] = {"status": self.status}
        if self.reason:
            state["reason"] = self.reason
        if self.reason_code:
            state["reason_code"] = self.reason_code
        return {
            "id": self.id,
            "backend": self.request["backend"],
            "state": state,
            "status": self.status,
            "program": {"id": self.request["program_id"]},
            "created": _text(self.created),
            "tags": self.tags,
            "private": self.request.get("private", False),
            "cost": self.request.get("cost", 10_000),
            "usage": {"quantum_seconds": self._seconds(), "seconds": self._seconds()},
        }

    def metrics(self) -> dict[str, Any]:
        """Writes the times and the usage of the job; the usage is 0 while it is pending."""
        stamps = {"created": self.created, "running": self.running, "finished": self.finished}
        done = self.finished is not None and not self.usage_pending
        usage = {"status": "completed", "qpu_charge_time_seconds": self._seconds()}
        return {
            "timestamps": {name: _text(at) for name, at in stamps.items()},
            "usage": usage if done else {"status": "pending", "qpu_charge_time_seconds": 0},
        }

    def _seconds(self) -> int:
        return RUN_SECONDS if self.running and self.finished else 0

    def results(self) -> str:
        """Writes the outcomes as the executor program does."""
        program = self.params.quantum_program
        _, model = AVAILABLE_DECODERS[_VERSION]
        items = [
            {"results": {"meas": CompressedTensorModel.from_numpy(bits)}, "metadata": {}} for bits in self.outcomes
        ]
        return str(
            model(
                data=items,
                metadata={"chunk_timing": []},
                passthrough_data=program.passthrough_data,
                semantic_role=program.semantic_role,
            ).model_dump_json()
        )


class Jobs:
    """Every job of the service; with `auto` a job takes one step each time it has been looked at."""

    def __init__(self) -> None:
        self.all: dict[str, Job] = {}
        self.now = datetime.now(UTC)
        self.auto = True
        self.usage_pending = False
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def make(self, request: dict[str, Any]) -> Job:
        """Makes a job of a request, which must be one for the executor."""
        with self._lock:
            params = QUANTUM_PROGRAM_PARAMS_CONVERTERS[_VERSION].model.model_validate(request["params"])
            self.now += timedelta(milliseconds=1)
            job = Job(f"d{next(self._numbers):019d}", request, params, self.now, usage_pending=self.usage_pending)
            self.all[job.id] = job
            return job

    def listed(self, tags: list[str], created_after: str | None) -> list[Job]:
        """Lists the jobs that bear all tags, the newest first."""
        since = datetime.fromisoformat(created_after) if created_after else datetime.min.replace(tzinfo=UTC)
        found = [job for job in self.all.values() if set(tags) <= set(job.tags) and job.created >= since]
        return sorted(found, key=lambda job: job.created, reverse=True)

    def looked_at(self, job: Job) -> None:
        """Lets a job take its next step, if it does so by itself."""
        if self.auto:
            self.step(job)

    def step(self, job: Job) -> None:
        """Moves a job on: from queued to running to completed."""
        with self._lock:
            if job.status == "Queued":
                self.now += timedelta(seconds=QUEUE_SECONDS)
                job.status, job.running = "Running", self.now
            elif job.status == "Running":
                job.outcomes = [_measure(circuit, job.params.quantum_program.shots) for circuit in _circuits(job)]
                self.end(job, "Completed")

    def end(self, job: Job, status: str, reason: str = "", code: int | None = None) -> None:
        """Ends a job."""
        with self._lock:
            self.now += timedelta(seconds=RUN_SECONDS)
            job.status, job.reason, job.reason_code, job.finished = status, reason, code, self.now

    def cancel(self, job: Job) -> bool:
        """Cancels a job; False if it is over."""
        if job.status in _ENDS:
            return False
        self.end(job, "Cancelled")
        return True


def _circuits(job: Job) -> list[QuantumCircuit]:
    return list(job.params.quantum_program.circuits.to_python())


def _measure(circuit: QuantumCircuit, shots: int) -> npt.NDArray[np.bool_]:
    """Runs a compiled circuit on the qubits that it uses."""
    used = sorted({circuit.find_bit(qubit).index for entry in circuit.data for qubit in entry.qubits})
    small = QuantumCircuit(len(used), circuit.num_clbits)
    for entry in circuit.data:
        qubits = [used.index(circuit.find_bit(qubit).index) for qubit in entry.qubits]
        small.append(entry.operation, qubits, [circuit.find_bit(bit).index for bit in entry.clbits])
    method = "statevector" if len(used) <= 20 else "matrix_product_state"
    sampler = SamplerV2(options={"backend_options": {"method": method}})
    named = QuantumCircuit(*small.qregs, *circuit.cregs)
    named.compose(small, qubits=range(len(used)), clbits=range(circuit.num_clbits), inplace=True)
    pub = sampler.run([named], shots=shots).result()[0]
    return np.asarray(pub.data[circuit.cregs[0].name].to_bool_array(order="little"))


def _text(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
