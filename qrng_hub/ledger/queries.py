"""Reads from the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from qrng_hub.clock import seconds_between
from qrng_hub.errors import LedgerError, UnknownNameError
from qrng_hub.ledger import schema
from qrng_hub.records import Job, JobSpec, JobState, LedgerEvent, Origin, Quote, Receipt, Record
from qrng_hub.validation import first_problem

#: the event of a draw that begins and can be resumed
RUN_STARTED = "run.started"


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
    account: str | None
    """For which account of the vendor it was meant; None if that is not known."""
    is_remote: bool
    """Whether it ran elsewhere and so was on record before it was submitted."""

    @property
    def queue_seconds(self) -> float | None:
        """Seconds between entering the vendor's queue and starting to run."""
        return seconds_between(self.queued_utc, self.running_utc)

    @property
    def run_seconds(self) -> float | None:
        """Seconds between starting to run and the end."""
        return seconds_between(self.running_utc, self.finished_utc)


_REMOTE = schema.jobs.c.spec.is_not(None).label("is_remote")
_JOB_COLUMNS = [_REMOTE if name == "is_remote" else schema.jobs.c[name] for name in LedgerJob.model_fields]


def jobs(connection: Connection, limit: int | None) -> tuple[LedgerJob, ...]:
    """Lists the newest `limit` jobs, or all, newest first."""
    statement = select(*_JOB_COLUMNS).order_by(schema.jobs.c.recorded_utc.desc()).limit(limit)
    return tuple(LedgerJob.model_validate(dict(row._mapping)) for row in connection.execute(statement))


def ledger_job(connection: Connection, key: str) -> LedgerJob:
    """Reads the job of a key that is in the ledger."""
    row = connection.execute(select(*_JOB_COLUMNS).where(schema.jobs.c.key == key)).one()
    return LedgerJob.model_validate(dict(row._mapping))


def spent(connection: Connection, draw_id: str) -> dict[str, Decimal]:
    """Adds up, by backend, the bills of a draw's jobs, and where there is none the highest estimate."""
    table = schema.jobs.c
    statement = select(table.address, table.cost_billed, table.cost_estimated_high).where(table.draw_id == draw_id)
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for address, billed, high in connection.execute(statement.where(table.currency == "USD")):
        amounts[address] += billed if billed is not None else high or Decimal(0)
    return dict(amounts)


def may_be_billed(connection: Connection, draw_id: str, address: str) -> bool:
    """Whether a job of a draw on a backend is unfinished and its bill is open."""
    table = schema.jobs.c
    finished = [state for state in JobState if state.finished]
    own = (table.draw_id == draw_id) & (table.address == address)
    rows = connection.execute(
        select(table.cost_estimated_high).where(own, table.state.not_in(finished), table.cost_billed.is_(None))
    )
    return any(high is None or high > 0 for (high,) in rows)


def was_delivered(connection: Connection, draw_id: str) -> bool:
    """Whether a draw has its receipt."""
    table = schema.draws.c
    return connection.execute(select(table.draw_id).where(table.draw_id == draw_id)).first() is not None


def user_of(connection: Connection, block_sha256: str) -> str | None:
    """Returns the id of the draw that used up outcomes, if one did."""
    table = schema.blocks.c
    return connection.execute(select(table.draw_id).where(table.sha256 == block_sha256)).scalar()


def undecided(connection: Connection, draw_id: str) -> tuple[str, ...]:
    """Lists the keys of a draw's jobs that are intended or unknown."""
    table = schema.jobs.c
    statement = select(table.key).where(table.draw_id == draw_id)
    return tuple(connection.execute(statement.where(table.state.in_([JobState.INTENDED, JobState.UNKNOWN]))).scalars())


class Run(Record):
    """A draw that can be resumed: what was asked for, and whether it was delivered."""

    draw_id: str
    started_utc: datetime
    bytes: int
    jobs: int
    """How many of its jobs are, or may be, at vendors."""
    spent_usd: Decimal
    """The bills of its jobs, and the highest estimates of those without one."""
    delivered: bool
    of: str = ""
    """The digest of the request."""
    terms: str = ""
    """The digest of what must not change while the run goes on."""
    mode: str = "plan"
    backend: str | None = None
    """The only backend that was asked for, if it was one."""


def runs(connection: Connection) -> tuple[Run, ...]:
    """Lists the draws that can be, or could have been, resumed, newest first."""
    table = schema.events.c
    started = select(table.at_utc, table.subject, table.detail).where(table.kind == RUN_STARTED)
    delivered = set(connection.execute(select(schema.draws.c.draw_id)).scalars())
    job = schema.jobs.c
    may_be = job.vendor_id.is_not(None) | job.state.in_([JobState.INTENDED, JobState.UNKNOWN])
    counts = select(job.draw_id, func.count()).where(may_be).group_by(job.draw_id)
    jobs = {row[0]: int(row[1]) for row in connection.execute(counts)}
    return tuple(
        Run(
            draw_id=row.subject,
            started_utc=row.at_utc,
            bytes=row.detail["bytes"],
            jobs=jobs.get(row.subject, 0),
            spent_usd=sum(spent(connection, row.subject).values(), Decimal(0)),
            delivered=row.subject in delivered,
            of=row.detail.get("of", ""),
            terms=row.detail.get("terms", ""),
            mode=row.detail.get("mode", "plan"),
            backend=row.detail.get("backend"),
        )
        for row in connection.execute(started.order_by(table.number.desc())).all()
    )


