"""The events of the ledger: append-only, and chained, so that one that was changed or taken out shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from qrng_hub.ledger import schema

_INSERT = insert(schema.events)
_LAST = select(schema.events.c.hash).order_by(schema.events.c.number.desc()).limit(1)


class ChainedEvent(NamedTuple):
    """An event as it stands in the chain."""

    number: int
    at_utc: datetime
    kind: str
    subject: str
    detail: dict[str, Any]
    hash: str | None


def append(connection: Connection, at_utc: datetime, kind: str, subject: str, detail: Mapping[str, Any]) -> None:
    """Appends an event to the chain, in the transaction that the connection is in."""
    plain = json.loads(json.dumps(dict(detail), default=str))
    row = {"at_utc": at_utc, "kind": kind, "subject": subject, "detail": plain}
    previous = connection.execute(_LAST).scalar()
    connection.execute(_INSERT, row | {"hash": hash_of(previous, at_utc, kind, subject, plain)})


def chained(connection: Connection) -> Iterator[ChainedEvent]:
    """Yields every event in the order of the chain."""
    columns = [schema.events.c[name] for name in ChainedEvent._fields]
    for row in connection.execute(select(*columns).order_by(schema.events.c.number)):
        yield ChainedEvent(*row)


def hash_of(previous: str | None, at_utc: datetime, kind: str, subject: str, detail: Mapping[str, Any]) -> str:
    """Hashes what an event says, and the hash before it, with SHA-256 over canonical JSON."""
    said = [previous or "", at_utc.isoformat(timespec="microseconds"), kind, subject, detail]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def broken(events: Iterable[ChainedEvent]) -> Iterator[str]:
    """Says where a chain is broken; events from before the chain began bear no hash."""
    previous: ChainedEvent | None = None
    for event in events:
        if previous is not None and event.number != previous.number + 1:
            yield f"between event {previous.number} and event {event.number}, events are missing"
        before = previous.hash if previous else None
        if event.hash is None and before is not None:
            yield f"event {event.number} bears no hash"
        elif event.hash is not None and event.hash != hash_of(before, *event[1:5]):
            yield f"event {event.number} ({event.kind} of {event.subject}) is not what was written"
        previous = event
