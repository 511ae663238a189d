"""What a comparison of backends found: the same circuits on each, measured alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from math import isclose
from typing import Literal, Self

from pydantic import model_validator

from qrng_hub.records.backends import Backend
from qrng_hub.records.base import Origin, Record
from qrng_hub.records.patterns import Patterns


class Interval(Record):
    """An estimate with its interval, at the confidence that the comparison states."""

    value: float
    low: float
    high: float


class QubitMeasures(Record):
    """One qubit over all repeats; entropies are in bits an outcome."""

    qubit: int
    ones: int
    p_one: Interval
    """How often it gave a one (Clopper and Pearson)."""
    min_entropy_bits: Interval
    """-log2 of the more common value's share, and what the interval of `p_one` makes of it."""
    most_common_value_bits: float
    """The estimate of SP 800-90B section 6.3.1."""
    bound_bits: float
    """What the hub would extract, were it hardware: the bound of each repeat by itself, averaged over all."""
    lag_one: Interval
    """The correlation of an outcome with the one before it (Fisher's z)."""
    drift_p_value: float | None
    """The exact test that all repeats are alike, corrected for the number of qubits; None of one repeat."""


class Pair(Record):
    """Two qubits and the correlation of their outcomes within a shot (phi, with Fisher's z for its interval)."""

    qubits: tuple[int, int]
    correlation: Interval
    p_value: float
    """Fisher's exact test, corrected for the number of pairs."""


class Finding(Record):
    """Something that is not as in a faultless source, at the level that the comparison states."""

    kind: Literal["health", "bias", "shot to shot", "pair", "drift"]
    qubits: tuple[tuple[int, ...], ...]
    """The physical qubits, or pairs of them, the strongest first."""
    p_value: float | None
    """Of the strongest, corrected for the number of tests of its kind; None of a health test."""
    test: str
    sentence: str


class RepeatLine(Record):
    """One job of a comparison; the outcomes cannot be had from it."""

    key: str
    vendor_id: str
    block_sha256: str
    shots: int
    ones: tuple[int, ...]
    bound_bits_per_shot: float
    """What its own counts bound; 0 if it failed its health tests."""
    credited_bits: float
    """0 unless it is hardware's."""
    claimed_bits: float = 0.0
    """What somebody vouches for."""
    extractable_bits: int
    """How many bits Toeplitz hashing would give of it."""
    health: str
    """'passed', or the test that failed."""
    queue_seconds: float | None
    run_seconds: float | None
    cost_estimated_low: Decimal | None
    cost_estimated_high: Decimal | None
    cost_billed: Decimal | None
    currency: str


class Measures(Record):
    """What the outcomes of one backend say, all repeats together."""

    shots: int
    qubits: tuple[QubitMeasures, ...]
    bound_bits_per_shot: float
    """The bounds of all qubits added up, averaged over the repeats: what it would be worth from hardware."""
    pooled_bits_per_shot: float
    """What one bound on the share of ones in all outcomes would say: wrong, for it hides that qubits differ."""
    strongest_pair: Pair | None
    findings: tuple[Finding, ...]
    patterns: Patterns | None = None
    """What the outcomes show beyond that; None in a comparison of an earlier version."""

    @property
    def bound_bits_per_raw_bit(self) -> float:
        """The bound of a shot over its number of outcomes."""
        return self.bound_bits_per_shot / len(self.qubits)


class Totals(Record):
    """What all repeats on one backend took and gave."""

    raw_bits: int
    bounded_bits: float
    credited_bits: float
    claimed_bits: float = 0.0
    """What somebody vouches for, beside what is bounded and credited."""
    extractable_bits: int
    queue_seconds: float | None
    run_seconds: float | None
    raw_bits_per_second: float | None
    """While running, without the queue."""
    seconds_per_bounded_mbit: float | None
    """With the queue."""
    cost_estimated_low: Decimal | None
    cost_estimated_high: Decimal | None
    cost_billed: Decimal | None
    currency: str
    cost_per_raw_mbit: Decimal | None
    """As billed; as estimated at most while a bill is missing. None if unknown."""
    cost_per_bounded_mbit: Decimal | None


class JobPrice(Record):
    """What a job of n shots is estimated to cost at most: the highest of several lines `fixed + each * n`."""

    lines: tuple[tuple[Decimal, Decimal], ...]
    most_shots: int
    """Of one job."""
    currency: str

    def of(self, shots: int) -> Decimal:
        """Returns what so many shots cost, in as few jobs as they take."""
        whole, rest = divmod(shots, self.most_shots)
        return whole * self._job(self.most_shots) + (self._job(rest) if rest else Decimal(0))

    def _job(self, shots: int) -> Decimal:
        return max(fixed + each * shots for fixed, each in self.lines)


