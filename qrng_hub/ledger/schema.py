"""The tables of the ledger; the migrations in `qrng_hub.database` make them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from qrng_hub.database import JsonText, MoneyText, UtcDateTime

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("key", Text, primary_key=True),
    Column("draw_id", Text),
    Column("address", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("vendor_id", Text),
    Column("state", Text, nullable=False),
    Column("qubits", Integer, nullable=False),
    Column("circuits", Integer, nullable=False),
    Column("shots", Integer, nullable=False),
    Column("cost_estimated_low", MoneyText),
    Column("cost_estimated_high", MoneyText),
    Column("cost_billed", MoneyText),
    Column("currency", Text, nullable=False),
    Column("native_estimated", JsonText, nullable=False),
    Column("native_billed", JsonText, nullable=False),
    Column("recorded_utc", UtcDateTime, nullable=False, index=True),
    Column("queued_utc", UtcDateTime),
    Column("running_utc", UtcDateTime),
    Column("finished_utc", UtcDateTime),
    Column("stamps", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("spec", Text),
    Column("account", Text),
    Column("budgets", JsonText),
)

budgets = Table(
    "budgets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("most", MoneyText, nullable=False),
    Column("committed", MoneyText, nullable=False),
    Column("unit", Text, nullable=False),
)

draws = Table(
    "draws",
    metadata,
    Column("draw_id", Text, primary_key=True),
    Column("created_utc", UtcDateTime, nullable=False, index=True),
    Column("bytes", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("receipt", Text, nullable=False),
)

spent = Table(
    "spent",
    metadata,
    Column("draw_id", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("draw_id", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_utc", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("detail", JsonText, nullable=False),
    Column("hash", Text),
)
