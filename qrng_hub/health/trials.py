"""The trials of each health test on one block, and what each gave."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Packed, transpose_shots
from qrng_hub.health import correlation, cutoffs
from qrng_hub.health.cutoffs import WINDOW, Claims, Counts
from qrng_hub.health.streams import Scan, column, interleaved, scan
from qrng_hub.records import RawBlock

Named = Callable[[Counts], Counts]


@dataclass(frozen=True, slots=True)
class Trials:
    """The tests of one kind, in arrays with an entry a test."""

    name: str
    finding: str
    """What to say of one that failed, with {qubits}, {value} and {cutoff}."""
    values: Claims
    cutoffs: Claims
    levels: Claims
    """The most that the false-alarm rate of one trial of the test can be."""
    counts: Counts
    """The number of trials of the test."""
    qubits: Named
    """The physical qubits that tests concern, a row each, from the tests' numbers."""
    outcomes_skipped: int = 0


def trials_of(block: RawBlock, claims: Claims, chosen: npt.NDArray[np.intp], alpha: float) -> Iterator[Trials]:
    """Runs the tests of the `chosen` columns kind by kind, the cheap ones first; `claims` are theirs, all above 0."""
    if not chosen.size:
        return
    qubits, ones = np.array(block.qubits)[chosen], block.ones[chosen]
    columns = transpose_shots(block.outcomes, len(block.qubits))[chosen]
    scans = [scan(column(packed, block.shots)) for packed in columns]
    yield from _of_each(scans, claims, alpha, lambda tests: qubits[tests, None])
    yield from _in_turn(scan(interleaved(block.outcomes, len(block.qubits), chosen)), claims, alpha)
    yield _lag_one(scans, ones, block.shots, alpha, lambda tests: qubits[tests, None])
    if chosen.size > 1:
        yield _pairs(columns, ones, block.shots, alpha, qubits)


def _of_each(scans: list[Scan], claims: Claims, alpha: float, qubits: Named) -> Iterator[Trials]:
    cutoff = cutoffs.repetition_cutoff(claims, alpha)
    yield _repetition("each qubit", scans, cutoff, cutoffs.repetition_level(claims, cutoff), qubits)
    cutoff = cutoffs.proportion_cutoff(claims, alpha)
    yield _proportion("each qubit", scans, cutoff, cutoffs.proportion_level(claims, cutoff), qubits)


def _in_turn(stream: Scan, claims: Claims, alpha: float) -> Iterator[Trials]:
    cutoff = np.array([cutoffs.repetition_cutoff_in_turn(claims, alpha)])
    yield _repetition("all outcomes in turn", [stream], cutoff, np.array([alpha]), _nobody)
    claim = np.array([cutoffs.claim_in_turn(claims)])
    cutoff = cutoffs.proportion_cutoff(claim, alpha)
    yield _proportion("all outcomes in turn", [stream], cutoff, cutoffs.proportion_level(claim, cutoff), _nobody)


def _nobody(tests: Counts) -> Counts:
    return np.empty((tests.size, 0), np.int64)


def _repetition(of: str, scans: list[Scan], cutoff: Counts, levels: Claims, qubits: Named) -> Trials:
    """A trial is a run that might begin at any outcome with enough after it."""
    return Trials(
        name=f"repetition count, {of}",
        finding="{qubits} gave one value {value:.0f} times in a row, and the cut-off is {cutoff:.0f} (repetition count"
        " test, SP 800-90B section 4.4.1)",
        values=np.array([one.longest_run for one in scans], np.float64),
        cutoffs=cutoff.astype(np.float64),
        levels=levels,
        counts=np.maximum(0, np.array([one.samples for one in scans]) - cutoff + 1),
        qubits=qubits,
    )


def _proportion(of: str, scans: list[Scan], cutoff: Counts, levels: Claims, qubits: Named) -> Trials:
    """A trial is a window."""
    samples = np.array([one.samples for one in scans])
    return Trials(
        name=f"adaptive proportion, {of}",
        finding="{qubits} gave one value {value:.0f} times"
        f" in a window of {WINDOW}, and the cut-off is {{cutoff:.0f}}"
        " (adaptive proportion test, SP 800-90B section 4.4.2)",
        values=np.array([one.fullest_window for one in scans], np.float64),
        cutoffs=cutoff.astype(np.float64),
        levels=levels,
        counts=samples // WINDOW,
        qubits=qubits,
        outcomes_skipped=int((samples % WINDOW).sum()),
    )


def _lag_one(scans: list[Scan], ones: Counts, shots: int, alpha: float, qubits: Named) -> Trials:
    first, runs = np.array([(one.first, one.runs) for one in scans]).T
    return _correlation(
        "correlation from shot to shot",
        "the outcomes of {qubits} depend on those of the shot before: chance does so with a probability of"
        " 2^-{value:.1f}, and the cut-off is 2^-{cutoff:.1f} (exact test of the number of runs)",
        correlation.lag_one_bits(first, runs, ones, shots),
        alpha,
        qubits,
    )


def _pairs(columns: Packed, ones: Counts, shots: int, alpha: float, qubits: Counts) -> Trials:
    return _correlation(
        "correlation of two qubits",
        "the outcomes of {qubits} depend on each other: chance does so with a probability of 2^-{value:.1f}, and the"
        " cut-off is 2^-{cutoff:.1f} (Fisher's exact test)",
        correlation.pair_bits(columns, ones, shots),
        alpha,
        lambda tests: qubits[correlation.pairs_at(tests, qubits.size)],
    )


def _correlation(name: str, finding: str, bits: Claims, alpha: float, qubits: Named) -> Trials:
    """Shares alpha out over the tests of a kind (Bonferroni)."""
    share = alpha / bits.size
    return Trials(
        name=name,
        finding=finding,
        values=bits,
        cutoffs=np.broadcast_to(-math.log2(share), bits.shape),
        levels=np.broadcast_to(share, bits.shape),
        counts=np.broadcast_to(1, bits.shape),
        qubits=qubits,
    )
