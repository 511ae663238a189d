"""What is on record of certified runs: their terms before each, how each ended, and which settings were used.

The ledger is what keeps a run from being repeated until it passes: every run that was begun counts as an attempt on its
backend until one is accepted, whether it missed its threshold, failed or was never heard of again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from qrng_hub import policy
from qrng_hub.bits import Packed
from qrng_hub.errors import CertificateMissedError, LedgerError
from qrng_hub.ledger import Ledger
from qrng_hub.protocols import BitRange, Chances, FileBits, Mermin, OperatingSystemBits, Work
from qrng_hub.records import OPERATING_SYSTEM, Job, JobSpec, LedgerEvent, MerminOptions, Request, RunTerms

BEGUN, REACHED, MISSED = "certificate.begun", "certificate.reached", "certificate.missed"
_DRAWN = "settings.drawn"


def begun(ledger: Ledger, request: Request, address: str, key: str, make: Callable[[Chances], Work]) -> Work:
    """Makes the work of a job; the terms of a certified run, and the settings that it uses up, are then on record.

    Of runs that begin at once each is an attempt of its own: one that finds another on record before it begins anew.
    Raises as `make` does.
    """
    options = request.certificate
    if options is None:
        return make(Chances.first())
    subject = _subject(request, address)
    while True:
        runs = ledger.events(subject)
        work = _with_settings(ledger, options.settings, candidates_of(request), attempt_after(runs), make)
        if work.terms is None:
            return work
        second = None if work.second is None else work.second.model_dump(mode="json")
        detail = {"job": key, "terms": work.terms.model_dump(mode="json"), "second": second}
        if ledger.record_next(len(runs), BEGUN, subject, detail):
            return work


def rehearsed(request: Request) -> Chances:
    """Returns what a run may use that is only checked: settings are read from its file, and none are used up."""
    options = request.certificate
    if options is None or options.settings == OPERATING_SYSTEM:
        return Chances(OperatingSystemBits(), candidates_of(request))
    return Chances(FileBits(Path(options.settings).resolve(), 0), candidates_of(request))


def candidates_of(request: Request) -> int:
    """Counts the backends that may be tried for a request: every one has a part of epsilon."""
    eligible = policy.eligible(request)
    stand_ins = {one.address for candidate in eligible for one in policy.stand_ins(request, candidate)}
    return max(1, len(stand_ins | {one.address for one in eligible}))


def attempt_after(runs: Sequence[LedgerEvent]) -> int:
    """Counts the runs on a backend that were begun since the last one that was accepted, the next one included."""
    kinds = [event.kind for event in runs if event.kind in (BEGUN, REACHED)]
    since = kinds[len(kinds) - kinds[::-1].index(REACHED) :] if REACHED in kinds else kinds
    return 1 + len(since)


def terms_of_run(ledger: Ledger, request: Request, spec: JobSpec) -> tuple[RunTerms, Packed | None]:
    """Reads the terms of a run as they were put on record, and the bits of a second source, if it takes any.

    Raises `LedgerError` if there are none.
    """
    for event in ledger.events(_subject(request, spec.address)):
        if event.kind == BEGUN and event.detail["job"] == spec.key:
            terms = RunTerms.model_validate(event.detail["terms"])
            return terms, _second(terms, event.detail["second"])
    raise LedgerError(f"job {spec.key} is not on record as a certified run: nothing can be certified of it")


def ended(ledger: Ledger, request: Request, job: Job, error: CertificateMissedError | None) -> None:
    """Puts on record how a run ended."""
    detail = {"job": job.spec.key, "reason": "" if error is None else str(error)}
    ledger.record_event(REACHED if error is None else MISSED, _subject(request, job.spec.address), detail)


def _with_settings(
    ledger: Ledger, settings: str, candidates: int, attempt: int, make: Callable[[Chances], Work]
) -> Work:
    """Makes the work with settings of the operating system, or of a file, of which they are then used up."""
    if settings == OPERATING_SYSTEM:
        return make(Chances(OperatingSystemBits(), candidates, attempt))
    path = Path(settings).resolve()
    subject = f"settings/{path}"
    while True:
        drawn = ledger.events(subject)
        ends = [event.detail["end"] for event in drawn if event.kind == _DRAWN]
        source = FileBits(path, max((end for end in ends if isinstance(end, int)), default=0))
        work = make(Chances(source, candidates, attempt))
        if ledger.record_next(len(drawn), _DRAWN, subject, source.used.model_dump(mode="json")):
            return work


def _second(terms: RunTerms, kept: object) -> Packed | None:
    """Draws the bits of the second source from the operating system, or reads those that were set aside."""
    if kept is not None:
        return BitRange.model_validate(kept).read()
    if not isinstance(terms.options, MerminOptions):
        return None
    return np.packbits(OperatingSystemBits().take(Mermin().second_bits(terms)))


def _subject(request: Request, address: str) -> str:
    return f"{request.protocol}@{address}"
