"""What the health tests of a block looked at, and how often they refuse a good one."""

from __future__ import annotations

from qrng_hub.records.base import Record


class HealthTest(Record):
    """One kind of test: how many there were, and the one that came nearest to failing.

    A test fails when its value reaches its cut-off. Repetition counts and proportions are numbers of
    outcomes; correlations are in bits, -log2 of the probability that chance does as much.
    """

    name: str
    trials: int
    alpha_each: float
    """The most that the false-alarm rate of one trial can be."""
    false_alarm_rate: float
    """The union bound over all trials."""
    worst_value: float
    worst_cutoff: float
    worst_qubits: tuple[int, ...]
    """The physical qubits it concerns; empty for all outcomes in turn."""
    outcomes_skipped: int = 0
    """Outcomes at the ends that fill no window, and so were not tested."""


class HealthReport(Record):
    """The tests that a block passed. Passing shows no entropy: a deterministic generator passes as well."""

    address: str
    vendor_id: str
    block_sha256: str
    shots: int
    alpha: float
    qubits: tuple[int, ...]
    """The physical qubits of the block."""
    tested_bits_per_qubit: tuple[float, ...]
    """The claims that were tested: 0 where a claim is too low for a test to refute, and nothing may be credited."""
    tests: tuple[HealthTest, ...]

    @property
    def untested_qubits(self) -> tuple[int, ...]:
        """The qubits whose claims are too low for a test; nothing may be credited to them."""
        return tuple(q for q, bits in zip(self.qubits, self.tested_bits_per_qubit, strict=True) if not bits)

    @property
    def trials(self) -> int:
        """The number of all trials of all tests."""
        return sum(test.trials for test in self.tests)

    @property
    def false_alarm_rate(self) -> float:
        """The probability that a block as good as claimed is refused: at most this, by the union bound."""
        return min(1.0, sum(test.false_alarm_rate for test in self.tests))
