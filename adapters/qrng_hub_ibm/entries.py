"""A job as IBM's service lists it, in the hub's words; asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from qrng_hub.records import Job, JobSpec, JobState

#: every job of the hub bears this tag, and a second one of its own
HUB_TAG = "qrng-hub"
_RAN_TOO_LONG = 1305
#: more seconds since 1970 than this are milliseconds
_MILLISECONDS = 1e11
_STATES = {
    "QUEUED": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "COMPLETED": JobState.DONE,
    "FAILED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
}


def tag_of(key: str) -> str:
    """Makes the tag by which a job is found again under its idempotency key."""
    return f"{HUB_TAG}:{key}"


def state_of(entry: Mapping[str, Any]) -> JobState:
    """Reads the state; a word that IBM never used before is UNKNOWN, and a job that ran too long has failed."""
    state = entry.get("state") or {}
    status = str(state.get("status") or entry.get("status") or "").upper()
    if status.startswith("CANCELLED") and (_reason_code(state) == _RAN_TOO_LONG or status != "CANCELLED"):
        return JobState.FAILED
    return _STATES.get(status, JobState.UNKNOWN)


def message_of(entry: Mapping[str, Any]) -> str:
    """Reads why a job ended as it did, with IBM's code where there is one."""
    state = entry.get("state") or {}
    status = str(state.get("status") or entry.get("status") or "")
    reason, code = str(state.get("reason") or ""), _reason_code(state)
    if not reason and state_of(entry) is JobState.FAILED:
        reason = status
    return f"error {code}: {reason}" if code else reason


def original(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Picks the job that counts of those made under one key: the first that was not cancelled, or the first."""
    ordered = sorted(entries, key=lambda entry: (str(entry.get("created", "")), str(entry["id"])))
    alive = (entry for entry in ordered if state_of(entry) is not JobState.CANCELLED)
    return next(alive, ordered[0] if ordered else None)


def job_of(spec: JobSpec, entry: Mapping[str, Any]) -> Job:
    """Makes the record of a job that was just found or made."""
    return Job(
        spec=spec,
        vendor_id=str(entry["id"]),
        state=JobState.QUEUED,
        queued_utc=utc(entry.get("created")),
        stamps="vendor",
    )


def seen(job: Job, entry: Mapping[str, Any], now: datetime) -> Job:
    """Brings a job up to date with its entry, looked at `now`: when it began to run and ended is not in there."""
    state, queued = state_of(entry), utc(entry.get("created")) or job.queued_utc
    update: dict[str, Any] = {"state": state, "message": message_of(entry), "queued_utc": queued}
    observed = max(now, queued or now)
    if state is JobState.RUNNING:
        update |= {"running_utc": job.running_utc or observed, "stamps": "observed"}
    if state.finished:
        update |= {"finished_utc": job.finished_utc or observed, "stamps": "observed"}
    return job.model_copy(update=update)


def stamped(job: Job, metrics: Mapping[str, Any]) -> Job:
    """Replaces the times of a job that ended by IBM's own, where it gives them."""
    stamps = metrics.get("timestamps") or {}
    names = {"queued_utc": "created", "running_utc": "running", "finished_utc": "finished"}
    times = {field: utc(stamps.get(name)) for field, name in names.items()}
    return job.model_copy(update={"stamps": "vendor", **times}) if times["queued_utc"] else job


def _reason_code(state: Mapping[str, Any]) -> int | None:
    return state.get("reason_code") or state.get("reasonCode")


def utc(stamp: object) -> datetime | None:
    """Reads a time of IBM's, in UTC whether or not it says so, or (milli)seconds since 1970; None if it is no time."""
    if not stamp:
        return None
    if isinstance(stamp, int | float) or str(stamp).isdecimal():
        seconds = float(str(stamp))
        return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
    try:
        at = datetime.fromisoformat(str(stamp))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
