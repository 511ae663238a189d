"""Runs the same circuits on several backends, repeat by repeat; one that fails is a row with its reason."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from qrng_hub import policy
from qrng_hub.adapter import Adapter
from qrng_hub.errors import BackendOfflineError, LedgerError, QRNGError, RequestError, RunInterruptedError
from qrng_hub.planner.tariffs import fit
from qrng_hub.protocols import MIN_SHOTS, Superposition
from qrng_hub.records import Availability, Backend, Candidate, JobPrice, JobSpec, RawBlock
from qrng_hub.registry import Registry
from qrng_hub.runner.comparison_jobs import ComparisonJobs
from qrng_hub.runner.comparison_measuring import Entry, Measuring
from qrng_hub.runner.comparison_store import Given, Store

_HERE = "this machine"
#: a job of so many shots is priced at most where the backend has no limit of its own
_MOST_SHOTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Compared:
    """How many repeats of a backend are done; `note` says why there are no more."""

    address: str
    done: int
    of: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Comparing:
    """Runs what a comparison asks for; `store` keeps what it is given, if it is to."""

    registry: Registry
    jobs: ComparisonJobs
    measuring: Measuring
    store: Store | None
    on_progress: Callable[[Compared], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> list[tuple[str, Callable[[], None]]]:
        """Lists what may run side by side, with the address whose threads run it.

        What runs on this machine takes turns, repeat by repeat: backends share what else the machine does meanwhile.
        """
        here, work = list[Entry](), list[tuple[str, Callable[[], None]]]()
        for entry in self.measuring.entries:
            adapter, name = self.registry.resolve(entry.candidate.address)
            if adapter.is_remote(name):
                work.append((entry.candidate.address, partial(_in_turn, [self._steps(entry)])))
            else:
                here.append(entry)
        return [*work, (_HERE, partial(_in_turn, [self._steps(entry) for entry in here]))]

    def _steps(self, entry: Entry) -> Iterator[bool]:
        """Runs the repeats of one backend, a step each; the first failure is its last."""
        repeats, label = self.measuring.started.repeats, entry.label
        try:
            for number in range(repeats):
                self.on_progress(Compared(label, number, repeats))
                self._repeat(entry, number)
                yield True
            self.on_progress(Compared(label, repeats, repeats))
        except (LedgerError, RunInterruptedError):
            raise
        except QRNGError as error:
            reason, address = f"{type(error).__name__}: {error}", entry.candidate.address
            entry.failure.append(reason)
            event = {"comparison": self.measuring.started.comparison_id, "reason": reason}
            self.jobs.ledger.record_event("backend.failed", address, event)
            self.on_progress(Compared(label, len(entry.lines), repeats, reason))

    def _repeat(self, entry: Entry, number: int) -> None:
        """Takes a repeat from the folder, or runs it."""
        kept = self.store.load(entry.number, number) if self.store else None
        given, blocks = kept or self._run(entry, number)
        self.measuring.take(entry, given, blocks)
        if self.store and not kept:
            self.store.save(entry.number, number, given, blocks)

    def _run(self, entry: Entry, number: int) -> tuple[Given, tuple[RawBlock, ...]]:
        if not entry.described:
            self._begin(entry)
        candidate, backend = entry.candidate, entry.described[0]
        adapter, name = self.registry.resolve(candidate.address)
        spec = self._spec(backend, candidate)
        if not entry.price:
            entry.price.append(_price(adapter, spec, backend))
        began = time.perf_counter()
        finished = self.jobs.run(adapter, spec, entry.number, number, self.stop)
        blocks = adapter.collect(finished.job)
        took = time.perf_counter() - began
        ran = took if adapter.is_remote(name) else min(took, finished.job.run_seconds or 0.0)
        self.measuring.vendors.each.append(ran)
        self.measuring.hub.each.append(took - ran)
        digests = tuple(block.sha256 for block in blocks)
        described = tuple(block.model_dump(mode="json") for block in blocks)
        return Given(
            backend=backend, price=entry.price[0], finished=finished, blocks=described, digests=digests
        ), blocks

    def _begin(self, entry: Entry) -> None:
        """Describes a backend; raises what keeps it from being run."""
        candidate, fallback = entry.candidate, self.measuring.started.request.fallback
        if candidate.origin not in policy.allowed_origins(fallback):
            raise RequestError(f"policy.fallback = {fallback.value!r} does not allow {candidate.origin}")
        adapter, name = self.registry.resolve(candidate.address)
        with self.measuring.vendors.running():
            backend = adapter.describe(name)
        entry.described.append(backend)
        if backend.availability is Availability.OFFLINE:
            raise BackendOfflineError(f"{candidate.address} is offline: {backend.status_message or 'no reason given'}")

    def _spec(self, backend: Backend, candidate: Candidate) -> JobSpec:
        protocol, request = Superposition(), self.measuring.started.request
        return JobSpec(
            key="",
            address=candidate.address,
            circuits=protocol.circuits_for(request, protocol.qubits(backend, candidate)),
            shots=candidate.shots or max(MIN_SHOTS, backend.min_shots),
            options=candidate.options,
        )


def _price(adapter: Adapter, spec: JobSpec, backend: Backend) -> JobPrice | None:
    """Asks for a few quotes and says from them what a job of any size costs at most; None if that is not known."""
    most = backend.max_shots or _MOST_SHOTS

    def high(shots: int) -> Decimal:
        quote = adapter.quote(spec.model_copy(update={"shots": shots}))
        if quote.high is None:
            raise LookupError(quote.source)
        return quote.high

    with suppress(LookupError, QRNGError):
        quote = adapter.quote(spec)
        lines = (
            ((Decimal(0), Decimal(0)),)
            if quote.is_free
            else fit(high, min(max(MIN_SHOTS, backend.min_shots), most), most).lines
        )
        return JobPrice(lines=lines, most_shots=most, currency=quote.currency)
    return None


def _in_turn(every: Sequence[Iterator[bool]]) -> None:
    """Takes a step of each in turn until all are done."""
    waiting = deque(every)
    while waiting:
        steps = waiting.popleft()
        if next(steps, False):
            waiting.append(steps)
