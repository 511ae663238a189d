"""What becomes of finished jobs: processed, counted, kept for a resumption, deleted at the vendor if asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

from qrng_hub.adapter import Adapter
from qrng_hub.clock import Clock
from qrng_hub.errors import (
    CertificateMissedError,
    HealthTestError,
    JobCancelledError,
    JobFailedError,
    JobNotFoundError,
    PolicyStopError,
    QRNGError,
    RunInterruptedError,
    VendorError,
)
from qrng_hub.files import write_private
from qrng_hub.ledger import Ledger
from qrng_hub.protocols import OSSeeds, Recipe, SeedSource, published_readout
from qrng_hub.purging import PURGE_DEFERRED, purge
from qrng_hub.receipts import SourceTally
from qrng_hub.records import Backend, BlockSummary, BlockYield, Finished, Job, JobYield, Request
from qrng_hub.runner import certifying
from qrng_hub.runner.cluster import broke
from qrng_hub.runner.kept import Kept
from qrng_hub.runner.processing import Processing

_LOG = logging.getLogger(__name__)
#: How long to wait before outcomes are asked for again.
_PAUSES = (2.0, 10.0, 60.0)


class Begun(NamedTuple):
    """A job that is being processed: `result` waits for what it gave, `done` says whether it would have to wait."""

    result: Callable[[], JobYield]
    done: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes what the jobs of one request gave."""

    ledger: Ledger
    request: Request
    draw_id: str
    processing: Processing
    clock: Clock
    kept: Kept | None = None
    """Where what jobs gave is kept until a run is delivered, if the run can be resumed."""
    seeds: SeedSource = field(default_factory=OSSeeds)
    stop: threading.Event = field(default_factory=threading.Event)
    """Is set once the draw is to end."""
    _digests: set[str] = field(default_factory=set)
    _failed_last: set[str] = field(default_factory=set)
    _backends: dict[str, Backend] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, adapter: Adapter, finished: Finished, *others: Finished) -> Begun:
        """Begins to collect and process a job, or with the others a run of several."""
        known = self.kept.load(finished.job.spec.key) if self.kept else None
        if known:
            return Begun(lambda: known, lambda: True)
        run = (finished, *others)
        attempt = self._start(adapter, run)
        return Begun(lambda: self._wait(adapter, run, attempt), attempt.done)

    def _start(self, adapter: Adapter, run: Sequence[Finished]) -> Future[BlockYield]:
        try:
            return self.processing.start(adapter, [one.job for one in run], self._recipe(adapter, run[0].job))
        except QRNGError as error:
            failed: Future[BlockYield] = Future()
            failed.set_exception(error)
            return failed

    def _wait(self, adapter: Adapter, run: Sequence[Finished], attempt: Future[BlockYield]) -> JobYield:
        """Waits for what a run gave, and reads it again if anything went wrong in that: it is paid for."""
        finished, *others = run
        for pause in (*_PAUSES, None):
            try:
                given = self._given(finished.job, attempt)
                break
            except (JobFailedError, JobCancelledError):
                raise
            except VendorError as error:
                if pause is None:
                    raise self._unfetched(finished.job, error) from error
                _LOG.warning("what job %s gave is read again in %.0f s: %s", finished.job.vendor_id, pause, error)
                if self.clock.sleep(pause, self.stop):
                    where = f"job {finished.job.vendor_id} on {finished.job.spec.address}"
                    message = f"{where} is done, and what it gave could not be read before the run was stopped: {error}"
                    raise RunInterruptedError(message) from error
                attempt = self._start(adapter, run)
        if (folder := self.processing.raw_folder) is not None:
            write_private(folder / f"{given.extraction.seed_sha256}.seed", given.seed)
        whole = JobYield(job=finished.job, quote=finished.quote, given=given, others=tuple(others))
        if self.kept:
            self.kept.save(whole)
        return whole

    def _given(self, job: Job, attempt: Future[BlockYield]) -> BlockYield:
        """Waits for what a job gave; how a certified run ended is then on record."""
        try:
            given = attempt.result()
        except CertificateMissedError as error:
            certifying.ended(self.ledger, self.request, job, error)
            raise
        except Exception as error:
            if broke(error):
                raise self._unfetched(job, error) from error
            raise
        if given.certified is not None:
            certifying.ended(self.ledger, self.request, job, None)
        return given

    def _unfetched(self, job: Job, error: Exception) -> QRNGError:
        """Ends the draw rather than pay another backend for what is paid for, unless the policy hedges.

        A plan draws anew, within its budget, what a vendor says again and again that it does not have.
        """
        is_lost = self.request.mode == "plan" and isinstance(error, JobNotFoundError)
        if isinstance(error, QRNGError) and (self.request.hedge or is_lost):
            return error
        resume = f"`qrng run CONFIG --resume {self.draw_id}` later" if self.kept else "draw again"
        return PolicyStopError(
            f"job {job.vendor_id} on {job.spec.address} is done, and its outcomes could not be fetched or processed:"
            f" {type(error).__name__}: {error}. Nobody else is paid in its place: {resume}, or"
            f" `qrng jobs collect {job.spec.key}`"
        )

    def discard(self, address: str, key: str, error: HealthTestError) -> None:
        """Puts on record that a block failed its health tests; raises the error if the backend's last one did as well.

        One may be a false alarm, and is drawn again, as the start-up tests of SP 800-90B would be run again.
        """
        self.ledger.record_event("health.failed", key, {"reason": str(error)})
        if address in self._failed_last:
            raise error
        self._failed_last.add(address)

    def take(self, given: JobYield, tally: SourceTally) -> bytes:
        """Counts what a job gave and returns its output.

        Raises `VendorError` for outcomes that another job gave, of this draw or of one in the ledger, on whatever
        backend.
        """
        self._require_new(given.given.block)
        self._failed_last.discard(given.job.spec.address)
        tally.add(given)
        return given.given.output

    def _recipe(self, adapter: Adapter, job: Job) -> Recipe:
        """Reads what a run is certified by, or the readout errors that the vendor publishes, once a backend."""
        if self.request.certificate is not None:
            terms, second = certifying.terms_of_run(self.ledger, self.request, job.spec)
            asked = self.request
            return Recipe(asked.epsilon, asked.health_alpha, None, asked.protocol, terms, second, self.seeds)
        name, qubits = job.spec.backend_name, job.spec.circuits[0].measured
        with self._lock:
            if job.spec.address not in self._backends:
                self._backends[job.spec.address] = adapter.describe(name)
        readout = published_readout(self._backends[job.spec.address], qubits)
        return Recipe(self.request.epsilon_per_block, self.request.health_alpha, readout, seeds=self.seeds)

    def _require_new(self, block: BlockSummary) -> None:
        user = "this draw" if block.sha256 in self._digests else self.ledger.user_of(block.sha256)
        if user not in (None, self.draw_id):  # a run that is resumed may have used them up and not delivered them
            raise VendorError(
                f"job {block.vendor_id} on {block.address} gave outcomes that an earlier job of {user} gave, bit by"
                " bit: they are not new, and nothing of them is used"
            )
        self._digests.add(block.sha256)

    def finish(self, adapter: Adapter, tally: SourceTally) -> None:
        """Deletes the outcomes of all jobs counted, if the request says so; until then a draw may need them."""
        if self.request.purge_at_vendor:
            for job in tally.jobs:
                tally.add_purge(self._purge(adapter, job))

    def _purge(self, adapter: Adapter, job: Job) -> bool:
        """Deletes a job's outcomes at the vendor, unless that would delete a bill that is still to come.

        Reconciling deletes them once the bill is known. A failure does not undo the draw.
        """
        if job.bill_is_pending:
            self.ledger.record_event(PURGE_DEFERRED, job.spec.key, {"reason": "the bill is still to come"})
            return False
        return purge(adapter, self.ledger, job)
