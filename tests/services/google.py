"""A loopback stand-in for Google's Quantum Engine, over gRPC.

It takes the programs that the unmodified `cirq_google.Engine` sends and runs them on the SDK's own
`SimulatedLocalEngine`, with the noise of a processor. Every request is logged, faults are put in by
method, and jobs move on when looked at.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import cirq
import cirq_google
import grpc
import numpy as np
from cirq_google.api import v2
from cirq_google.cloud import quantum
from cirq_google.cloud.quantum_v1alpha1.services.quantum_engine_service.transports import (
    QuantumEngineServiceGrpcAsyncIOTransport,
)
from cirq_google.cloud.quantum_v1alpha1.types import engine as messages
from cirq_google.engine import util
from google.protobuf.empty_pb2 import Empty

from qrng_hub_cirq.client import open_engine

_SERVICE = "google.cloud.quantum.v1alpha1.QuantumEngineService"
_ANSWERS: dict[str, Any] = {
    "CreateQuantumProgram": quantum.QuantumProgram,
    "GetQuantumProgram": quantum.QuantumProgram,
    "DeleteQuantumProgram": Empty,
    "CreateQuantumJob": quantum.QuantumJob,
    "GetQuantumJob": quantum.QuantumJob,
    "ListQuantumJobs": messages.ListQuantumJobsResponse,
    "CancelQuantumJob": Empty,
    "GetQuantumResult": quantum.QuantumResult,
    "ListQuantumProcessors": messages.ListQuantumProcessorsResponse,
    "GetQuantumProcessor": quantum.QuantumProcessor,
    "GetQuantumCalibration": quantum.QuantumCalibration,
}
State = quantum.ExecutionStatus.State
_ENDED = (State.SUCCESS, State.FAILURE, State.CANCELLED)


@dataclass
class Fault:
    """An error in place of an answer, some `times`; with `after` the request is carried out before that.

    The first `skipped` requests are answered; `slow_seconds` pass before the error, or less if the service is released.
    """

    code: grpc.StatusCode
    message: str = "planted"
    after: bool = False
    times: int = 1
    skipped: int = 0
    slow_seconds: float = 0.0


@dataclass
class GoogleService:
    """Serves one project on 127.0.0.1 until closed."""

    processors: tuple[str, ...] = ("rainbow",)
    project: str = "loopback-project"
    page_size: int = 3
    keeps_timing: bool = True
    """Whether a job's entry says when it began and ended."""
    held: bool = False
    """Whether jobs stay as they are."""
    failure: str = ""
    """Why every job fails; empty to have them run."""
    health: str = "OK"
    waiting: int | None = 7
    requests: list[tuple[str, Any]] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    programs: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.release = threading.Event()
        self._lock = threading.Lock()
        self._machines = {name: _noisy_machine(name) for name in self.processors}
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((self._handlers(),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        """Stops serving."""
        self.release.set()
        self._server.stop(0).wait()

    def open_engine(self, project_id: str, timeout_seconds: float) -> Any:
        """Opens the engine as the adapter does, on a channel that leads here."""

        def transport(**_: object) -> Any:
            return QuantumEngineServiceGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(self.address))

        return open_engine(project_id, timeout_seconds, {"transport": transport})

    def asked(self, method: str) -> list[Any]:
        """Lists the requests of one method."""
        return [request for name, request in self.requests if name == method]

    # requests

    def _handlers(self) -> Any:
        handlers = {
            method: grpc.unary_unary_rpc_method_handler(
                self._handler(method),
                request_deserializer=getattr(messages, f"{method}Request").deserialize,
                response_serializer=Empty.SerializeToString if answer is Empty else answer.serialize,
            )
            for method, answer in _ANSWERS.items()
        }
        return grpc.method_handlers_generic_handler(_SERVICE, handlers)

    def _handler(self, method: str) -> Callable[[Any, Any], Any]:
        answer = getattr(self, "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower())

        def handle(request: Any, context: Any) -> Any:
            self.requests.append((method, request))
            fault = self._fault(method)
            if fault and not fault.after:
                self._raise(fault, context)
            try:
                with self._lock:
                    answered = answer(request)
            except _RefusalError as refusal:
                context.abort(refusal.code, str(refusal))
            if fault:
                self._raise(fault, context)
            return answered

        return handle

    def _fault(self, method: str) -> Fault | None:
        fault = self.faults.get(method)
        if fault is None or fault.times < 1:
            return None
        if fault.skipped:
            fault.skipped -= 1
            return None
        fault.times -= 1
        return fault

    def _raise(self, fault: Fault, context: Any) -> None:
        self.release.wait(fault.slow_seconds)
        if fault.code is not grpc.StatusCode.OK:
            context.abort(fault.code, fault.message)

    # programs and jobs

    def _create_quantum_program(self, request: Any) -> Any:
        return _new(self.programs, request.quantum_program)

    def _get_quantum_program(self, request: Any) -> Any:
        return _known(self.programs, request.name)

    def _delete_quantum_program(self, request: Any) -> Any:
        _known(self.programs, request.name)
        own = [name for name in self.jobs if name.startswith(request.name + "/")]
        if own and not request.delete_jobs:
            raise _RefusalError(grpc.StatusCode.FAILED_PRECONDITION, "the program has jobs")
        del self.programs[request.name]
        for name in own:
            del self.jobs[name]
            self.results.pop(name, None)
        return Empty()

    def _create_quantum_job(self, request: Any) -> Any:
        _known(self.programs, request.parent)
        job = _new(self.jobs, request.quantum_job)
        job.execution_status.state = State.READY
        return job

    def _get_quantum_job(self, request: Any) -> Any:
        return self._moved_on(_known(self.jobs, request.name))

    def _list_quantum_jobs(self, request: Any) -> Any:
        wanted = [job for job in self.jobs.values() if _fits(job, request.filter)]
        start = int(request.page_token or 0)
        page = [self._moved_on(job) for job in wanted[start : start + self.page_size]]
        more = str(start + self.page_size) if start + self.page_size < len(wanted) else ""
        return messages.ListQuantumJobsResponse(jobs=page, next_page_token=more)

    def _cancel_quantum_job(self, request: Any) -> Any:
        job = _known(self.jobs, request.name)
        if job.execution_status.state in _ENDED:
            raise _RefusalError(grpc.StatusCode.FAILED_PRECONDITION, "the job has ended")
        self._end(job, State.CANCELLED)
        return Empty()

    def _get_quantum_result(self, request: Any) -> Any:
        return _known(self.results, request.parent)

    def _moved_on(self, job: Any) -> Any:
        """Lets a job run when it is looked at: queued, then running, then done."""
        if self.held:
            return job
        match job.execution_status.state:
            case State.READY:
                job.execution_status.state = State.RUNNING
                job.update_time = datetime.now(UTC)
                if self.keeps_timing:
                    job.execution_status.timing.started_time = datetime.now(UTC)
            case State.RUNNING if self.failure:
                code = quantum.ExecutionStatus.Failure.Code.SYSTEM_ERROR
                job.execution_status.failure = {"error_code": code, "error_message": self.failure}
                self._end(job, State.FAILURE)
            case State.RUNNING:
                self._run(job)
        return job

    def _run(self, job: Any) -> None:
        program = self.programs[job.name.partition("/jobs/")[0]]
        circuit = cirq_google.CIRCUIT_SERIALIZER.deserialize(util.unpack_any(program.code, v2.program_pb2.Program()))
        context = util.unpack_any(job.run_context, v2.run_context_pb2.RunContext())
        processor = job.scheduling_config.processor_selector.processor
        machine = self._machines[processor.rpartition("/")[2]]
        ran = machine.run_sweep(circuit, repetitions=context.parameter_sweeps[0].repetitions).results()
        result = v2.results_to_proto([ran], v2.find_measurements(circuit))
        self.results[job.name] = quantum.QuantumResult(parent=job.name, result=util.pack_any(result))
        job.execution_status.processor_name = processor
        self._end(job, State.SUCCESS)

    def _end(self, job: Any, state: Any) -> None:
        job.execution_status.state = state
        job.update_time = datetime.now(UTC)
        if self.keeps_timing:
            job.execution_status.timing.completed_time = job.update_time

    # processors

    def _list_quantum_processors(self, request: Any) -> Any:
        if request.parent != f"projects/{self.project}":
            raise _RefusalError(grpc.StatusCode.PERMISSION_DENIED, f"no access to {request.parent}")
        found = [self._processor(name) for name in self.processors]
        return messages.ListQuantumProcessorsResponse(processors=found)

    def _get_quantum_processor(self, request: Any) -> Any:
        name = request.name.rpartition("/")[2]
        if name not in self.processors:
            raise _RefusalError(grpc.StatusCode.NOT_FOUND, f"no processor {name}")
        return self._processor(name)

    def _processor(self, name: str) -> Any:
        return quantum.QuantumProcessor(
            name=f"projects/{self.project}/processors/{name}",
            health=quantum.QuantumProcessor.Health[self.health],
            expected_recovery_time=datetime.now(UTC) + timedelta(hours=2) if self.health == "DOWN" else None,
            device_spec=util.pack_any(self._machines[name].get_device_specification()),
            activity_stats=None if self.waiting is None else {"active_jobs_count": self.waiting},
            default_device_config_key={"run": "current", "config_alias": "default"},
        )

    def _get_quantum_calibration(self, request: Any) -> Any:
        calibration = self._machines[request.name.split("/")[3]].get_current_calibration()
        proto = calibration.to_proto()
        proto.timestamp_ms = calibration.timestamp
        return quantum.QuantumCalibration(name=request.name, data=util.pack_any(proto))


def _noisy_machine(name: str) -> Any:
    # By default the SDK takes qsim, whose threads spin, and seeds it from numpy's global generator.
    seed = np.random.RandomState(secrets.randbits(32))
    engine = cirq_google.engine.create_default_noisy_quantum_virtual_machine(
        name, simulator_class=cirq.DensityMatrixSimulator, seed=seed
    )
    return engine.get_processor(name)


class _RefusalError(Exception):
    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def _new(entries: dict[str, Any], entry: Any) -> Any:
    if entry.name in entries:
        raise _RefusalError(grpc.StatusCode.ALREADY_EXISTS, f"{entry.name} exists")
    entry.create_time = entry.update_time = datetime.now(UTC)
    entries[entry.name] = entry
    return entry


def _known(entries: dict[str, Any], name: str) -> Any:
    if name not in entries:
        raise _RefusalError(grpc.StatusCode.NOT_FOUND, f"no {name}")
    return entries[name]


def _fits(job: Any, conditions: str) -> bool:
    """Reads the filter language as far as the client writes it."""
    return all(_fits_one(job, condition) for condition in conditions.split(" AND ") if condition)


def _fits_one(job: Any, condition: str) -> bool:
    if since := re.fullmatch(r"create_time >= (\d+)", condition):
        return bool(job.create_time.timestamp() >= int(since[1]))
    label = re.fullmatch(r"labels\.(\w+):(.+)", condition)
    assert label, f"a filter that this service does not know: {condition}"
    return label[1] in job.labels and label[2] in ("*", job.labels[label[1]])
