"""After a crash: asks the vendors about every job the ledger has as unfinished, and submits none.

A job whose submission was never answered is looked for by its idempotency key. It is adopted if the
vendor has it, and closed if the vendor does not have it some time after; before that, or if the
vendor cannot be asked, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from qrng_hub.adapter import Adapter
from qrng_hub.clock import Clock
from qrng_hub.errors import QRNGError
from qrng_hub.ledger import Ledger
from qrng_hub.policy import GRACE
from qrng_hub.purging import purge_deferred
from qrng_hub.records import Job, JobState, Record
from qrng_hub.registry import Registry


class Reconciled(Record):
    """What became of one unfinished job; `decided` is False if its fate is still open."""

    key: str
    address: str
    vendor_id: str
    before: JobState
    after: JobState
    decided: bool
    note: str


def reconcile(registry: Registry, ledger: Ledger, clock: Clock) -> tuple[Reconciled, ...]:
    """Asks each vendor once about all of its unfinished jobs and records what it says."""
    jobs = sorted(ledger.unfinished(), key=_adapter_name)
    results: list[Reconciled] = []
    for name, group in groupby(jobs, key=_adapter_name):
        own = list(group)
        try:
            adapter = registry.adapter(name)
            others = list(_of_other_accounts(adapter, ledger, own))
            results += others
            left_alone = {result.key for result in others}
            own = [job for job in own if job.spec.key not in left_alone]
            results += _known(adapter, ledger, [job for job in own if job.vendor_id])
            results += _unanswered(adapter, ledger, [job for job in own if not job.vendor_id], clock.now())
        except QRNGError as error:
            seen, note = {result.key for result in results}, f"the vendor cannot be asked: {error}"
            results += (_result(job, job, note, decided=False) for job in own if job.spec.key not in seen)
    return tuple(results)


def _adapter_name(job: Job) -> str:
    return job.spec.address.partition(":")[0]


def _of_other_accounts(adapter: Adapter, ledger: Ledger, jobs: Sequence[Job]) -> Iterator[Reconciled]:
    """Leaves jobs alone that were meant for another account, which these settings cannot ask about."""
    for job in jobs:
        meant = ledger.ledger_job(job.spec.key).account
        name = job.spec.backend_name
        if meant and not adapter.is_own_account(name, meant):
            now = adapter.account(name) or "none"
            note = f"left alone: it was meant for the account {meant}, and these settings are of {now}"
            yield _result(job, job, note, decided=False)


def _known(adapter: Adapter, ledger: Ledger, jobs: Sequence[Job]) -> Iterator[Reconciled]:
    """Records the states of jobs that the vendor once acknowledged; one that was done stays done."""
    for before, after in zip(jobs, adapter.poll(jobs) if jobs else (), strict=True):
        if before.state.finished and not after.state.finished:
            yield _result(before, before, f"its bill stays unknown: {after.message or after.state}", decided=False)
            continue
        if after != before:
            ledger.update(after)
        if before.bill_is_pending and after.state.finished and not after.bill_is_pending:
            purge_deferred(adapter, ledger, after)
        is_known = after.state is not JobState.UNKNOWN
        yield _result(before, after, "as the vendor says" if is_known else after.message, decided=is_known)


def _unanswered(adapter: Adapter, ledger: Ledger, jobs: Sequence[Job], now: datetime) -> Iterator[Reconciled]:
    """Adopts what the vendor has of the jobs whose submission was never answered."""
    found = {job.spec.key: job for job in (adapter.find([job.spec for job in jobs]) if jobs else ())}
    for job in jobs:
        recorded = ledger.ledger_job(job.spec.key).recorded_utc
        if job.spec.key in found:
            ledger.update(found[job.spec.key])
            yield _result(job, found[job.spec.key], "adopted: the vendor has it")
        elif now - recorded < GRACE:
            note = f"not found yet; ask again {GRACE.seconds // 60} minutes after it was recorded"
            yield _result(job, job, note, decided=False)
        else:
            note = "closed: the vendor never got it"
            ledger.close_intent(job.spec.key, JobState.CANCELLED, note)
            yield _result(job, job.model_copy(update={"state": JobState.CANCELLED}), note)


def _result(before: Job, after: Job, note: str, *, decided: bool = True) -> Reconciled:
    return Reconciled(
        key=before.spec.key,
        address=before.spec.address,
        vendor_id=after.vendor_id,
        before=before.state,
        after=after.state,
        decided=decided,
        note=note,
    )
