"""What to say of a job that has no outcomes, or of an answer about it that makes no sense."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from qrng_hub.errors import (
    JobCancelledError,
    JobError,
    JobFailedError,
    JobNotFoundError,
    QRNGError,
    RateLimitedError,
)
from qrng_hub.records import Job, JobState

Group = TypeVar("Group", bound=Hashable)


def no_outcomes(job: Job) -> JobError:
    """Makes the error for a job without outcomes: why there are none."""
    where = f"job {job.vendor_id} on {job.spec.address}"
    match job.state:
        case JobState.FAILED:
            return JobFailedError(f"{where} failed: {job.message or 'no reason given'}")
        case JobState.CANCELLED:
            return JobCancelledError(f"{where} was cancelled")
        case JobState.UNKNOWN:
            return JobNotFoundError(f"{where}: {job.message or 'its state is not understood'}")
        case _:
            return JobError(f"{where} was not done when asked for, and is {job.state} now: collect it when it is done")


def understood(job: Job, read: Callable[[], Job]) -> Job:
    """Returns what `read` makes of a vendor's answer about a job; UNKNOWN if it can make nothing of it.

    One answer that makes no sense must not keep the others from being read. The hub's own errors pass.
    """
    try:
        return read()
    except QRNGError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever there is in the answer
        message = f"the vendor's answer is not understood: {type(error).__name__}: {error}"
        return job.model_copy(update={"state": JobState.UNKNOWN, "message": message})


def looked_at(jobs: Sequence[Job], look: Callable[[Job], Job]) -> tuple[Job, ...]:
    """Looks at each job in turn; one that cannot be looked at is UNKNOWN, and its message says why.

    Once the vendor asks to slow down, the rest wait for the next poll. Raises the first error if no look succeeds.
    """
    return looked_at_together(jobs, lambda job: job.spec.key, lambda own: (look(own[0]),), slow_down=True)


def looked_at_together(
    jobs: Sequence[Job],
    group_of: Callable[[Job], Group],
    look: Callable[[Sequence[Job]], Sequence[Job]],
    *,
    slow_down: bool = False,
) -> tuple[Job, ...]:
    """Looks at the jobs of each group in one call; the jobs of a group that cannot be looked at are UNKNOWN.

    Raises the first error if no look succeeds; `slow_down` passes over the groups after a `RateLimitedError`.
    """
    groups: dict[Group, list[Job]] = {}
    for job in jobs:
        groups.setdefault(group_of(job), []).append(job)
    seen: dict[str, Job] = {}
    errors: list[QRNGError] = []
    for own in groups.values():
        try:
            if slow_down and errors and isinstance(errors[-1], RateLimitedError):
                raise errors[-1]
            seen |= {job.spec.key: job for job in look(own)}
        except QRNGError as error:
            errors.append(error)
            seen |= {job.spec.key: unseen(job, error) for job in own}
    if errors and len(errors) == len(groups):
        raise errors[0]
    return tuple(seen[job.spec.key] for job in jobs)


def unseen(job: Job, error: QRNGError) -> Job:
    """Returns a job that could not be looked at; one that is finished stays so."""
    state = job.state if job.state.finished else JobState.UNKNOWN
    return job.model_copy(update={"state": state, "message": f"it could not be looked at: {error}"})
