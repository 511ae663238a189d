"""What happened: jobs with their cost and times, draws with their receipts, append-only events."""

from qrng_hub.ledger.budgets import Budget, Limit, Unit, require_left
from qrng_hub.ledger.events import ChainedEvent, head
from qrng_hub.ledger.queries import RUN_STARTED, LedgerJob, Run
from qrng_hub.ledger.store import Ledger, open_ledger

__all__ = [
    "RUN_STARTED",
    "Budget",
    "ChainedEvent",
    "Ledger",
    "LedgerJob",
    "Limit",
    "Run",
    "Unit",
    "head",
    "open_ledger",
    "require_left",
]
