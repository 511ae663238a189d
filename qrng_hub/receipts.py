"""Builds the receipt of a draw: where its bytes come from and what entropy is credited."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from qrng_hub.extractors import OUTPUT_BYTES
from qrng_hub.records import (
    BlockYield,
    Bound,
    Candidate,
    Credit,
    EntropyCredit,
    ExtractionSummary,
    Finished,
    HealthReport,
    HealthSummary,
    HealthTest,
    Job,
    JobYield,
    Origin,
    Receipt,
    Request,
    SourceReceipt,
    Substitution,
    claim_of,
    common_origin,
    names_of,
    total,
)

_DIGEST_FROM_BYTES = 32


class SourceTally:
    """Adds up what one backend gives to a draw, job by job."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._finished: list[Finished] = []
        self._given: list[BlockYield] = []
        self._purged: list[bool] = []

    def add(self, given: JobYield) -> None:
        """Counts a job and what it gave; its output and its seed are not kept."""
        self._finished += [Finished(job=given.job, quote=given.quote), *given.others]
        self._given.append(given.given.model_copy(update={"output": b"", "seed": b""}))

    @property
    def last_bits_per_shot(self) -> float:
        """What is bounded of the last block, in bits a shot; 0 before the first."""
        return self._given[-1].credit.bound_bits_per_shot if self._given else 0.0

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs counted."""
        return tuple(finished.job for finished in self._finished)

    def add_purge(self, worked: bool) -> None:
        """Counts an attempt to delete a job's outcomes at the vendor."""
        self._purged.append(worked)

    def receipt(self, bytes_delivered: int) -> SourceReceipt:
        """Sums everything up; raises `ValueError` if no block was counted."""
        if not self._given:
            raise ValueError("a source without a block gave nothing to a draw")
        blocks, bounds = [one.block for one in self._given], [one.credit for one in self._given]
        jobs, quotes = [one.job for one in self._finished], [one.quote for one in self._finished]
        shots = np.array([block.shots for block in blocks])
        return SourceReceipt(
            address=self._candidate.address,
            origin=blocks[0].origin,
            source=blocks[0].source,
            job_keys=tuple(job.spec.key for job in jobs),
            vendor_ids=tuple(job.vendor_id for job in jobs),
            block_sha256=tuple(block.sha256 for block in blocks),
            qubits=blocks[0].qubits,
            shots=int(shots.sum()),
            raw_bits=int(shots.sum()) * len(blocks[0].qubits),
            p_one=tuple((np.sum([block.ones for block in blocks], axis=0) / shots.sum()).tolist()),
            estimated_bits_per_qubit=_weighed([credit.estimated_bits_per_qubit for credit in bounds], shots),
            bound_bits_per_qubit=_weighed([credit.bound_bits_per_qubit for credit in bounds], shots),
            counted_bits_per_qubit=_weighed([credit.counted_bits_per_qubit for credit in bounds], shots),
            calibrated_bits_per_qubit=_calibrated(bounds, shots),
            bound_bits=sum(credit.bound_bits_per_shot * credit.shots for credit in bounds),
            bound_epsilon=min(1.0, sum(credit.epsilon for credit in bounds)),
            credited_bits=sum(credit.credited_bits for credit in bounds),
            claimed_bits=sum(block.claim.bits_per_shot * block.shots for block in blocks if block.claim),
            claimed_by=names_of(block.claim.by for block in blocks if block.claim),
            health=_health([one.health for one in self._given if one.health is not None]),
            certified=tuple(one.certified for one in self._given if one.certified is not None),
            extraction=_extraction(self._given),
            method=bounds[0].method,
            side_information=bounds[0].side_information,
            assumptions=bounds[0].assumptions,
            bytes_delivered=bytes_delivered,
            cost_estimated_low=total(quote.low for quote in quotes),
            cost_estimated_high=total(quote.high for quote in quotes),
            cost_billed=total(job.billed for job in jobs),
            currency=quotes[0].currency,
            queue_seconds=_seconds(job.queue_seconds for job in jobs),
            run_seconds=_seconds(job.run_seconds for job in jobs),
            purged_at_vendor=all(self._purged) if self._purged else None,
        )


def _weighed(bits: Sequence[Sequence[float]], shots: npt.NDArray[np.int64]) -> tuple[float, ...]:
    """Averages over the blocks of a source, qubit by qubit, each block with the weight of its shots."""
    return tuple(np.average(np.array(bits), axis=0, weights=shots).tolist())


def _calibrated(bounds: Sequence[EntropyCredit], shots: npt.NDArray[np.int64]) -> tuple[float, ...] | None:
    known = [credit.calibrated_bits_per_qubit for credit in bounds if credit.calibrated_bits_per_qubit is not None]
    return _weighed(known, shots) if len(known) == len(bounds) else None


