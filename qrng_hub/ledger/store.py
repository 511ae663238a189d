"""Writes to the ledger, each in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, func, insert, text, update

from qrng_hub.clock import Clock
from qrng_hub.database import Database, open_database, repeated
from qrng_hub.errors import LedgerError, VendorError
from qrng_hub.files import alterable, state_folder
from qrng_hub.ledger import audit, budgets, claims, deliveries, events, queries, schema, spending
from qrng_hub.ledger.budgets import Budget, Limit
from qrng_hub.records import Job, JobSpec, JobState, LedgerEvent, Origin, Quote, Receipt

_INSERT_JOB = insert(schema.jobs)
_USE_UP = text("INSERT INTO blocks (sha256, draw_id) VALUES (:sha256, :draw_id) ON CONFLICT (sha256) DO NOTHING")
_UPDATE_JOB = update(schema.jobs).where(schema.jobs.c.key == bindparam("of"))


class Ledger:
    """The open ledger; safe for any number of threads and processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @repeated
    def intend(
        self,
        spec: JobSpec,
        quote: Quote,
        origin: Origin,
        draw_id: str | None,
        limits: Mapping[str, Limit] | None = None,
        account: str | None = None,
    ) -> tuple[Budget, ...]:
        """Puts a job on record, durably, before it is submitted, and reserves its highest estimate.

        `limits` are the budgets that it is charged to, by name. Raises `BudgetExceededError`, and
        records nothing, if one of them has not so much left.
        """
        held = {name: budgets.quoted(quote, limit.unit) for name, limit in (limits or {}).items()}
        row = _spec_columns(spec, quote, origin, draw_id) | {"spec": spec.model_dump_json(), "stamps": "observed"}
        row |= {"account": account}
        row |= {"state": JobState.INTENDED, "native_billed": {}, "message": "", "recorded_utc": self._clock.now()}
        row |= {"budgets": {name: format(amount, "f") for name, amount in held.items()}}
        with self._database.durable() as connection:
            connection.execute(_INSERT_JOB, row)
            reserved = budgets.reserve(connection, limits or {}, quote)
            self._append(connection, "job.intended", spec.key, deliveries.bound(row))
        return reserved

    @repeated
    def acknowledged(self, job: Job) -> None:
        """Records that the vendor has an intended job; after a power cut it would be found there by its key."""
        with self._database.writing() as connection:
            self._update(connection, job)

    @repeated
    def update(self, *jobs: Job) -> None:
        """Records, durably and in one transaction, the states of intended jobs as last seen."""
        with self._database.durable() as connection:
            for job in jobs:
                self._update(connection, job)

    def _update(self, connection: Connection, job: Job) -> None:
        connection.execute(_UPDATE_JOB, {"of": job.spec.key} | _job_columns(job))
        budgets.settle(connection, job.spec.key, budgets.taken(job))
        self._append(connection, f"job.{job.state}", job.spec.key, deliveries.bound(_job_columns(job)))

    @repeated
    def renew_intent(self, key: str, reason: str) -> bool:
        """Records, durably, that an intended job is submitted only from now on; False if it is no longer intended."""
        still = (schema.jobs.c.key == key) & (schema.jobs.c.state == JobState.INTENDED)
        with self._database.durable() as connection:
            renewed = connection.execute(update(schema.jobs).where(still), {"recorded_utc": self._clock.now()}).rowcount
            if renewed:
                self._append(connection, "job.waiting", key, {"reason": reason})
        return bool(renewed)

    @repeated
    def close_intent(self, key: str, state: JobState, message: str) -> None:
        """Records that an intended job never reached the vendor, or that nobody knows whether it did.

        Changes nothing if somebody has found the job at the vendor in the meantime.
        """
        table = schema.jobs.c
        open_ = table.state.in_([JobState.INTENDED, JobState.UNKNOWN]) & (func.coalesce(table.vendor_id, "") == "")
        values: dict[str, Any] = {"state": state, "message": message}
        if state is JobState.CANCELLED:
            values["cost_billed"] = Decimal(0)
        with self._database.durable() as connection:
            if connection.execute(update(schema.jobs).where(table.key == key, open_), values).rowcount:
                nothing = {"USD": Decimal(0), "seconds": Decimal(0)}
                budgets.settle(connection, key, nothing if state is JobState.CANCELLED else {})
                self._append(connection, f"job.{state}", key, {"message": message} | deliveries.bound(values))

    @repeated
    def record_free(self, job: Job, quote: Quote, origin: Origin, draw_id: str | None) -> None:
        """Records a job that cost nothing and is over, with its event, in one fast transaction."""
        row = _spec_columns(job.spec, quote, origin, draw_id) | _job_columns(job)
        row |= {"spec": None, "recorded_utc": self._clock.now(), "budgets": None, "account": None}
        with self._database.writing() as connection:
            connection.execute(_INSERT_JOB, row)
            self._append(connection, f"job.{job.state}", job.spec.key, deliveries.bound(row))

    @repeated
    def use_up(self, receipt: Receipt) -> None:
        """Records which outcomes a draw uses up, before it is delivered.

        Raises `VendorError`, and records nothing, if another draw used up one of them.
        """
        with self._database.writing() as connection:
            self._use_up(connection, receipt)

    @repeated
    def claim(self, receipt: Receipt) -> None:
        """Uses up likewise, durably, and claims for this process to deliver a run.

        Raises `LedgerError`, and records nothing, if it was delivered or another process claimed it.
        """
        with self._database.durable() as connection:
            claims.require_free(connection, receipt.draw_id)
            self._use_up(connection, receipt)
            self._append(connection, claims.CLAIMED, receipt.draw_id, claims.Claim.of_this_process().model_dump())

    def release(self, draw_id: str, reason: str) -> None:
        """Records that whoever claimed to deliver a run did not."""
        self.record_event(claims.RELEASED, draw_id, {"reason": reason})

    def _use_up(self, connection: Connection, receipt: Receipt) -> None:
        draw_id = receipt.draw_id
        for digest in sorted({digest for source in receipt.sources for digest in source.block_sha256}):
            connection.execute(_USE_UP, {"sha256": digest, "draw_id": draw_id})
            if (user := queries.user_of(connection, digest)) != draw_id:
                raise VendorError(f"outcomes of draw {draw_id} are bit by bit those of draw {user}: none are used")

    @repeated
    def record_draw(self, receipt: Receipt, signature: Mapping[str, JsonValue] | None = None) -> None:
        """Keeps the receipt of a draw that was delivered, and in the chain its digest, and its signature if any."""
        row = receipt.model_dump(include={"draw_id", "created_utc", "bytes", "origin"})
        text = receipt.model_dump_json()
        with self._database.writing() as connection:
            bound = deliveries.binding(connection, receipt, text, signature)
            connection.execute(insert(schema.draws), row | {"receipt": text})
            self._append(connection, events.DELIVERED, receipt.draw_id, bound)

    @repeated
    def spend(self, draw_id: str, count: int, most: int) -> int:
        """Uses up, durably, `count` more of the `most` bytes of a draw as a seed; returns where they begin.

        Raises `LedgerError` if fewer are left.
        """
        with self._database.durable() as connection:
            start = spending.spend(connection, draw_id, count, most)
            self._append(connection, spending.SEED_SPENT, draw_id, {"start": start, "bytes": count})
        return start

    @repeated
    def require_unspent(self, draw_id: str, count: int, most: int) -> None:
        """Raises `LedgerError`, and uses nothing up, if fewer are left."""
        with self._database.reading() as connection:
            spending.require_left(draw_id, spending.spent(connection, draw_id), count, most)

    @repeated
    def record_event(self, kind: str, subject: str, detail: Mapping[str, JsonValue]) -> None:
        """Appends an event."""
        with self._database.writing() as connection:
            self._append(connection, kind, subject, detail)

    @repeated
    def record_next(self, seen: int, kind: str, subject: str, detail: Mapping[str, JsonValue]) -> bool:
        """Appends an event, durably, if its subject still has as many events as were `seen`; returns whether it did."""
        with self._database.durable() as connection:
            if queries.event_count(connection, subject) != seen:
                return False
            self._append(connection, kind, subject, detail)
        return True

    @repeated
    def jobs(self, limit: int | None = 100) -> tuple[queries.LedgerJob, ...]:
        """Lists the newest jobs first, or all of them."""
        with self._database.reading() as connection:
            return queries.jobs(connection, limit)

    @repeated
    def budgets(self) -> tuple[Budget, ...]:
        """Lists every budget, with what is spent or reserved of it."""
        with self._database.reading() as connection:
            return budgets.budgets(connection)

    def require_left(self, quotes: Sequence[Quote], limits: Mapping[str, Limit]) -> None:
        """Raises `BudgetExceededError` if a budget has too little left for all of these jobs; reserves nothing."""
        committed = {one.name: one.committed for one in self.budgets()}
        for name, limit in sorted(limits.items()):
            amount = sum((budgets.quoted(quote, limit.unit) for quote in quotes), Decimal(0))
            budgets.require_left(name, limit, committed.get(name, Decimal(0)), amount, "these jobs")

    @repeated
    def require_undelivered(self, draw_id: str) -> None:
        """Raises `LedgerError` if a draw was delivered, or another process claimed to: its bits leave once."""
        with self._database.reading() as connection:
            claims.require_free(connection, draw_id)

    @repeated
    def user_of(self, block_sha256: str) -> str | None:
        """Returns the id of the draw that used up outcomes of this digest, if one did."""
        with self._database.reading() as connection:
            return queries.user_of(connection, block_sha256)

    @repeated
    def undecided(self, draw_id: str) -> tuple[str, ...]:
        """Lists the keys of the jobs of a draw of which nobody knows whether the vendor has them."""
        with self._database.reading() as connection:
            return queries.undecided(connection, draw_id)

    @repeated
    def may_be_billed(self, draw_id: str, address: str) -> bool:
        """Whether a job of a draw on a backend is not known to be over, and may cost something."""
        with self._database.reading() as connection:
            return queries.may_be_billed(connection, draw_id, address)

    @repeated
    def jobs_of(self, draw_id: str) -> tuple[tuple[Job, Quote], ...]:
        """Lists, oldest first, the jobs of a draw that were at a vendor, with what they were quoted at."""
        with self._database.reading() as connection:
            return queries.jobs_of(connection, draw_id)

    @repeated
    def runs(self) -> tuple[queries.Run, ...]:
        """Lists the runs that can be, or could have been, resumed, newest first."""
        with self._database.reading() as connection:
            return queries.runs(connection)

    @repeated
    def unfinished(self) -> tuple[Job, ...]:
        """Lists, oldest first, the jobs on record that the vendor may still work on, or whose bill is pending."""
        with self._database.reading() as connection:
            return queries.unfinished(connection)

    @repeated
    def ledger_job(self, name: str) -> queries.LedgerJob:
        """Reads a job by its key or its vendor's id, or the beginning of either; raises `UnknownNameError`."""
        with self._database.reading() as connection:
            return queries.ledger_job(connection, queries.key_of(connection, name))

    @repeated
    def job(self, name: str) -> Job:
        """Reads a job at a vendor likewise, to ask the vendor about it; raises `LedgerError` if it never was at one."""
        with self._database.reading() as connection:
            return queries.job(connection, queries.key_of(connection, name))

    @repeated
    def audit(self, against: str | None = None) -> tuple[str, ...]:
        """Says what in the ledger does not fit together: its chain of events, jobs, bills, budgets, receipts.

        `against` is what `head` returned earlier: then also whether the chain goes on from there. Raises
        `RequestError` if it never returned that.
        """
        with self._database.reading() as connection:
            cut = () if against is None else events.beyond(tuple(events.chained(connection)), against)
            return (*cut, *audit.findings(connection))

    @repeated
    def undigested(self) -> tuple[str, ...]:
        """Lists the draws of earlier releases, of whose receipts there is no digest of that time."""
        with self._database.reading() as connection:
            return audit.undigested(connection)

    @repeated
    def receipt_to_sign(self, draw_id: str) -> tuple[str, dict[str, Any]]:
        """Reads the receipt of a draw as it was written, and what the event of its delivery says.

        Raises `LedgerError` if there is none of that id, or if it does not fit the rest of the ledger.
        """
        with self._database.reading() as connection:
            text, problems = queries.receipt_text(connection, draw_id), audit.doubts(connection, draw_id)
            event = events.delivery(connection, draw_id)
        if problems or event is None:
            raise LedgerError(f"{problems[0]}: it is not signed. `qrng jobs audit` says all that does not fit")
        return text, event.detail

    @repeated
    def chain(self) -> tuple[events.ChainedEvent, ...]:
        """Lists every event with its hash, in the order of the chain."""
        with self._database.reading() as connection:
            return tuple(events.chained(connection))

    @repeated
    def events(self, subject: str | None = None) -> tuple[LedgerEvent, ...]:
        """Lists the events in the order they happened, of one subject or of all."""
        with self._database.reading() as connection:
            return queries.events(connection, subject)

    @repeated
    def receipts(self) -> tuple[Receipt, ...]:
        """Lists the receipts of every draw, oldest first."""
        with self._database.reading() as connection:
            return queries.receipts(connection)

    @repeated
    def receipt(self, draw_id: str) -> Receipt:
        """Reads the receipt of a draw; raises `LedgerError` if there is none of that id."""
        with self._database.reading() as connection:
            return queries.receipt(connection, draw_id)

    @property
    def shown_url(self) -> str:
        """Where the ledger is, without a password."""
        return self._database.shown_url

    def after_fork(self) -> None:
        """Makes the ledger usable in a forked process."""
        self._database.forget_connections()

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def _append(self, connection: Connection, kind: str, subject: str, detail: Mapping[str, Any]) -> None:
        events.append(connection, self._clock.now(), kind, subject, detail)


