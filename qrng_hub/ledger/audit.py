"""Holds the ledger against itself: events, jobs, bills, budgets and receipts must tell one story."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from qrng_hub.ledger import budgets, deliveries, queries, schema
from qrng_hub.ledger.deliveries import Row
from qrng_hub.ledger.events import DELIVERED, ChainedEvent, broken, chained, delivery, plain
from qrng_hub.ledger.spending import SEED_SPENT
from qrng_hub.records import JobState


def findings(connection: Connection) -> Iterator[str]:
    """Says, a line each, what does not fit; nothing if all does."""
    events = list(chained(connection))
    jobs = {row.key: dict(row._mapping) for row in connection.execute(select(schema.jobs))}
    yield from broken(events)
    yield from _jobs(jobs, events)
    yield from _budgets(jobs.values(), connection)
    yield from _spent(events, connection)
    yield from _draws(jobs, events, connection)
    yield from _receipts(connection)


def undigested(connection: Connection) -> tuple[str, ...]:
    """Lists the draws of earlier releases, whose events have no digest of their receipts."""
    at = schema.events.c
    rows = connection.execute(select(at.subject, at.detail).where(at.kind == DELIVERED).order_by(at.number))
    return tuple(subject for subject, detail in rows if "receipt_sha256" not in detail)


def doubts(connection: Connection, draw_id: str) -> tuple[str, ...]:
    """Says why the receipt of one draw is not to be signed: what of it does not fit the rest of the ledger."""
    event, receipt = delivery(connection, draw_id), queries.receipt(connection, draw_id)
    if event is None:
        return (f"no event in its place of the chain says that draw {draw_id} was delivered",)
    draw = deliveries.delivered_row(connection, draw_id)
    rows, used_up = deliveries.rows_of(connection, receipt), deliveries.blocks_of(connection, draw_id)
    return tuple(deliveries.mismatches(draw or {}, receipt, rows, used_up, event.detail))


def _jobs(jobs: dict[str, Row], events: list[ChainedEvent]) -> Iterator[str]:
    """Each job at a vendor was intended once, a free one is over with its one event, and rows say what events do.

    Free jobs of earlier releases have no event, and are older than any that has one.
    """
    told: defaultdict[str, list[ChainedEvent]] = defaultdict(list)
    known = {f"job.{state}" for state in JobState}
    for event in events:
        if event.kind in known:
            told[event.subject].append(event)
    free = [own[0].at_utc for key, own in told.items() if key in jobs and jobs[key]["spec"] is None]
    for job in jobs.values():
        own = told.pop(job["key"], [])
        if job["spec"] is not None or own:
            yield from _job(job, own)
        elif free and job["recorded_utc"] > min(free):
            yield f"job {job['key']} has no event, as free jobs have that were recorded before it"
    yield from (f"events of job {key}, which is not in the ledger" for key in told)
    at_vendors = Counter((job["address"], job["vendor_id"]) for job in jobs.values() if job["spec"])
    twice = (name for (_, name), count in at_vendors.items() if name and count > 1)
    yield from (f"several jobs share the vendor's id {name}" for name in twice)


def _job(job: Row, events: list[ChainedEvent]) -> Iterator[str]:
    states = [event.kind.removeprefix("job.") for event in events]
    intended, expected = states.count("intended"), int(job["spec"] is not None)
    if intended != expected:
        yield f"job {job['key']} was intended {intended} times, and not {expected}"
    if states and states[-1] != job["state"]:
        yield f"job {job['key']} is {job['state']}, and its last event says {states[-1]}"
    told: dict[str, Any] = {}
    for event in events:
        told |= event.detail
    for name, value in plain(deliveries.bound(job)).items():
        if name in told and told[name] != value:
            yield f"the {name} of job {job['key']} is {value}, and its events say {told[name]}"


def _spent(events: list[ChainedEvent], connection: Connection) -> Iterator[str]:
    """As many bytes of a draw are used up as seeds as its events say."""
    told: Counter[str] = Counter()
    for event in events:
        if event.kind == SEED_SPENT:
            told[event.subject] += event.detail["bytes"]
    kept = {row.draw_id: int(row.bytes) for row in connection.execute(select(schema.spent))}
    for draw_id in sorted(told.keys() | kept):
        if told[draw_id] != kept.get(draw_id, 0):
            yield f"{kept.get(draw_id, 0)} bytes of draw {draw_id} are used up, and its events say {told[draw_id]}"


def _draws(jobs: dict[str, Row], events: list[ChainedEvent], connection: Connection) -> Iterator[str]:
    """Each draw was delivered once, and its receipt is the one that was delivered and fits its jobs and outcomes."""
    told: defaultdict[str, list[ChainedEvent]] = defaultdict(list)
    for event in events:
        if event.kind == DELIVERED:
            told[event.subject].append(event)
    used_up: defaultdict[str, set[str]] = defaultdict(set)
    for digest, draw_id in connection.execute(select(schema.blocks.c.sha256, schema.blocks.c.draw_id)):
        used_up[draw_id].add(digest)
    draws = [dict(row._mapping) for row in connection.execute(select(schema.draws))]
    for draw, receipt in zip(draws, queries.parsed(one["receipt"] for one in draws), strict=True):
        own = told.pop(draw["draw_id"], [])
        if len(own) != 1:
            yield f"draw {draw['draw_id']} was delivered {len(own)} times, as its events say"
        detail = own[0].detail if own else {}
        yield from deliveries.mismatches(draw, receipt, jobs, used_up[draw["draw_id"]], detail)
    yield from (f"draw {draw_id} was delivered, and its receipt is not in the ledger" for draw_id in told)


def _budgets(jobs: Iterable[Row], connection: Connection) -> Iterator[str]:
    """What is committed of a budget is what its jobs hold, and no more than there is; a bill replaces an estimate."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    estimated: defaultdict[str, Decimal] = defaultdict(Decimal)
    every = {one.name: one for one in budgets.budgets(connection)}
    for job in jobs:
        for name, amount in (job["budgets"] or {}).items():
            unit, most = every[name].unit if name in every else "USD", Decimal(amount)
            high = job["cost_estimated_high"] if unit == "USD" else job["native_estimated"].get("seconds")
            held[name] += most
            estimated[name] += min(most, most if high is None else Decimal(high))
            if unit == "USD" and job["cost_billed"] not in (None, most):
                yield f"job {job['key']} was billed {job['cost_billed']} and still holds {amount} of the budget {name}"
    for one in every.values():
        if one.committed != held[one.name]:
            yield f"the budget {one.name} has {one.committed} committed, and its jobs hold {held[one.name]}"
        if estimated[one.name] > one.most:
            yield f"the budget {one.name} of {one.most} was passed: its jobs were let through for {estimated[one.name]}"


def _receipts(connection: Connection) -> Iterator[str]:
    """Every job served one receipt only, and so did all outcomes."""
    used, blocks = Counter[str](), Counter[str]()
    for receipt in queries.receipts(connection):
        for source in receipt.sources:
            used.update(source.job_keys)
            blocks.update(source.block_sha256)
    twice = (digest for digest, count in blocks.items() if count > 1)
    yield from (f"outcomes {digest} are in two receipts, or twice in one: a vendor gave them again" for digest in twice)
    yield from (f"job {key} is in {count} receipts: its bits left twice" for key, count in used.items() if count > 1)
