"""Tasks of Braket and the hub's jobs: states, times, keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from qrng_hub.records import Job, JobSpec, JobState

KEY_TAG = "qrng-hub-key"
ADDRESS_TAG = "qrng-hub-address"
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


def tags_of(spec: JobSpec) -> dict[str, str]:
    """Returns the tags of a job's task: its key and its address."""
    return {KEY_TAG: spec.key, ADDRESS_TAG: spec.address}


def job_of(task: Mapping[str, Any], spec: JobSpec) -> Job:
    """Makes the job of a task found by its key, as if it had just been submitted."""
    return Job(spec=spec, vendor_id=task["quantumTaskArn"], state=JobState.QUEUED, queued_utc=utc(task["createdAt"]))


def utc(when: datetime | None) -> datetime | None:
    """Returns a time in UTC; one without a zone is taken to be."""
    return when and (when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC))
