"""What to say of a job that has no outcomes, or of an answer about it that makes no sense."""

from __future__ import annotations

from collections.abc import Callable

from qrng_hub.errors import JobCancelledError, JobError, JobFailedError, JobNotFoundError, QRNGError
from qrng_hub.records import Job, JobState


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
