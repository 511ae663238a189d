"""The tasks of the loopback Braket: made once for each client token, run on the SDK's simulator, stored in S3."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from braket.default_simulator import StateVectorSimulator
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program
from braket.task_result import GateModelTaskResult, ProgramSetTaskResult

from services.braket_catalogue import ACCOUNT, Catalogue, ServiceError
from services.braket_storage import Storage

__all__ = ["ServiceError", "Task", "Tasks"]

_STEPS = ("CREATED", "QUEUED", "RUNNING", "COMPLETED")
_ENDS = ("COMPLETED", "FAILED", "CANCELLED")
_VALIDATED_SHOTS = 500
_TURN = threading.Lock()


@dataclass
class Task:
    """A task and what it measured: one table a circuit, shape (shots, qubits), with its qubits."""

    arn: str
    region: str
    request: dict[str, Any]
    status: str = "CREATED"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    reason: str | None = None
    measured: list[tuple[tuple[int, ...], npt.NDArray[np.uint8]]] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """The S3 folder of the results."""
        return f"{self.request['outputS3KeyPrefix']}/{self.arn.rpartition('/')[2]}"


class Tasks:
    """Every task ever made.

    `ends` is how the next tasks end, `stepping` whether a look moves a task on, `probabilities_only`
    whether results leave the shots out, and `inline` whether a program set's results are one object.
    `milliseconds` is what a simulator says that it took.
    """

    def __init__(self, catalogue: Catalogue, storage: Storage) -> None:
        self._catalogue = catalogue
        self._storage = storage
        self._by_token: dict[str, Task] = {}
        self._lock = threading.RLock()
        self.all: dict[str, Task] = {}
        self.ends = "COMPLETED"
        self.stepping = True
        self.probabilities_only = False
        self.inline = False
        self.milliseconds = 40

    def create(self, request: dict[str, Any], region: str) -> str:
        """Makes a task, or finds the one of the same client token."""
        with self._lock:
            arn = request["deviceArn"]
            self._catalogue.device(arn, region)
            if self._catalogue.status[arn] != "ONLINE":
                raise ServiceError(424, "DeviceOfflineException", f"Device {arn} is offline.")
            if request["outputS3Bucket"] not in self._storage.buckets:
                raise ServiceError(400, "ValidationException", "The S3 bucket does not exist.")
            if found := self._by_token.get(request["clientToken"]):
                return found.arn
            if float(self._catalogue.spent.get(arn, "0")) >= 100:
                raise ServiceError(400, "ValidationException", "The task exceeds the spending limit of the device.")
            name = f"arn:aws:braket:{region}:{ACCOUNT}:quantum-task/{uuid.uuid4()}"
            task = self.all[name] = self._by_token[request["clientToken"]] = Task(name, region, request)
            return task.arn

    def look_at(self, arn: str) -> dict[str, Any]:
        """Describes a task, as GetQuantumTask does."""
        task = self.task(arn)
        if self.stepping:
            self.step(task)
        queue = {"queue": "QUANTUM_TASKS_QUEUE", "position": "2" if task.status == "QUEUED" else "None"}
        reason = {"failureReason": task.reason} if task.reason else {}
        return _summary(task) | reason | {"deviceParameters": "{}", "queueInfo": queue}

    def search(self, request: dict[str, Any], region: str) -> dict[str, Any]:
        """Lists the tasks of a region that fit every filter, as SearchQuantumTasks does."""
        fitting = [
            task
            for task in list(self.all.values())
            if task.region == region and _fits(_summary(task), request["filters"])
        ]
        start, size = int(request.get("nextToken", "0")), request.get("maxResults", 10)
        if self.stepping:
            for task in fitting[start : start + size]:
                self.step(task)
        page = {"quantumTasks": [_summary(task) for task in fitting[start : start + size]]}
        return page | ({"nextToken": str(start + size)} if start + size < len(fitting) else {})

    def cancel(self, arn: str) -> None:
        """Cancels a task, as CancelQuantumTask does."""
        task = self.task(arn)
        if task.status in _ENDS:
            raise ServiceError(409, "ConflictException", f"Task is {task.status}.")
        task.status = "CANCELLING"

    def task(self, arn: str) -> Task:
        """Finds a task."""
        if arn not in self.all:
            raise ServiceError(404, "ResourceNotFoundException", f"Quantum task {arn} is not found.")
        return self.all[arn]

    def step(self, task: Task) -> None:
        """Moves a task on by one state."""
        with self._lock:
            if task.status in _ENDS:
                return
            if task.status == "CANCELLING":
                task.status = "CANCELLED"
            else:
                following = _STEPS[_STEPS.index(task.status) + 1]
                task.status = self.ends if following == "COMPLETED" else following
            if task.status in _ENDS:
                task.ended = datetime.now(UTC)
                task.reason = "The device was lost." if task.status == "FAILED" else None
            if task.status == "COMPLETED":
                self._run(task)

    def finish(self, task: Task) -> None:
        """Moves a task on to its end."""
        while task.status not in _ENDS:
            self.step(task)

    def _run(self, task: Task) -> None:
        action, shots = json.loads(task.request["action"]), task.request["shots"]
        programs = action.get("programs", [action])
        task.measured = [_measure(program["source"], shots // len(programs)) for program in programs]
        if "programs" in action:
            self._store_set(task, programs)
        else:
            self._store(task, action)

    def _store(self, task: Task, action: dict[str, Any]) -> None:
        (one,) = task.measured
        simulator = (
            {"simulatorMetadata": {"executionDuration": self.milliseconds}} if "simulator" in _device(task) else {}
        )
        result = self._outcomes(one) | {
            "braketSchemaHeader": {"name": "braket.task_result.gate_model_task_result", "version": "1"},
            "taskMetadata": _metadata(task) | {"shots": task.request["shots"]},
            "additionalMetadata": {"action": action} | simulator,
        }
        if len(one[1]) <= _VALIDATED_SHOTS:
            GateModelTaskResult.parse_obj(result)
        self._put(task, "results.json", result)

    def _store_set(self, task: Task, programs: list[dict[str, Any]]) -> None:
        results = []
        for program, one in zip(programs, task.measured, strict=True):
            header = {"name": "braket.task_result.program_set_executable_result", "version": "1"}
            executable = self._outcomes(one) | {"braketSchemaHeader": header, "inputsIndex": 0}
            header = {"name": "braket.task_result.program_result", "version": "1"}
            result = {"braketSchemaHeader": header, "executableResults": [executable], "source": program}
            results.append(result | {"additionalMetadata": {"action": program}})
        metadata = _metadata(task) | {
            "braketSchemaHeader": {"name": "braket.task_result.program_set_task_metadata", "version": "1"},
            "requestedShots": task.request["shots"],
            "successfulShots": task.request["shots"],
            "programMetadata": [{"executables": [{}]} for _ in programs],
            "totalFailedExecutables": 0,
        }
        header = {"name": "braket.task_result.program_set_task_result", "version": "1"}
        whole = {"braketSchemaHeader": header, "programResults": results, "taskMetadata": metadata}
        ProgramSetTaskResult.parse_obj(whole)
        self._put(task, "results.json", whole if self.inline else self._in_pieces(task, whole))

    def _in_pieces(self, task: Task, whole: dict[str, Any]) -> dict[str, Any]:
        for index, result in enumerate(whole["programResults"]):
            self._put(task, f"programs/{index}/executables/0.json", result["executableResults"][0])
            self._put(task, f"programs/{index}/results.json", result | {"executableResults": ["executables/0.json"]})
        self._put(task, "metadata.json", whole["taskMetadata"])
        paths = [f"programs/{index}/results.json" for index in range(len(whole["programResults"]))]
        location = [task.request["outputS3Bucket"], task.folder]
        return whole | {"programResults": paths, "taskMetadata": "metadata.json", "s3Location": location}

    def _outcomes(self, one: tuple[tuple[int, ...], npt.NDArray[np.uint8]]) -> dict[str, Any]:
        qubits, table = one
        if not self.probabilities_only:
            return {"measurements": table.tolist(), "measuredQubits": list(qubits)}
        rows, counts = np.unique(table, axis=0, return_counts=True)
        chances = {"".join(map(str, row)): count / len(table) for row, count in zip(rows, counts.tolist(), strict=True)}
        return {"measurementProbabilities": chances, "measuredQubits": list(qubits)}

    def _put(self, task: Task, name: str, content: dict[str, Any]) -> None:
        self._storage.put(task.request["outputS3Bucket"], f"{task.folder}/{name}", json.dumps(content).encode())


def _measure(source: str, shots: int) -> tuple[tuple[int, ...], npt.NDArray[np.uint8]]:
    with _TURN:
        result = LocalSimulator(StateVectorSimulator()).run(Program(source=source), shots=shots).result()
    return tuple(result.measured_qubits), result.measurements.astype(np.uint8)


def _device(task: Task) -> str:
    return str(task.request["deviceArn"])


def _metadata(task: Task) -> dict[str, Any]:
    header = {"name": "braket.task_result.task_metadata", "version": "1"}
    return {"braketSchemaHeader": header, "id": task.arn, "deviceId": _device(task), "status": task.status}


def _summary(task: Task) -> dict[str, Any]:
    ended = {"endedAt": _stamp(task.ended)} if task.ended else {}
    return ended | {
        "quantumTaskArn": task.arn,
        "status": task.status,
        "deviceArn": _device(task),
        "shots": task.request["shots"],
        "outputS3Bucket": task.request["outputS3Bucket"],
        "outputS3Directory": task.folder,
        "createdAt": _stamp(task.created),
        "tags": task.request.get("tags", {}),
    }


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def _fits(task: dict[str, Any], filters: list[dict[str, Any]]) -> bool:
    for one in filters:
        name, tag = one["name"], one["name"].removeprefix("tags:")
        if one["operator"] != "EQUAL" or len(one["values"]) > 10:
            raise ServiceError(400, "ValidationException", "filter not understood")
        if (task[name] if tag == name else task["tags"].get(tag)) not in one["values"]:
            return False
    return True