def open_ledger(url: str, clock: Clock) -> Ledger:
    """Opens the ledger at a database URL; raises as `qrng_hub.database.open_database` does.

    Raises `LedgerError` besides for a file that belongs to somebody else, or that others may change.
    """
    database = open_database(url)
    if (file := database.file) is not None:
        for place in (file, *(one for one in [file.parent] if one == state_folder())):
            if how := alterable(place.stat()):
                database.close()
                raise LedgerError(f"the ledger cannot be trusted: {place} {how}, or choose another place")
    return Ledger(database, clock)


def _spec_columns(spec: JobSpec, quote: Quote, origin: Origin, draw_id: str | None) -> dict[str, Any]:
    return {
        "key": spec.key,
        "draw_id": draw_id,
        "address": spec.address,
        "origin": origin,
        "qubits": max(len(circuit.measured) for circuit in spec.circuits),
        "circuits": len(spec.circuits),
        "shots": spec.shots,
        "cost_estimated_low": quote.low,
        "cost_estimated_high": quote.high,
        "currency": quote.currency,
        "native_estimated": quote.native,
    }


def _job_columns(job: Job) -> dict[str, Any]:
    return {
        "vendor_id": job.vendor_id,
        "state": job.state,
        "cost_billed": job.billed,
        "native_billed": job.usage,
        "queued_utc": job.queued_utc,
        "running_utc": job.running_utc,
        "finished_utc": job.finished_utc,
        "stamps": job.stamps,
        "message": job.message,
    }
