"""Bounds and measures what the backends of a comparison gave; asks nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qrng_hub.errors import VendorError
from qrng_hub.extractors import OUTPUT_BYTES, outputs_from
from qrng_hub.protocols import published_readout
from qrng_hub.records import (
    Backend,
    Candidate,
    ComparedBackend,
    Difference,
    Finished,
    JobPrice,
    RawBlock,
    RepeatLine,
    names_of,
)
from qrng_hub.runner.comparison_store import Given, Started, Store

if TYPE_CHECKING:  # scipy is loaded when something is measured
    from qrng_hub.reports.comparison import Repeat


FEWEST_SHOTS = 8
"""Of all repeats on a backend together; fewer have no correlation from one shot to the next, and no interval."""


@dataclass(slots=True)
class Watch:
    """Adds up seconds of work; threads may share it."""

    each: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Counts the time that the block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.each.append(time.perf_counter() - began)

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum(self.each)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one backend gave so far at one setting."""

    number: int
    candidate: Candidate
    setting: str
    described: list[Backend] = field(default_factory=list)
    price: list[JobPrice | None] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=list)
    lines: list[RepeatLine] = field(default_factory=list)
    failure: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What the row is called."""
        return f"{self.candidate.address} ({self.setting})" if self.setting else self.candidate.address


@dataclass(frozen=True, slots=True)
class Measuring:
    """What a comparison was given, and what that says; `vendors` and `hub` are who took the time."""

    started: Started
    vendors: Watch = field(default_factory=Watch)
    hub: Watch = field(default_factory=Watch)
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def of(cls, started: Started) -> Measuring:
        """Makes an entry for every backend and setting."""
        pairs = zip(started.request.candidates, started.settings, strict=True)
        return cls(started, entries=[Entry(number, *pair) for number, pair in enumerate(pairs)])

    def take(self, entry: Entry, given: Given, blocks: Sequence[RawBlock]) -> None:
        """Tests and bounds a repeat; raises `VendorError` for outcomes that an earlier one gave."""
        with self.hub.running():
            from qrng_hub.reports.comparison import bounded  # loads scipy

            _require_new(blocks[0], entry.repeats)
            if not entry.described:
                entry.described.append(given.backend)
            if not entry.price:
                entry.price.append(given.price)
            readout = published_readout(given.backend, blocks[0].qubits)
            repeat = bounded(blocks, readout, self.started.request.health_alpha)
            entry.repeats.append(repeat)
            entry.lines.append(_line(given.finished, repeat, self.started.request.epsilon_per_block))

    def stored(self, store: Store) -> None:
        """Takes all repeats of a folder."""
        for entry in self.entries:
            for number in range(self.started.repeats):
                if kept := store.load(entry.number, number):
                    self.take(entry, *kept)

    def found(self) -> tuple[tuple[ComparedBackend, ...], tuple[Difference, ...]]:
        """Measures what was given: a row a backend, in the order of the request, and how they differ."""
        with self.hub.running():
            from qrng_hub.reports.comparison_differences import differences
            from qrng_hub.reports.comparison_tests import Outcomes

            for entry in self.entries:
                _require_enough(entry)
            gave = [entry for entry in self.entries if entry.repeats]
            outcomes = {entry.label: Outcomes.of([repeat.block for repeat in entry.repeats]) for entry in gave}
            return tuple(self._row(entry) for entry in self.entries), differences(outcomes, self.started.alpha)

    def _row(self, entry: Entry) -> ComparedBackend:
        from qrng_hub.reports.comparison import measured
        from qrng_hub.reports.comparison_rows import totals

        level = self.started.alpha / len(self.entries)
        return ComparedBackend(
            address=entry.candidate.address,
            setting=entry.setting,
            origin=entry.candidate.origin,
            description=entry.described[0].description if entry.described else "",
            described=entry.described[0] if entry.described else None,
            price=entry.price[0] if entry.price else None,
            claimed_by=names_of(one.block.claim.by for one in entry.repeats if one.block.claim),
            failure="; ".join(entry.failure),
            measures=measured(entry.repeats, level) if entry.repeats else None,
            totals=totals(entry.lines) if entry.lines else None,
            repeats=tuple(entry.lines),
        )


def _require_new(block: RawBlock, before: Sequence[Repeat]) -> None:
    """Raises `VendorError` for outcomes that an earlier repeat gave."""
    if any(one.block.sha256 == block.sha256 for one in before):
        raise VendorError(
            f"job {block.vendor_id} on {block.address} gave outcomes that an earlier repeat gave, bit by bit: they are"
            " not new"
        )


def _require_enough(entry: Entry) -> None:
    """Turns a backend that gave too little to measure into one that gave nothing, and says so."""
    shots = sum(repeat.block.shots for repeat in entry.repeats)
    if 0 < shots < FEWEST_SHOTS:
        entry.failure.append(f"{shots} shots in all are too few to measure anything: that takes {FEWEST_SHOTS}")
        entry.repeats.clear()


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
        claimed_bits=block.claim.bits_per_shot * block.shots if block.claim else 0.0,
        extractable_bits=8 * OUTPUT_BYTES * pieces,
        health=repeat.health,
        queue_seconds=job.queue_seconds,
        run_seconds=job.run_seconds,
        cost_estimated_low=quote.low,
        cost_estimated_high=quote.high,
        cost_billed=job.billed,
        currency=quote.currency,
    )
