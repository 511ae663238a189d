"""What happened: jobs with their cost and times, draws with their receipts, append-only events."""

from qrng_hub.ledger.budgets import Budget
from qrng_hub.ledger.queries import LedgerJob
from qrng_hub.ledger.store import Ledger, open_ledger

__all__ = ["Budget", "Ledger", "LedgerJob", "open_ledger"]
