"""Reads from the ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from qrng_hub.clock import seconds_between
from qrng_hub.errors import LedgerError
from qrng_hub.ledger import schema
from qrng_hub.records import JobState, LedgerEvent, Origin, Receipt, Record


class LedgerJob(Record):
    """A job as the ledger has it; money and times that are unknown are None."""

    key: str
    draw_id: str | None
    address: str
    origin: Origin
    vendor_id: str | None
    state: JobState
    qubits: int
    circuits: int
    shots: int
    cost_estimated_low: Decimal | None
    cost_estimated_high: Decimal | None
    cost_billed: Decimal | None
    currency: str
    native_estimated: dict[str, Decimal]
    native_billed: dict[str, Decimal]
    recorded_utc: datetime
    queued_utc: datetime | None
    running_utc: datetime | None
    finished_utc: datetime | None
    stamps: str
    message: str

    @property
    def queue_seconds(self) -> float | None:
        """Seconds between entering the vendor's queue and starting to run."""
        return seconds_between(self.queued_utc, self.running_utc)

    @property
    def run_seconds(self) -> float | None:
        """Seconds between starting to run and the end."""
        return seconds_between(self.running_utc, self.finished_utc)


_JOB_COLUMNS = [schema.jobs.c[name] for name in LedgerJob.model_fields]


def jobs(connection: Connection, limit: int) -> tuple[LedgerJob, ...]:
    """Lists the newest `limit` jobs, newest first."""
    statement = select(*_JOB_COLUMNS).order_by(schema.jobs.c.recorded_utc.desc()).limit(limit)
    return tuple(LedgerJob.model_validate(dict(row._mapping)) for row in connection.execute(statement))


def events(connection: Connection, subject: str | None) -> tuple[LedgerEvent, ...]:
    """Lists the events of a subject, or all, in the order they happened."""
    table = schema.events.c
    statement = select(table.at_utc, table.kind, table.subject, table.detail).order_by(table.number)
    if subject is not None:
        statement = statement.where(table.subject == subject)
    return tuple(LedgerEvent.model_validate(dict(row._mapping)) for row in connection.execute(statement))


def receipt(connection: Connection, draw_id: str) -> Receipt:
    """Reads the receipt of a draw."""
    statement = select(schema.draws.c.receipt).where(schema.draws.c.draw_id == draw_id)
    text: Any = connection.execute(statement).scalar()
    if text is None:
        raise LedgerError(f"the ledger has no draw {draw_id!r}")
    return Receipt.model_validate_json(text)
