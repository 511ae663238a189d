"""Tasks of Braket and the hub's jobs: states, times, keys."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from qrng_hub.records import Job, JobSpec, JobState
from qrng_hub_braket.names import listed

KEY_TAG = "qrng-hub-key"
ADDRESS_TAG = "qrng-hub-address"
_LABELS_TAG = "qrng-hub-labels-"
_TAG_LENGTH = 256
UNFINISHED = ("CREATED", "QUEUED", "RUNNING", "CANCELLING")
_STATES = {
    "CREATED": JobState.QUEUED,
    "QUEUED": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "COMPLETED": JobState.DONE,
    "FAILED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
}
_TOKEN_LENGTH = 64


def client_token(key: str) -> str:
    """Returns the client token of a job's key: the key, or its SHA-256 where AWS would not take it."""
    fits = 0 < len(key) <= _TOKEN_LENGTH and key.isascii() and key.isprintable()
    return key if fits else hashlib.sha256(key.encode()).hexdigest()


def seen(job: Job, task: Mapping[str, Any], now: datetime) -> Job:
    """Returns a job as a task shows it; `now` is when it was looked at.

    AWS says when a task was made and when it ended. When it began to run is seen only as a change of
    state; a task that was never seen running has no such time.
    """
    state = job.state if task["status"] == "CANCELLING" else _STATES.get(task["status"], JobState.UNKNOWN)
    queued, ended = utc(task["createdAt"]), utc(task.get("endedAt"))
    running = job.running_utc
    if running is None and state is JobState.RUNNING:
        running = now
    if running is not None and queued is not None:
        running = max(queued, min(running, ended or running))
    update = {
        "state": state,
        "queued_utc": queued,
        "running_utc": running,
        "finished_utc": (ended or now) if state.finished else None,
        "message": task.get("failureReason", job.message),
        "usage": {"tasks": Decimal(1), "shots": Decimal(task["shots"])},
    }
    return job.model_copy(update=update)


def tags_of(spec: JobSpec, labels: Sequence[int]) -> dict[str, str]:
    """Returns the tags of a job's task: its key, its address and the device's labels of the qubits it measures.

    The device may number its qubits anew while the task is queued.
    """
    lines = textwrap.wrap(" ".join(map(str, labels)), _TAG_LENGTH)
    numbered = {f"{_LABELS_TAG}{number:02}": line for number, line in enumerate(lines)}
    return {KEY_TAG: spec.key, ADDRESS_TAG: spec.address} | numbered


def labels_of(task: Mapping[str, Any], spec: JobSpec) -> dict[int, int]:
    """Returns the label of each qubit that a job measures, from its task's tags; nothing if they do not say."""
    tags: Mapping[str, str] = task.get("tags") or {}
    lines = [tags[name] for name in sorted(tags) if name.startswith(_LABELS_TAG)]
    measured = sorted({qubit for circuit in spec.circuits for qubit in circuit.measured})
    labels = [int(label) for label in " ".join(lines).split()]
    return dict(zip(measured, labels, strict=True)) if labels else {}


def numbering(labels: Mapping[int, int]) -> str:
    """Says which labels of the device were measured, or nothing where they are the hub's numbers."""
    renumbered = any(qubit != label for qubit, label in labels.items())
    return f"; its qubits {listed(tuple(labels.values()))} were measured" if renumbered else ""


def job_of(task: Mapping[str, Any], spec: JobSpec) -> Job:
    """Makes the job of a task found by its key, as if it had just been submitted."""
    return Job(spec=spec, vendor_id=task["quantumTaskArn"], state=JobState.QUEUED, queued_utc=utc(task["createdAt"]))


def utc(when: datetime | None) -> datetime | None:
    """Returns a time in UTC; one without a zone is taken to be."""
    return when and (when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC))
