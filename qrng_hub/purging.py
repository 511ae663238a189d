"""Deleting outcomes at the vendor, who could read them there; what became of it is on record."""

from __future__ import annotations

from qrng_hub.adapter import Adapter
from qrng_hub.errors import QRNGError
from qrng_hub.ledger import Ledger
from qrng_hub.records import Job

#: the event of a job whose outcomes are to be deleted as soon as its bill is known
PURGE_DEFERRED = "purge.deferred"


def purge(adapter: Adapter, ledger: Ledger, job: Job) -> bool:
    """Deletes a job's outcomes; returns whether that worked, and records it if not."""
    try:
        adapter.purge(job)
    except QRNGError as error:
        ledger.record_event("purge.failed", job.spec.key, {"reason": str(error)})
        return False
    ledger.record_event("purge.done", job.spec.key, {})
    return True


def purge_deferred(adapter: Adapter, ledger: Ledger, job: Job) -> None:
    """Deletes the outcomes of a job whose bill has come, if they were only kept for that."""
    if any(event.kind == PURGE_DEFERRED for event in ledger.events(job.spec.key)):
        purge(adapter, ledger, job)
