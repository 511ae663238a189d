"""The run file: its tables and how it is read."""

from qrng_hub.config.loading import example, ledger_url, load_run_file, run_file_from, with_budget
from qrng_hub.config.settings import (
    MAX_DRAW_BYTES,
    BackendSettings,
    BudgetSettings,
    CompareSettings,
    LedgerSettings,
    PolicySettings,
    PoolSettings,
    RequestSettings,
    RunFile,
    SeedSettings,
    SortKey,
)

__all__ = [
    "MAX_DRAW_BYTES",
    "BackendSettings",
    "BudgetSettings",
    "CompareSettings",
    "LedgerSettings",
    "PolicySettings",
    "PoolSettings",
    "RequestSettings",
    "RunFile",
    "SeedSettings",
    "SortKey",
    "example",
    "ledger_url",
    "load_run_file",
    "run_file_from",
    "with_budget",
]
