"""One source of a draw: a backend that delivers all the bytes, or what the policy puts in its place."""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qrng_hub import policy
from qrng_hub.adapter import Adapter, require_supported
from qrng_hub.dispatcher import Dispatcher, Failure, OnChange
from qrng_hub.errors import BackendOfflineError, HealthTestError, JobNotFoundError, PolicyStopError, QRNGError
from qrng_hub.ledger import Ledger
from qrng_hub.policy import Action, Decision
from qrng_hub.protocols import Chances, Work, protocol_of
from qrng_hub.receipts import SourceTally
from qrng_hub.records import (
    Availability,
    Backend,
    Candidate,
    Finished,
    Job,
    JobSpec,
    Quote,
    Request,
    SourceReceipt,
    Substitution,
)
from qrng_hub.registry import Registry
from qrng_hub.runner import certifying
from qrng_hub.runner.adoption import Adopted
from qrng_hub.runner.intake import Intake
from qrng_hub.runner.outlay import Outlay
from qrng_hub.runner.seen import Seen
from qrng_hub.runner.together import run_together


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
    adopted: Adopted
    """What an earlier process paid for; whoever takes the jobs of a backend takes them away."""

    def deliver(self, candidate: Candidate) -> Delivery:
        """Tries the candidate and then its stand-ins; each failure is recorded with its reason.

        Raises the error of the backend that ended it, or `PolicyStopError` if several failed.
        """
        waiting, failed = policy.stand_ins(self.request, candidate), list[Substitution]()
        candidate = next((one for one in (candidate, *waiting) if one.address in self.adopted), candidate)
        waiting = policy.stand_ins(self.request, candidate)
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
        tally, wanted = SourceTally(candidate), self.request.bytes
        output = bytearray().join(self._followed(adapter, candidate.address, tally))
        backend = None if len(output) >= wanted else _described(adapter, name)
        while backend is not None and len(output) < wanted:
            self.on_progress(Progress(candidate.address, len(output), wanted))
            specs = self._jobs(backend, candidate, wanted - len(output))
            finished = run_together(
                self.dispatcher, self.ledger, adapter, specs, self.draw_id, self.stop, self._watch(len(output))
            )
            output += self._taken(adapter, finished, tally)
        self.intake.finish(adapter, tally)
        self.on_progress(Progress(candidate.address, wanted, wanted))
        return bytes(output[:wanted]), tally.receipt(wanted)

    def _followed(self, adapter: Adapter, address: str, tally: SourceTally) -> Iterator[bytes]:
        """Takes what an earlier process paid for; outcomes that the vendor has no more are lost, and nothing else."""
        jobs = self.adopted.pop(address, ())
        for settled in self.dispatcher.follow(adapter, jobs, self.stop, self._watch(0)):
            try:
                if isinstance(settled, Failure):
                    raise settled.error
                yield self._taken(adapter, [settled], tally)
            except (JobNotFoundError, PolicyStopError) as error:
                if not isinstance(error, JobNotFoundError) and not isinstance(error.__cause__, JobNotFoundError):
                    raise
                key = settled.spec.key if isinstance(settled, Failure) else settled.job.spec.key
                self.ledger.record_event("job.lost", key, {"reason": str(error)})

    def _taken(self, adapter: Adapter, finished: Sequence[Finished], tally: SourceTally) -> bytes:
        """Takes what jobs gave; nothing of a block that failed its health tests."""
        try:
            return self.intake.take(self.intake.begin(adapter, *finished).result(), tally)
        except HealthTestError as error:
            self.intake.discard(finished[0].job.spec.address, finished[0].job.spec.key, error)
            return b""

    def _watch(self, bytes_done: int) -> OnChange:
        """Tells whoever watches how far the jobs of the backend are."""
        seen = Seen()

        def tell(job: Job, quote: Quote) -> None:
            seen.note(job, quote)
            line = Progress(job.spec.address, bytes_done, self.request.bytes, jobs=seen.jobs, usd=seen.usd)
            self.on_progress(line)

        return tell

    def _jobs(self, backend: Backend, candidate: Candidate, byte_count: int) -> tuple[JobSpec, ...]:
        """Makes the next jobs, one or those of a certified run; what that will be certified by is then on record."""
        key = uuid.uuid4().hex

        def make(chances: Chances) -> Work:
            work = work_for(self.request, backend, candidate, byte_count, chances)
            specs = specs_of(backend, candidate, work, key)
            for spec in specs:
                require_supported(backend, spec)
            self._require_affordable(specs, work, byte_count)
            self.intake.seeds.require(protocol_of(self.request.protocol).seed_bytes(work, self.request))
            return work

        work = certifying.begun(self.ledger, self.request, candidate.address, key, make)
        return specs_of(backend, candidate, work, key)

    def outlay(self, candidate: Candidate) -> Outlay:
        """Reckons the jobs that all bytes of a request take on a backend; not for certified runs."""
        adapter, name = self.registry.resolve(candidate.address)
        backend = adapter.describe(name)
        work = work_for(self.request, backend, candidate, self.request.bytes, Chances.first())
        (spec,) = specs_of(backend, candidate, work, uuid.uuid4().hex)
        return Outlay(adapter.quote(spec), spec.address, math.ceil(self.request.bytes / (work.expected_bytes or 1)))

    def _require_affordable(self, specs: Sequence[JobSpec], work: Work, byte_count: int) -> None:
        """Raises `BudgetExceededError` before the first job of several that cannot all be had."""
        adapter, _ = self.registry.resolve(specs[0].address)
        if len(specs) > 1:
            self.dispatcher.require_reservable(adapter, specs, self.draw_id)
        elif work.expected_bytes:
            jobs = math.ceil(byte_count / work.expected_bytes)
            self.dispatcher.require_affordable(adapter, specs[0], self.draw_id, jobs)


def _described(adapter: Adapter, name: str) -> Backend:
    """Describes a backend that takes jobs; raises `BackendOfflineError` for one that does not."""
    backend = adapter.describe(name)
    if backend.availability is Availability.OFFLINE:
        raise BackendOfflineError(f"{backend.address} is offline: {backend.status_message or 'no reason given'}")
    return backend


def work_for(request: Request, backend: Backend, candidate: Candidate, byte_count: int, chances: Chances) -> Work:
    """Makes the work of the next job of a candidate towards `byte_count` bytes of a request."""
    return protocol_of(request.protocol).work(request, backend, candidate, byte_count, chances)


def specs_of(backend: Backend, candidate: Candidate, work: Work, key: str) -> tuple[JobSpec, ...]:
    """Makes the job that does some work, or the jobs that do a certified run, of which the first has the key."""
    most = backend.max_circuits if work.terms is not None and backend.max_circuits else len(work.circuits)
    parts = [work.circuits[start : start + most] for start in range(0, len(work.circuits), most)]
    return tuple(
        JobSpec(
            key=uuid.uuid4().hex if number else key,
            address=candidate.address,
            circuits=part,
            shots=work.shots,
            options=candidate.options,
        )
        for number, part in enumerate(parts)
    )


def _final(error: QRNGError, failed: list[Substitution]) -> QRNGError:
    """Returns the error that ends a source: the last one's own, or the story of them all."""
    if len(failed) == 1 or isinstance(error, policy.MISTAKES):
        return error
    story = "\n".join(f"  {one.failed}: {one.reason}" for one in failed)
    return PolicyStopError(f"no backend delivered, and the policy allows no further one:\n{story}")
