"""A draw by plan: one job of each backend first, then more in waves, planned anew after every one.

What a wave gave decides about the next: a backend that failed is planned with no more, and one that
gave less than expected is expected to give as little again.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from qrng_hub import policy
from qrng_hub.adapter import Adapter
from qrng_hub.dispatcher import Dispatcher, Failure
from qrng_hub.errors import (
    HealthTestError,
    JobNotFoundError,
    PolicyStopError,
    QRNGError,
)
from qrng_hub.extractors import OUTPUT_BYTES
from qrng_hub.planner import Plan, PlanLine, wave
from qrng_hub.protocols import Superposition, Work
from qrng_hub.receipts import SourceTally
from qrng_hub.records import Finished, Job, JobSpec, JobYield, Origin, Quote, Request, Substitution
from qrng_hub.registry import Registry
from qrng_hub.runner.adoption import adopted
from qrng_hub.runner.intake import Begun, Intake
from qrng_hub.runner.seen import Seen
from qrng_hub.runner.source import Delivery, Progress

#: How many jobs may be being processed before the next one is looked at.
_AHEAD = 16


@dataclass(slots=True)
class Standing:
    """Where a planned draw stands: what it still needs, and what it learned of each backend, by address."""

    draw_id: str
    outputs: int
    failed: dict[str, str] = field(default_factory=dict)
    """Why backends are planned with no more."""
    yields: dict[str, float] = field(default_factory=dict)
    """The share of the expected min-entropy that backends really gave."""
    done: dict[str, int] = field(default_factory=dict)
    """How many jobs of backends gave what they should."""
    dearer: dict[str, Decimal] = field(default_factory=dict)
    """How many times their highest estimates the bills of backends were, where they were above them."""
    needs_new_vendors: bool = False
    """Whether only vendors may be planned with that have given nothing yet."""

    @property
    def vendors(self) -> set[str]:
        """The vendors that have given something."""
        return {address.partition(":")[0] for address in self.yields}

    def wave(self, address: str) -> int:
        """Returns how many jobs a backend may run next."""
        return wave(self.done.get(address, 0))


@dataclass(slots=True)
class _Part:
    """What one backend gave on the same qubits."""

    address: str
    origin: Origin
    tally: SourceTally
    output: bytearray = field(default_factory=bytearray)


class _GivenUp(NamedTuple):
    """Why a backend is used no more, what is used in its place if that is known, and the error if there was one."""

    reason: str
    used: str | None
    error: QRNGError | None


Replan = Callable[[Standing], Plan]


class PlannedDraw:
    """One draw by plan; whoever holds it runs the work of each round."""

    def __init__(
        self,
        request: Request,
        replan: Replan,
        registry: Registry,
        dispatcher: Dispatcher,
        intake: Intake,
        draw_id: str,
        stop: threading.Event,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._request, self._replan, self._stop = request, replan, stop
        self._registry, self._dispatcher, self._intake = registry, dispatcher, intake
        self._on_progress = on_progress
        self._candidates = {candidate.address: candidate for candidate in request.candidates}
        self._parts: dict[tuple[str, tuple[int, ...]], _Part] = {}
        self._before: dict[str, float] = {}
        self._seen: dict[str, Seen] = {}
        self._failures: dict[str, _GivenUp] = {}
        self._lock = threading.Lock()
        self._standing = Standing(draw_id, -(-request.bytes // OUTPUT_BYTES))

    def adopted(self, jobs: Iterable[tuple[Job, Quote]]) -> list[tuple[str, Callable[[], None]]]:
        """Returns the work of following the jobs of an earlier process: an address and the work for each backend."""
        of_backend = adopted(jobs, self._candidates.keys())
        return [(address, partial(self._follow, address, own)) for address, own in of_backend.items()]

    def rounds(self) -> Iterator[list[tuple[str, Callable[[], None]]]]:
        """Yields, round by round, what to run at the same time: an address and the work.

        Raises `InfeasiblePlanError` when the rest cannot be had within the limits.
        """
        standing = self._standing
        while standing.outputs > 0 or len(standing.vendors) < self._request.vendors_min:
            if standing.outputs <= 0:
                standing.needs_new_vendors = True
                standing.outputs = self._request.vendors_min - len(standing.vendors)
            self._before = dict(standing.yields)
            plan = self._replan(standing)
            self._note_simulators(plan)
            yield [(line.address, partial(self._run, line)) for line in plan.chosen]

    def deliveries(self) -> tuple[Delivery, ...]:
        """Returns what each backend gave, in turns of an output each, no more in all than the request needs."""
        parts = list(self._parts.values())
        sizes, piece = [0] * len(parts), max(1, min(OUTPUT_BYTES, self._request.bytes // len(parts)))
        missing = self._request.bytes
        while missing:
            for index, part in enumerate(parts):
                more = min(piece, missing, len(part.output) - sizes[index])
                sizes[index], missing = sizes[index] + more, missing - more
        return tuple(self._delivery(part, size) for part, size in zip(parts, sizes, strict=True))

    def _delivery(self, part: _Part, size: int) -> Delivery:
        """Closes a part; one that is not of hardware bears what it stands in for, else the first part what failed."""
        adapter, _ = self._registry.resolve(part.address)
        self._intake.finish(adapter, part.tally)
        uncredited = [one for one in self._parts.values() if one.origin is not Origin.HARDWARE]
        bearer = uncredited[0] if uncredited else next(iter(self._parts.values()))
        used = uncredited[0].address if uncredited else None
        failed = [
            Substitution(failed=address, used=one.used or used, reason=one.reason)
            for address, one in self._failures.items()
        ]
        return Delivery(bytes(part.output[:size]), part.tally.receipt(size), tuple(failed if part is bearer else ()))

    def _note_simulators(self, plan: Plan) -> None:
        """Puts on record that simulators stand in for hardware that cannot be used."""
        used = next((line.address for line in plan.chosen if line.origin != Origin.HARDWARE), None)
        for line in plan.lines if used else ():
            if line.origin == Origin.HARDWARE and line.problem and line.address not in self._standing.failed:
                self._give_up(line.address, line.reason, used)

    def _run(self, line: PlanLine) -> None:
        """Runs a wave of the jobs of a line."""
        shots = line.shots[: self._standing.wave(line.address)]
        adapter, _ = self._registry.resolve(line.address)
        settled = self._dispatcher.run_all(
            adapter, self._specs(line, shots), self._standing.draw_id, self._stop, self._watched
        )
        self._settle(line.address, adapter, settled, line.expected_bits / sum(line.shots))

    def _follow(self, address: str, jobs: Sequence[tuple[Job, Quote]]) -> None:
        """Takes what an earlier process paid for."""
        adapter, _ = self._registry.resolve(address)
        self._settle(address, adapter, self._dispatcher.follow(adapter, jobs, self._stop, self._watched), None)

    def _settle(
        self, address: str, adapter: Adapter, settled: Iterable[Finished | Failure], expected: float | None
    ) -> None:
        """Takes what jobs gave, `expected` bits a shot or whatever it is; some are processed while others run."""
        begun: deque[tuple[Finished, Begun]] = deque()
        try:
            for one in settled:
                with self._failing(address, one, expected):
                    if isinstance(one, Failure):
                        raise one.error
                    begun.append((one, self._intake.begin(adapter, one)))
                while begun and (begun[0][1].done() or len(begun) > _AHEAD):
                    self._take(address, *begun.popleft(), expected)
        finally:
            for finished, given in begun:
                self._take(address, finished, given, expected)
        failed = self._failures.get(address)
        if failed is not None and failed.error is not None:
            self._require_hedge(address, failed.error)

    @contextmanager
    def _failing(self, address: str, one: Finished | Failure, expected: float | None) -> Iterator[None]:
        """Lets the first failure, or two blocks in a row that fail their tests, end a backend, and a mistake the draw.

        Outcomes of an adopted job that the vendor has no more are lost, and nothing else.
        """
        key = one.spec.key if isinstance(one, Failure) else one.job.spec.key
        try:
            try:
                yield
            except HealthTestError as error:
                self._intake.discard(address, key, error)
        except QRNGError as error:
            if isinstance(error, policy.ENDS_ALL):
                raise
            if expected is None and isinstance(error, JobNotFoundError):
                self._intake.ledger.record_event("job.lost", key, {"reason": str(error)})
                return
            self._give_up(address, f"{type(error).__name__}: {error}", None, error)

    def _specs(self, line: PlanLine, shots: Sequence[int]) -> Iterator[JobSpec]:
        circuits, options = (
            Superposition().circuits_for(self._request, line.qubits),
            self._candidates[line.address].options,
        )
        self._intake.seeds.require(len(shots) * Superposition().seed_bytes(Work(circuits, max(shots)), self._request))
        for some in shots:
            if line.address in self._standing.failed:
                return
            key = uuid.uuid4().hex
            yield JobSpec(key=key, address=line.address, circuits=circuits, shots=some, options=options)

    def _require_hedge(self, address: str, error: QRNGError) -> None:
        """Ends the draw while a job may still be billed, unless the policy hedges; it can be resumed later."""
        draw_id = self._standing.draw_id
        if not self._request.hedge and self._intake.ledger.may_be_billed(draw_id, address):
            raise PolicyStopError(
                f"{address}: {error} ({policy.STILL_BILLED}); resume the run {draw_id} later"
            ) from error

    def _take(self, address: str, finished: Finished, begun: Begun, expected: float | None) -> None:
        with self._failing(address, finished, expected):
            given = begun.result()
            with self._lock:
                self._count(address, given, expected)
            self._report(address)

    def _count(self, address: str, given: JobYield, expected: float | None) -> None:
        candidate = self._candidates[address]
        key = address, given.given.block.qubits
        part = self._parts.get(key) or _Part(address, candidate.origin, SourceTally(candidate))
        output = self._intake.take(given, part.tally)
        part.output += output
        self._parts[key] = part
        self._standing.outputs -= len(output) // OUTPUT_BYTES
        self._standing.done[address] = self._standing.done.get(address, 0) + 1
        self._learn(address, part.tally.last_bits_per_shot / expected if expected else 1.0)

    def _watched(self, job: Job, quote: Quote) -> None:
        with self._lock:
            self._seen.setdefault(job.spec.address, Seen()).note(job, quote)
            if job.billed and quote.high and job.billed > quote.high:
                known = self._standing.dearer.get(job.spec.address, Decimal(1))
                self._standing.dearer[job.spec.address] = max(known, job.billed / quote.high)
        self._report(job.spec.address)

    def _report(self, address: str, note: str = "") -> None:
        """Tells of a backend, and of the bytes that all have given."""
        wanted, seen = self._request.bytes, self._seen.get(address, Seen())
        done = min(max(wanted - OUTPUT_BYTES * self._standing.outputs, 0), wanted)
        self._on_progress(Progress(address, done, wanted, note, seen.jobs, seen.usd))

    def _learn(self, address: str, share: float) -> None:
        """Takes the worst job of a round for what a backend yields, beside what it yielded before the round."""
        given = min(1.0, self._before.get(address, 1.0) * share)
        known, before = self._standing.yields.get(address, 1.0), self._before.get(address, 1.0)
        self._standing.yields[address] = given if known == before else min(known, given)

    def _give_up(self, address: str, reason: str, used: str | None, error: QRNGError | None = None) -> None:
        with self._lock:
            if address in self._standing.failed:
                return
            self._standing.failed[address] = reason
            self._failures[address] = _GivenUp(reason, used, error)
        event = {"draw": self._standing.draw_id, "action": "next", "reason": reason, "used": used}
        self._intake.ledger.record_event("backend.failed", address, event)
        self._report(address, reason)
