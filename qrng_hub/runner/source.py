"""One source of a draw: a backend that delivers all the bytes, or what the policy puts in its place."""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from qrng_hub import policy
from qrng_hub.adapter import require_supported
from qrng_hub.dispatcher import Dispatcher
from qrng_hub.errors import BackendOfflineError, HealthTestError, PolicyStopError, QRNGError
from qrng_hub.ledger import Ledger
from qrng_hub.policy import Action, Decision
from qrng_hub.protocols import Chances, Work, protocol_of
from qrng_hub.receipts import SourceTally
from qrng_hub.records import (
    Availability,
    Backend,
    Candidate,
    JobSpec,
    Request,
    SourceReceipt,
    Substitution,
)
from qrng_hub.registry import Registry
from qrng_hub.runner import certifying
from qrng_hub.runner.intake import Intake


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one backend is; `note` says what it does, or why it failed."""

    address: str
    bytes_done: int
    bytes_wanted: int
    note: str = ""
    jobs: str = ""
    """How many jobs are queued, running and done, of a draw by plan."""
    usd: Decimal = Decimal(0)
    """What the jobs of the backend were billed, and the highest estimates of those without a bill."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The bytes of one source, what it gave, and which backends failed before it did."""

    data: bytes
    receipt: SourceReceipt
    substitutions: tuple[Substitution, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Delivers the bytes of one request from one candidate, or from those that stand in for it."""

    registry: Registry
    dispatcher: Dispatcher
    ledger: Ledger
    intake: Intake
    request: Request
    draw_id: str
    stop: threading.Event
    on_progress: Callable[[Progress], None]

    def deliver(self, candidate: Candidate) -> Delivery:
        """Tries the candidate and then its stand-ins; each failure is recorded with its reason.

        Raises the error of the backend that ended it, or `PolicyStopError` if several failed.
        """
        waiting, failed = policy.stand_ins(self.request, candidate), list[Substitution]()
        while True:
            try:
                data, receipt = self._from_backend(candidate)
                return Delivery(data, receipt, tuple(failed))
            except QRNGError as error:
                may_be_billed = not self.request.hedge and self.ledger.may_be_billed(self.draw_id, candidate.address)
                decision = policy.after_failure(error, waiting, may_be_billed=may_be_billed)
                failed.append(self._record(candidate, decision))
                if decision.use is None:
                    final = _final(error, failed)
                    if final is error:
                        raise
                    raise final from error
                candidate, waiting = decision.use, waiting[waiting.index(decision.use) + 1 :]

    def _record(self, candidate: Candidate, decision: Decision) -> Substitution:
        used = decision.use.address if decision.action is Action.NEXT and decision.use else None
        event = {"draw": self.draw_id, "action": decision.action, "reason": decision.reason, "used": used}
        self.ledger.record_event("backend.failed", candidate.address, event)
        self.on_progress(Progress(candidate.address, 0, self.request.bytes, decision.reason))
        return Substitution(failed=candidate.address, used=used, reason=decision.reason)

    def _from_backend(self, candidate: Candidate) -> tuple[bytes, SourceReceipt]:
        """Runs jobs on one backend until its conditioned outcomes fill the request."""
        adapter, name = self.registry.resolve(candidate.address)
        backend = adapter.describe(name)
        if backend.availability is Availability.OFFLINE:
            raise BackendOfflineError(f"{candidate.address} is offline: {backend.status_message or 'no reason given'}")
        tally, output, wanted = SourceTally(candidate), bytearray(), self.request.bytes
        while len(output) < wanted:
            self.on_progress(Progress(candidate.address, len(output), wanted))
            spec = self._job(backend, candidate, wanted - len(output))
            finished = self.dispatcher.run(adapter, spec, self.draw_id, self.stop)
            try:
                output += self.intake.take(self.intake.begin(adapter, finished).result(), tally)
            except HealthTestError as error:
                self.intake.discard(candidate.address, spec.key, error)
        self.intake.finish(adapter, tally)
        self.on_progress(Progress(candidate.address, wanted, wanted))
        return bytes(output[:wanted]), tally.receipt(wanted)

    def _job(self, backend: Backend, candidate: Candidate, byte_count: int) -> JobSpec:
        """Makes the next job; what it will be certified by is then on record."""
        key = uuid.uuid4().hex

        def make(chances: Chances) -> Work:
            work = work_for(self.request, backend, candidate, byte_count, chances)
            spec = spec_of(candidate, work, key)
            require_supported(backend, spec)
            jobs = math.ceil(byte_count / work.expected_bytes) if work.expected_bytes else 1
            self.dispatcher.require_affordable(self.registry.resolve(candidate.address)[0], spec, self.draw_id, jobs)
            self.intake.seeds.require(protocol_of(self.request.protocol).seed_bytes(work, self.request))
            return work

        return spec_of(candidate, certifying.begun(self.ledger, self.request, candidate.address, key, make), key)


def work_for(request: Request, backend: Backend, candidate: Candidate, byte_count: int, chances: Chances) -> Work:
    """Makes the work of the next job of a candidate towards `byte_count` bytes of a request."""
    return protocol_of(request.protocol).work(request, backend, candidate, byte_count, chances)


def spec_of(candidate: Candidate, work: Work, key: str) -> JobSpec:
    """Makes the job that does some work."""
    return JobSpec(
        key=key, address=candidate.address, circuits=work.circuits, shots=work.shots, options=candidate.options
    )


def _final(error: QRNGError, failed: list[Substitution]) -> QRNGError:
    """Returns the error that ends a source: the last one's own, or the story of them all."""
    if len(failed) == 1 or isinstance(error, policy.MISTAKES):
        return error
    story = "\n".join(f"  {one.failed}: {one.reason}" for one in failed)
    return PolicyStopError(f"no backend delivered, and the policy allows no further one:\n{story}")
