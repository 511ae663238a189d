"""The values that travel between the parts of the hub: frozen, with units in their names.

Times are UTC. Money is `Decimal` with a currency; `None` means unknown, never zero.
"""

from qrng_hub.records.backends import Availability, Backend, Check, QubitCalibration
from qrng_hub.records.base import Amount, Origin, Record, total
from qrng_hub.records.blocks import BlockSummary, BlockYield, EntropyCredit, JobYield, RawBlock, ShotOrder
from qrng_hub.records.certificates import (
    OPERATING_SYSTEM,
    Bound,
    Certificate,
    CertificateOptions,
    CertifiedRun,
    ChshOptions,
    Level,
    MerminOptions,
    RunTerms,
    SourceIndependentOptions,
    WinningFactors,
)
from qrng_hub.records.certifying import CertificationPlan
from qrng_hub.records.comparison import (
    Against,
    Change,
    ComparedBackend,
    Comparison,
    Difference,
    Finding,
    Interval,
    JobPrice,
    Measures,
    Pair,
    QubitMeasures,
    RepeatLine,
    Totals,
)
from qrng_hub.records.extraction import Extraction, Method
from qrng_hub.records.generated import GeneratorSeed, OutputReceipt
from qrng_hub.records.health import HealthReport, HealthTest
from qrng_hub.records.jobs import FREE, Finished, Job, JobSpec, JobState, Quote
from qrng_hub.records.patterns import Autocorrelation, Estimates, Patterns, Sample
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
    "OPERATING_SYSTEM",
    "Against",
    "Amount",
    "Autocorrelation",
    "Availability",
    "Backend",
    "BlockSummary",
    "BlockYield",
    "Bound",
    "Candidate",
    "Certificate",
    "CertificateOptions",
    "CertificationPlan",
    "CertifiedRun",
    "Change",
    "Check",
    "ChshOptions",
    "ComparedBackend",
    "Comparison",
    "Credit",
    "Difference",
    "Draw",
    "EntropyCredit",
    "Estimates",
    "Extraction",
    "ExtractionSummary",
    "Fallback",
    "Finding",
    "Finished",
    "GeneratorSeed",
    "HealthReport",
    "HealthSummary",
    "HealthTest",
    "Interval",
    "Job",
    "JobPrice",
    "JobSpec",
    "JobState",
    "JobYield",
    "LedgerEvent",
    "Level",
    "Measures",
    "MerminOptions",
    "Method",
    "Origin",
    "OutputReceipt",
    "Pair",
    "Patterns",
    "QubitCalibration",
    "QubitMeasures",
    "Quote",
    "RawBlock",
    "Receipt",
    "Record",
    "RepeatLine",
    "Request",
    "RunTerms",
    "Sample",
    "SeedDraw",
    "ShotOrder",
    "SourceIndependentOptions",
    "SourceReceipt",
    "Substitution",
    "Totals",
    "WinningFactors",
    "total",
]
