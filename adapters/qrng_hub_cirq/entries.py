"""A job as Google's service lists it (a `QuantumJob`), in the hub's words; asks nobody."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from qrng_hub.records import Job, JobSpec, JobState

#: every job of the hub bears this label, and a second one with its key
HUB_LABEL = "qrng_hub"
_KEY_LABEL = "qrng_hub_key"
_STATES = {
    "READY": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "SUCCESS": JobState.DONE,
    "FAILURE": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
}


def _word(key: str) -> str:
    """Returns a key as it is if an id and a label may hold it, or else its digest."""
    return key if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,49}", key) else sha256(key.encode()).hexdigest()[:40]


def id_of(key: str) -> str:
    """Makes the id of a program and of its job from an idempotency key: one key, one job."""
    return f"qrng-hub-{_word(key)}"


def labels_of(key: str) -> dict[str, str]:
    """Makes the labels of a program and of its job."""
    return {HUB_LABEL: "job", _KEY_LABEL: _word(key)}


def id_in(entry: Any) -> str:
    """Reads the id of a listed job."""
    return str(entry.name).rpartition("/")[2]


def state_of(entry: Any) -> JobState:
    """Reads the state; one that is neither waiting, running nor the end, such as CANCELLING, is UNKNOWN."""
    return _STATES.get(entry.execution_status.state.name, JobState.UNKNOWN)


def message_of(entry: Any) -> str:
    """Reads why a job ended as it did, or the state's own name where it is not understood."""
    status = entry.execution_status
    match state_of(entry):
        case JobState.FAILED:
            return f"{status.failure.error_code.name}: {status.failure.error_message}"
        case JobState.UNKNOWN:
            return f"Google says {status.state.name}"
    return ""


def job_of(spec: JobSpec, name: str, created: datetime | None) -> Job:
    """Makes the record of a job that was just found or made; the name is that of its resource."""
    return Job(spec=spec, vendor_id=name, state=JobState.QUEUED, queued_utc=_utc(created), stamps="vendor")


def found(spec: JobSpec, entry: Any) -> Job:
    """Makes the record of a job that was just found."""
    return job_of(spec, str(entry.name), entry.create_time)


def seen(job: Job, entry: Any, now: datetime) -> Job:
    """Brings a job up to date with its entry, looked at `now`.

    The service may say when a job began and ended. If not, a job is taken to begin when it was first
    seen running, and to end when its entry was last changed; the times then count as observed.
    """
    state, timing = state_of(entry), entry.execution_status.timing
    started, ended = _utc(timing.started_time), _utc(timing.completed_time)
    queued = _utc(entry.create_time) or job.queued_utc
    running = _not_before(queued, started or job.running_utc or (now if state is JobState.RUNNING else None))
    finished = _not_before(running or queued, (ended or _utc(entry.update_time) or now) if state.finished else None)
    told = (started or not running) and (ended or not finished)
    return job.model_copy(
        update={
            "state": state,
            "message": message_of(entry),
            "queued_utc": queued,
            "running_utc": running,
            "finished_utc": finished,
            "stamps": "vendor" if told else "observed",
        }
    )


def _not_before(earlier: datetime | None, at: datetime | None) -> datetime | None:
    """Keeps times in order that two clocks have told."""
    return max(earlier, at) if earlier and at else at


def _utc(at: datetime | None) -> datetime | None:
    """Reads a time of the service, which is UTC, as a plain datetime."""
    return datetime.fromtimestamp(at.timestamp(), UTC) if at else None