def _health(reports: Sequence[HealthReport]) -> HealthSummary | None:
    if not reports:
        return None
    worst: dict[str, HealthTest] = {}
    for test in (test for report in reports for test in report.tests):
        before = worst.get(test.name)
        if before is None or test.worst_value / test.worst_cutoff > before.worst_value / before.worst_cutoff:
            worst[test.name] = test
    rate = min(1.0, sum(report.false_alarm_rate for report in reports))
    return HealthSummary(
        alpha=reports[0].alpha, blocks=len(reports), false_alarm_rate=rate, tests=tuple(worst.values())
    )


def _extraction(given: Sequence[BlockYield]) -> ExtractionSummary:
    extractions = [one.extraction for one in given]
    return ExtractionSummary(
        method=extractions[0].method,
        blocks=sum(one.blocks or 0 for one in extractions),
        input_bits_used=sum(one.input_bits_used for one in extractions),
        input_bits_dropped=sum(one.input_bits_dropped for one in extractions),
        output_bits=sum(one.output_bits for one in extractions),
        epsilon=sum(one.epsilon or 0.0 for one in extractions),
        seed_origin="; ".join(dict.fromkeys(one.seed_origin for one in given)),
        seed_sha256=tuple(one.seed_sha256 or "" for one in extractions),
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
    claimed_bits, claimed_by = claim_of(sources, 8 * len(output), request.mode)
    return Receipt(
        draw_id=draw_id,
        created_utc=created_utc,
        code_version=version("qrng-hub"),
        bytes=len(output),
        sha256=hashlib.sha256(output).hexdigest() if len(output) >= _DIGEST_FROM_BYTES else None,
        origin=common_origin(source.origin for source in sources),
        mode=request.mode,
        protocol=request.protocol,
        conditioning=conditioning,
        epsilon=_epsilon(request, sources),
        mixed_with_os_entropy=request.mix_os_entropy,
        credit=_credit(sources, 8 * len(output), request.mode),
        claimed_bits=claimed_bits,
        claimed_by=claimed_by,
        bound=bound_of(sources),
        substitutions=substitutions,
        sources=sources,
    )


def bound_of(sources: Sequence[SourceReceipt]) -> Bound | None:
    """Says what the outcomes of the best source certify if they came from hardware; None if nothing is certified."""
    runs = [(run.certificate, source.origin) for source in sources for run in source.certified]
    if not runs:
        return None
    best, origin = max(runs, key=lambda run: run[0].certified_bits)
    reason = "certified from the outcomes on the certificate's assumptions"
    if origin is not Origin.HARDWARE:
        reason = f"what the outcomes would certify if they came from hardware: they are {origin.noun}'s"
    return Bound(certified_bits=best.certified_bits, level=best.level, reason=reason)


def _epsilon(request: Request, sources: tuple[SourceReceipt, ...]) -> float:
    """Adds up the shares of the blocks that reach into the output: each gives at least 64 bytes.

    Of an XOR of sources, those of one: it is as close to uniform as the closest. Of a certified draw, the extraction's
    and twice the smoothing error of all runs that may be tried until one is accepted.
    """
    if request.certificate is not None:
        return min(1.0, request.epsilon + 2 * request.certificate.epsilon)
    blocks = [math.ceil(source.bytes_delivered / OUTPUT_BYTES) for source in sources]
    return request.epsilon_per_block * (sum(blocks) if request.mode == "plan" else max(blocks))


def _credit(sources: tuple[SourceReceipt, ...], output_bits: int, mode: str) -> Credit:
    """Credits the best of the hardware sources: their XOR is as good as the best of them.

    Of a plan, whose sources gave one part of the output each, all of them, each for its own part.
    """
    if mode == "plan" and any(source.origin is Origin.HARDWARE for source in sources):
        bits = sum(min(one.credited_bits, 8.0 * one.bytes_delivered) for one in sources)
        reason = "bounded from the outcomes of each hardware source, under its assumptions; not certified"
        return Credit(bits=min(bits, output_bits), reason=reason)
    best = max((source.credited_bits for source in sources if source.origin is Origin.HARDWARE), default=None)
    if best is None:
        simulated = all(source.origin is Origin.SIMULATOR for source in sources)
        every = "every source is a simulator: a deterministic generator's output"
        return Credit(bits=0, reason=every if simulated else "no source is hardware, and nothing else is credited")
    is_certified = any(source.certified for source in sources)
    what = "certified" if is_certified else "bounded"
    reason = f"{what} from the outcomes of the best hardware source, under its assumptions"
    return Credit(bits=min(best, output_bits), reason=reason if is_certified else f"{reason}; not certified")


def _seconds(parts: Iterable[float | None]) -> float | None:
    """Adds durations; unknown if one of them is."""
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)
