"""What it takes to certify bits on a backend."""

from __future__ import annotations

from decimal import Decimal

from qrng_hub.records.base import Record
from qrng_hub.records.certificates import Level


class CertificationPlan(Record):
    """The rounds, shots and cost of a run that certifies bits, from what a backend's calibration lets expect."""

    address: str
    method: str
    level: Level
    bits: float
    epsilon: float
    expected_score: float
    """What readout errors alone let expect: the share of rounds won, the Mermin value, or the share of X errors."""
    threshold_score: float
    """What a run of these rounds has to reach: five standard deviations below, unless it was given."""
    rounds: int
    certified_bits: float
    sites: int
    """The sets of qubits that play at the same time."""
    circuits: int
    shots_each: int
    """The shots of each circuit, which have the same settings."""
    shots: int
    jobs: int
    """How many jobs that many circuits are; a run of this hub is one."""
    cost_low: Decimal | None
    cost_high: Decimal | None
    currency: str
    price_source: str
    first_bit_rounds: int
    """From how many rounds on anything is certified."""
    break_even_rounds: int | None
    """From how many rounds on more is certified than settings use up; None if it never is so."""
    curve: tuple[tuple[int, float, float], ...]
    """Rounds, the bits they certify, and the bits that their settings use up."""
    assumptions: tuple[str, ...]
