"""Builds the receipt of a draw: where its bytes come from and what entropy is credited."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from typing import Literal

import numpy as np

from qrng_hub.records import (
    BlockSummary,
    BlockYield,
    Candidate,
    Credit,
    EntropyCredit,
    Finished,
    Job,
    JobYield,
    Origin,
    Receipt,
    Request,
    SourceReceipt,
    Substitution,
    total,
)

_DIGEST_FROM_BYTES = 32


class SourceTally:
    """Adds up what one backend gives to a draw, job by job."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._finished: list[Finished] = []
        self._digests: list[str] = []
        self._ones = np.zeros(0, np.int64)
        self._estimated = np.zeros(0, np.float64)
        self._shots = 0
        self._credited = 0.0
        self._purged: list[bool] = []
        self._last: tuple[BlockSummary, EntropyCredit] | None = None

    def add(self, given: JobYield) -> None:
        """Counts a job and what it gave."""
        self._finished.append(Finished(job=given.job, quote=given.quote))
        for one in given.blocks:
            self._add_block(one)

    def _add_block(self, given: BlockYield) -> None:
        block, credit = given.block, given.credit
        if self._last is None:
            self._ones, self._estimated = np.zeros(len(block.qubits), np.int64), np.zeros(len(block.qubits))
        self._ones = self._ones + np.array(block.ones)
        self._estimated = self._estimated + np.array(credit.estimated_bits_per_qubit) * block.shots
        self._shots += block.shots
        self._credited += credit.credited_bits
        self._digests.append(block.sha256)
        self._last = block, credit

    @property
    def last_bits_per_shot(self) -> float:
        """The estimate of the last block, in bits a shot; 0 before the first."""
        return self._last[1].estimated_bits_per_shot if self._last else 0.0

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs counted."""
        return tuple(finished.job for finished in self._finished)

    def add_purge(self, worked: bool) -> None:
        """Counts an attempt to delete a job's outcomes at the vendor."""
        self._purged.append(worked)

    def receipt(self, bytes_delivered: int) -> SourceReceipt:
        """Sums everything up; raises `ValueError` if no block was counted."""
        if self._last is None:
            raise ValueError("a source without a block gave nothing to a draw")
        block, credit = self._last
        jobs, quotes = [one.job for one in self._finished], [one.quote for one in self._finished]
        return SourceReceipt(
            address=self._candidate.address,
            origin=block.origin,
            source=block.source,
            job_keys=tuple(job.spec.key for job in jobs),
            vendor_ids=tuple(job.vendor_id for job in jobs),
            block_sha256=tuple(self._digests),
            qubits=block.qubits,
            shots=self._shots,
            raw_bits=self._shots * len(block.qubits),
            p_one=tuple((self._ones / self._shots).tolist()),
            estimated_bits_per_qubit=tuple((self._estimated / self._shots).tolist()),
            credited_bits=self._credited,
            method=credit.method,
            side_information=credit.side_information,
            assumptions=credit.assumptions,
            bytes_delivered=bytes_delivered,
            cost_estimated_low=total(quote.low for quote in quotes),
            cost_estimated_high=total(quote.high for quote in quotes),
            cost_billed=total(job.billed for job in jobs),
            currency=quotes[0].currency,
            queue_seconds=_seconds(job.queue_seconds for job in jobs),
            run_seconds=_seconds(job.run_seconds for job in jobs),
            purged_at_vendor=all(self._purged) if self._purged else None,
        )


def build_receipt(
    request: Request,
    output: bytes,
    draw_id: str,
    created_utc: datetime,
    conditioning: str,
    sources: tuple[SourceReceipt, ...],
    substitutions: tuple[Substitution, ...],
) -> Receipt:
    """Makes the receipt of an output that was drawn from `sources`."""
    return Receipt(
        draw_id=draw_id,
        created_utc=created_utc,
        code_version=version("qrng-hub"),
        bytes=len(output),
        sha256=hashlib.sha256(output).hexdigest() if len(output) >= _DIGEST_FROM_BYTES else None,
        origin=_origin(sources),
        mode=request.mode,
        protocol=request.protocol,
        conditioning=conditioning,
        mixed_with_os_entropy=request.mix_os_entropy,
        credit=_credit(sources, 8 * len(output), request.mode),
        substitutions=substitutions,
        sources=sources,
    )


def _origin(sources: tuple[SourceReceipt, ...]) -> Literal["hardware", "simulator", "mixed"]:
    origins = {source.origin for source in sources}
    if len(origins) > 1:
        return "mixed"
    return "hardware" if origins == {Origin.HARDWARE} else "simulator"


def _credit(sources: tuple[SourceReceipt, ...], output_bits: int, mode: str) -> Credit:
    """Credits the best of the hardware sources: their XOR is as good as the best of them.

    Of a plan, whose sources gave one part of the output each, all of them, each for its own part.
    """
    if mode == "plan" and any(source.origin is Origin.HARDWARE for source in sources):
        bits = sum(min(one.credited_bits, 8.0 * one.bytes_delivered) for one in sources)
        reason = "estimated from the statistics of each hardware source, under its assumptions; not certified"
        return Credit(bits=min(bits, output_bits), reason=reason)
    best = max((source.credited_bits for source in sources if source.origin is Origin.HARDWARE), default=None)
    if best is None:
        return Credit(bits=0, reason="every source is a simulator: a deterministic generator's output")
    reason = (
        "estimated from the statistics of the best hardware source's outcomes, under its assumptions; not certified"
    )
    return Credit(bits=min(best, output_bits), reason=reason)


def _seconds(parts: Iterable[float | None]) -> float | None:
    """Adds durations; unknown if one of them is."""
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)
