"""Runs the same circuits on several backends, repeat by repeat; one that fails is a row with its reason."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from qrng_hub import policy
from qrng_hub.adapter import Adapter
from qrng_hub.dispatcher import Dispatcher
from qrng_hub.errors import BackendOfflineError, LedgerError, QRNGError, RequestError, RunInterruptedError, VendorError
from qrng_hub.extractors import OUTPUT_BYTES, outputs_from
from qrng_hub.ledger import Ledger
from qrng_hub.protocols import MIN_SHOTS, Superposition, published_readout
from qrng_hub.records import (
    Availability,
    Backend,
    Candidate,
    ComparedBackend,
    Difference,
    Finished,
    JobSpec,
    RawBlock,
    RepeatLine,
    Request,
)
from qrng_hub.registry import Registry

if TYPE_CHECKING:  # scipy is loaded when something is measured
    from qrng_hub.reports.comparison import Repeat

_HERE = "this machine"


@dataclass(frozen=True, slots=True)
class Compared:
    """How many repeats of a backend are done; `note` says why there are no more."""

    address: str
    done: int
    of: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one backend gave so far."""

    candidate: Candidate
    described: list[Backend] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=list)
    lines: list[RepeatLine] = field(default_factory=list)
    failure: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparing:
    """One comparison: its backends are the request's candidates, each with its shots."""

    registry: Registry
    dispatcher: Dispatcher
    ledger: Ledger
    request: Request
    repeats: int
    alpha: float
    comparison_id: str
    on_progress: Callable[[Compared], None]
    stop: threading.Event = field(default_factory=threading.Event)
    _entries: list[_Entry] = field(default_factory=list)

    def work(self) -> list[tuple[str, Callable[[], None]]]:
        """Lists what may run side by side, with the address whose threads run it.

        What runs on this machine takes turns, repeat by repeat: backends share what else the machine does meanwhile.
        """
        here, work = list[_Entry](), list[tuple[str, Callable[[], None]]]()
        for candidate in self.request.candidates:
            entry = _Entry(candidate)
            self._entries.append(entry)
            adapter, name = self.registry.resolve(candidate.address)
            if adapter.is_remote(name):
                work.append((candidate.address, partial(_in_turn, [self._steps(entry)])))
            else:
                here.append(entry)
        return [*work, (_HERE, partial(_in_turn, [self._steps(entry) for entry in here]))]

    def found(self) -> tuple[tuple[ComparedBackend, ...], tuple[Difference, ...]]:
        """Measures what was given: a row a backend, in the order of the request, and how they differ."""
        from qrng_hub.reports.comparison_differences import differences
        from qrng_hub.reports.comparison_tests import Outcomes

        gave = [entry for entry in self._entries if entry.repeats]
        outcomes = {entry.candidate.address: Outcomes.of([repeat.block for repeat in entry.repeats]) for entry in gave}
        return tuple(self._row(entry) for entry in self._entries), differences(outcomes, self.alpha)

    def _steps(self, entry: _Entry) -> Iterator[bool]:
        """Runs the repeats of one backend, a step each; the first failure is its last."""
        try:
            adapter, spec = self._begin(entry)
            for number in range(self.repeats):
                self.on_progress(Compared(spec.address, number, self.repeats))
                self._repeat(entry, adapter, spec.model_copy(update={"key": uuid.uuid4().hex}))
                yield True
            self.on_progress(Compared(spec.address, self.repeats, self.repeats))
        except (LedgerError, RunInterruptedError):
            raise
        except QRNGError as error:
            reason, address = f"{type(error).__name__}: {error}", entry.candidate.address
            entry.failure.append(reason)
            event = {"comparison": self.comparison_id, "reason": reason}
            self.ledger.record_event("backend.failed", address, event)
            self.on_progress(Compared(address, len(entry.lines), self.repeats, reason))

    def _begin(self, entry: _Entry) -> tuple[Adapter, JobSpec]:
        """Makes the job of a backend; raises what keeps it from being run."""
        candidate, protocol, fallback = entry.candidate, Superposition(), self.request.fallback
        if candidate.origin not in policy.allowed_origins(fallback):
            raise RequestError(f"policy.fallback = {fallback.value!r} does not allow {candidate.origin}")
        adapter, name = self.registry.resolve(candidate.address)
        backend = adapter.describe(name)
        entry.described.append(backend)
        if backend.availability is Availability.OFFLINE:
            raise BackendOfflineError(f"{candidate.address} is offline: {backend.status_message or 'no reason given'}")
        spec = JobSpec(
            key="",
            address=candidate.address,
            circuits=protocol.circuits_for(self.request, protocol.qubits(backend, candidate)),
            shots=candidate.shots or MIN_SHOTS,
            options=candidate.options,
        )
        return adapter, spec

    def _repeat(self, entry: _Entry, adapter: Adapter, spec: JobSpec) -> None:
        from qrng_hub.reports.comparison import bounded

        finished = self.dispatcher.run(adapter, spec, self.comparison_id, self.stop)
        blocks = adapter.collect(finished.job)
        _require_new(blocks[0], entry.repeats)
        readout = published_readout(entry.described[0], blocks[0].qubits)
        repeat = bounded(blocks, readout, self.request.health_alpha)
        entry.repeats.append(repeat)
        entry.lines.append(_line(finished, repeat, self.request.epsilon_per_block))

    def _row(self, entry: _Entry) -> ComparedBackend:
        from qrng_hub.reports.comparison import measured
        from qrng_hub.reports.comparison_rows import totals

        return ComparedBackend(
            address=entry.candidate.address,
            origin=entry.candidate.origin,
            description=entry.described[0].description if entry.described else "",
            failure="".join(entry.failure),
            measures=measured(entry.repeats, self.alpha / len(self._entries)) if entry.repeats else None,
            totals=totals(entry.lines) if entry.lines else None,
            repeats=tuple(entry.lines),
        )


def _in_turn(every: Sequence[Iterator[bool]]) -> None:
    """Takes a step of each in turn until all are done."""
    waiting = deque(every)
    while waiting:
        steps = waiting.popleft()
        if next(steps, False):
            waiting.append(steps)


def _require_new(block: RawBlock, before: Sequence[Repeat]) -> None:
    """Raises `VendorError` for outcomes that an earlier repeat gave."""
    if any(one.block.sha256 == block.sha256 for one in before):
        raise VendorError(
            f"job {block.vendor_id} on {block.address} gave outcomes that an earlier repeat gave, bit by bit: they are"
            " not new"
        )


def _line(finished: Finished, repeat: Repeat, epsilon: float) -> RepeatLine:
    job, quote, block, bits = finished.job, finished.quote, repeat.block, float(repeat.bound_bits.sum())
    qubits = len(block.qubits)
    pieces = outputs_from(block.shots, qubits, bits, epsilon)
    return RepeatLine(
        key=job.spec.key,
        vendor_id=job.vendor_id,
        block_sha256=block.sha256,
        shots=block.shots,
        ones=tuple(block.ones.tolist()),
        bound_bits_per_shot=bits,
        credited_bits=repeat.credited_bits,
        extractable_bits=8 * OUTPUT_BYTES * pieces,
        health=repeat.health,
        queue_seconds=job.queue_seconds,
        run_seconds=job.run_seconds,
        cost_estimated_low=quote.low,
        cost_estimated_high=quote.high,
        cost_billed=job.billed,
        currency=quote.currency,
    )