def jobs_of(connection: Connection, draw_id: str) -> tuple[tuple[Job, Quote], ...]:
    """Lists, oldest first, the jobs of a draw that a vendor acknowledged, with what they were quoted at."""
    table = schema.jobs.c
    statement = select(schema.jobs).where(
        table.draw_id == draw_id, table.spec.is_not(None), table.vendor_id.is_not(None)
    )
    rows = [dict(row._mapping) for row in connection.execute(statement.order_by(table.recorded_utc))]
    return tuple((_job(row), _quote(row)) for row in rows)


def _quote(row: dict[str, Any]) -> Quote:
    return Quote(
        low=row["cost_estimated_low"],
        high=row["cost_estimated_high"],
        currency=row["currency"],
        native=row["native_estimated"],
        source="the ledger",
    )


def unfinished(connection: Connection) -> tuple[Job, ...]:
    """Lists, oldest first, the jobs on record that the vendor may still work on, or whose bill is pending."""
    finished = [state for state in JobState if state.finished]
    table = schema.jobs.c
    pending = (table.state == JobState.DONE) & table.cost_billed.is_(None)
    statement = select(schema.jobs).where(table.state.not_in(finished) | pending, table.spec.is_not(None))
    return tuple(_job(dict(row._mapping)) for row in connection.execute(statement.order_by(table.recorded_utc)))


def job(connection: Connection, key: str) -> Job:
    """Reads a job that was put on record before it was submitted."""
    statement = select(schema.jobs).where(schema.jobs.c.key == key, schema.jobs.c.spec.is_not(None))
    row = connection.execute(statement).first()
    if row is None:
        raise LedgerError(f"the ledger has no job {key!r} at a vendor: a job in this process is over when it ends")
    return _job(dict(row._mapping))


def key_of(connection: Connection, name: str) -> str:
    """Finds a job's key by its key, its vendor's id, or the beginning of either; raises unless exactly one fits."""
    table = schema.jobs.c
    exact = (table.key == name) | (table.vendor_id == name)
    begins = table.key.startswith(name, autoescape=True) | table.vendor_id.startswith(name, autoescape=True)
    for fits in (exact, begins) if name else ():
        keys = connection.execute(select(table.key).where(fits).limit(2)).scalars().all()
        if len(keys) == 1:
            return str(keys[0])
    raise UnknownNameError(
        f"{'more than one job begins' if name and keys else 'no job in the ledger begins'} with {name!r}"
    )


def _job(row: dict[str, Any]) -> Job:
    fields = {name: row[name] for name in ("state", "queued_utc", "running_utc", "finished_utc", "stamps", "message")}
    return Job(
        spec=JobSpec.model_validate_json(row["spec"]),
        vendor_id=row["vendor_id"] or "",
        billed=row["cost_billed"],
        currency=row["currency"],
        usage=row["native_billed"],
        **fields,
    )


def events(connection: Connection, subject: str | None) -> tuple[LedgerEvent, ...]:
    """Lists the events of a subject, or all, in the order they happened."""
    table = schema.events.c
    statement = select(table.at_utc, table.kind, table.subject, table.detail).order_by(table.number)
    if subject is not None:
        statement = statement.where(table.subject == subject)
    return tuple(LedgerEvent.model_validate(dict(row._mapping)) for row in connection.execute(statement))


def event_count(connection: Connection, subject: str) -> int:
    """Counts the events of a subject."""
    statement = select(func.count()).select_from(schema.events).where(schema.events.c.subject == subject)
    return int(connection.execute(statement).scalar_one())


def receipts(connection: Connection) -> tuple[Receipt, ...]:
    """Lists the receipts of every draw, oldest first."""
    statement = select(schema.draws.c.receipt).order_by(schema.draws.c.created_utc)
    return parsed(connection.execute(statement).scalars())


def parsed(texts: Iterable[str]) -> tuple[Receipt, ...]:
    """Reads receipts as they are written; raises `LedgerError` if one is damaged."""
    return tuple(_receipt(text) for text in texts)


def receipt(connection: Connection, draw_id: str) -> Receipt:
    """Reads the receipt of a draw."""
    return _receipt(receipt_text(connection, draw_id))


def receipt_text(connection: Connection, draw_id: str) -> str:
    """Returns the receipt of a draw as it was written."""
    statement = select(schema.draws.c.receipt).where(schema.draws.c.draw_id == draw_id)
    text: str | None = connection.execute(statement).scalar()
    if text is None:
        raise LedgerError(f"the ledger has no draw {draw_id!r}")
    return text


def _receipt(text: str) -> Receipt:
    try:
        return Receipt.model_validate_json(text)
    except ValidationError as error:
        raise LedgerError(f"a receipt in the ledger is damaged: {first_problem(error)}: {text[:80]}...") from error
