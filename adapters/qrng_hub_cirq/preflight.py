"""What is looked at before a run on Google's processors; spends nothing and raises nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qrng_hub.errors import QRNGError
from qrng_hub.records import Availability, Backend, Check


def project(name: str | None, list_processors: Callable[[], Sequence[str]]) -> Check:
    """Checks that the credentials are accepted for the project, and that it sees processors."""
    subject = "Google project"
    if name is None:
        detail = "none: set adapters.cirq.project_id in the run file, or the environment variable GOOGLE_CLOUD_PROJECT"
        return Check(subject=subject, verdict="failed", detail=detail)
    try:
        processors = list_processors()
    except QRNGError as error:
        return Check(subject=subject, verdict="failed", detail=str(error))
    detail = f"{name}: {len(processors)} processor(s)"
    return Check(subject=subject, verdict="ok" if processors else "warning", detail=detail)


def processor(name: str, describe: Callable[[str], Backend]) -> Check:
    """Checks that a processor runs jobs now."""
    try:
        backend = describe(name)
    except QRNGError as error:
        return Check(subject=f"cirq:{name}", verdict="failed", detail=str(error))
    match backend.availability:
        case Availability.ONLINE:
            detail = f"{backend.description}: online, {backend.pending_jobs} jobs waiting"
            return Check(subject=backend.address, verdict="ok", detail=detail)
        case Availability.OFFLINE:
            detail = f"does not run jobs now: {backend.status_message}"
            return Check(subject=backend.address, verdict="failed", detail=detail)
    return Check(subject=backend.address, verdict="warning", detail=f"may not run jobs now: {backend.status_message}")