class ComparedBackend(Record):
    """One row of a comparison: what a backend gave at one setting, or why it gave nothing."""

    address: str
    setting: str = ""
    """What sets this row apart from others of the same backend, such as 'rep_delay = 0.0001'."""
    origin: Origin
    description: str
    described: Backend | None = None
    """The backend as it was before the first repeat: its coupling map and its published calibration."""
    price: JobPrice | None = None
    """None if nobody knows the price."""
    claimed_by: str = ""
    """Who vouches for its outcomes, if anybody does."""
    failure: str
    """Why it gave nothing, or not all repeats; empty if it did."""
    measures: Measures | None
    totals: Totals | None
    repeats: tuple[RepeatLine, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.measures and (amiss := _amiss(self.measures, self.repeats)):
            raise ValueError(f"{self.label}: {amiss}: these are not the figures that were measured")
        return self

    @property
    def claim(self) -> str:
        """What is claimed of it, in a sentence; empty where nothing is."""
        if self.measures is None or self.totals is None or not self.totals.claimed_bits:
            return ""
        per_shot = self.totals.claimed_bits / self.measures.shots
        return f"{self.claimed_by} claims {per_shot:.2f} bits a shot, of which none are credited"

    @property
    def label(self) -> str:
        """The address, with the setting if there are several."""
        return f"{self.address} ({self.setting})" if self.setting else self.address


def _amiss(measures: Measures, repeats: Sequence[RepeatLine]) -> str:
    """Says what does not add up between the repeats and what is said of them all; nothing if all does."""
    if measures.shots < 1 or measures.shots != sum(one.shots for one in repeats):
        return f"{measures.shots} shots are not those of the repeats"
    ones = tuple(map(sum, zip(*(one.ones for one in repeats), strict=False)))
    if len({one.qubit for one in measures.qubits}) != len(ones) or tuple(one.ones for one in measures.qubits) != ones:
        return "the ones of its qubits are not those of the repeats"
    if min(min(one.ones) for one in repeats) < 0 or any(max(one.ones) > one.shots for one in repeats):
        return "a qubit gave more ones than there were shots, or fewer than none"
    shares = ((one.p_one.value, one.ones / measures.shots) for one in measures.qubits)
    return "" if all(isclose(*pair) for pair in shares) else "P(1) is not the share of ones"


class Difference(Record):
    """Two backends whose qubits differ in min-entropy, or of which that cannot be said."""

    better: str
    worse: str
    shots: int
    """The shots of each that were compared."""
    superiority: float
    """How often a qubit of the better one has more min-entropy than one of the other; a tie counts half."""
    p_value: float
    p_value_holm: float
    is_real: bool
    sentence: str


class Change(Record):
    """What changed of one backend since an earlier comparison, or of what that cannot be said."""

    label: str
    kind: Literal["presence", "calibration", "entropy", "price", "queue"]
    is_real: bool
    """Whether it changed: a fact, or a test at the level of the comparison."""
    p_value: float | None
    """With its corrections; None of a fact, and where there is too little to test."""
    test: str
    sentence: str


class Against(Record):
    """An earlier comparison and what changed since."""

    comparison_id: str
    created_utc: datetime
    changes: tuple[Change, ...]


class Comparison(Record):
    """A comparison of backends, sorted; `summary` is it in three sentences."""

    comparison_id: str
    created_utc: datetime
    versions: dict[str, str]
    by: Literal["entropy", "cost", "time"]
    shots: int
    repeats: int
    alpha: float
    """The chance that any finding is a false alarm if all backends are faultless, and likewise any difference."""
    confidence: float
    """Of every interval, by itself."""
    summary: tuple[str, ...]
    backends: tuple[ComparedBackend, ...]
    differences: tuple[Difference, ...]
    difference_test: str
    vendor_seconds: float = 0.0
    """What describing backends and running jobs took, in all threads together: the vendors' simulators and services."""
    hub_seconds: float = 0.0
    """All the rest of this process's work: ledger, tests, bounds and measures."""
    against: Against | None = None

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({row.label for row in self.backends}) != len(self.backends):
            raise ValueError("a backend is listed twice at one setting")
        return self
