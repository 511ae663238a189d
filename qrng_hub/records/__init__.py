"""The values that travel between the parts of the hub: frozen, with units in their names.

Times are UTC. Money is `Decimal` with a currency; `None` means unknown, never zero.
"""

from qrng_hub.records.backends import Availability, Backend, Check, QubitCalibration
from qrng_hub.records.base import Amount, Origin, Record, total
from qrng_hub.records.blocks import BlockSummary, BlockYield, EntropyCredit, JobYield, RawBlock, ShotOrder
from qrng_hub.records.comparison import (
    ComparedBackend,
    Comparison,
    Difference,
    Finding,
    Interval,
    Measures,
    Pair,
    QubitMeasures,
    RepeatLine,
    Totals,
)
from qrng_hub.records.extraction import Extraction, Method
from qrng_hub.records.health import HealthReport, HealthTest
from qrng_hub.records.jobs import FREE, Finished, Job, JobSpec, JobState, Quote
from qrng_hub.records.receipts import (
    Credit,
    Draw,
    ExtractionSummary,
    HealthSummary,
    LedgerEvent,
    Receipt,
    SourceReceipt,
    Substitution,
)
from qrng_hub.records.requests import Candidate, Fallback, Request, SeedDraw

__all__ = [
    "FREE",
    "Amount",
    "Availability",
    "Backend",
    "BlockSummary",
    "BlockYield",
    "Candidate",
    "Check",
    "ComparedBackend",
    "Comparison",
    "Credit",
    "Difference",
    "Draw",
    "EntropyCredit",
    "Extraction",
    "ExtractionSummary",
    "Fallback",
    "Finding",
    "Finished",
    "HealthReport",
    "HealthSummary",
    "HealthTest",
    "Interval",
    "Job",
    "JobSpec",
    "JobState",
    "JobYield",
    "LedgerEvent",
    "Measures",
    "Method",
    "Origin",
    "Pair",
    "QubitCalibration",
    "QubitMeasures",
    "Quote",
    "RawBlock",
    "Receipt",
    "Record",
    "RepeatLine",
    "Request",
    "SeedDraw",
    "ShotOrder",
    "SourceReceipt",
    "Substitution",
    "Totals",
    "total",
]
