"""Holds the ledger against itself: events, jobs, bills, budgets and receipts must tell one story."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from qrng_hub.ledger import budgets, queries, schema
from qrng_hub.ledger.events import ChainedEvent, broken, chained
from qrng_hub.records import JobState


def findings(connection: Connection) -> Iterator[str]:
    """Says, a line each, what does not fit; nothing if all does."""
    events = list(chained(connection))
    jobs = [dict(row._mapping) for row in connection.execute(select(schema.jobs))]
    yield from broken(events)
    yield from _jobs(jobs, events)
    yield from _budgets(jobs, connection)
    yield from _receipts({job["key"] for job in jobs}, connection)


def _jobs(jobs: list[dict[str, Any]], events: list[ChainedEvent]) -> Iterator[str]:
    """Each job at a vendor was intended once, and is in the state that its last event says."""
    states: defaultdict[str, list[str]] = defaultdict(list)
    known = {f"job.{state}" for state in JobState}
    for event in events:
        if event.kind in known:
            states[event.subject].append(event.kind.removeprefix("job."))
    for job in jobs:
        own = states.pop(job["key"], [])
        if job["spec"] is not None:
            yield from _job(job, own)
    yield from (f"events of job {key}, which is not in the ledger" for key in states)
    at_vendors = Counter((job["address"], job["vendor_id"]) for job in jobs if job["spec"] and job["vendor_id"])
    yield from (f"{count} jobs share the vendor's id {name[1]}" for name, count in at_vendors.items() if count > 1)


def _job(job: dict[str, Any], states: list[str]) -> Iterator[str]:
    intended = states.count("intended")
    if intended != 1:
        yield f"job {job['key']} was intended {intended} times"
    if states and states[-1] != job["state"]:
        yield f"job {job['key']} is {job['state']}, and its last event says {states[-1]}"


def _budgets(jobs: list[dict[str, Any]], connection: Connection) -> Iterator[str]:
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


def _receipts(keys: set[str], connection: Connection) -> Iterator[str]:
    """Every job that a receipt names is in the ledger, and served one receipt only."""
    used, blocks = Counter[str](), Counter[str]()
    for receipt in queries.receipts(connection):
        for source in receipt.sources:
            used.update(source.job_keys)
            blocks.update(source.block_sha256)
            missing = set(source.job_keys) - keys
            yield from (f"receipt {receipt.draw_id} names job {key}, which is not in the ledger" for key in missing)
    twice = (digest for digest, count in blocks.items() if count > 1)
    yield from (f"outcomes {digest} are in two receipts, or twice in one: a vendor gave them again" for digest in twice)
    yield from (f"job {key} is in {count} receipts: its bits left twice" for key, count in used.items() if count > 1)
