"""The events of the ledger: append-only, and chained, so that one that was changed or taken out shows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from qrng_hub.errors import RequestError
from qrng_hub.ledger import schema

_INSERT = insert(schema.events)
_LAST = select(schema.events.c.hash).order_by(schema.events.c.number.desc()).limit(1)


#: the event of a draw that left
DELIVERED = "draw.delivered"


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
    said = plain(detail)
    row = {"at_utc": at_utc, "kind": kind, "subject": subject, "detail": said}
    previous = connection.execute(_LAST).scalar()
    connection.execute(_INSERT, row | {"hash": hash_of(previous, at_utc, kind, subject, said)})


def plain(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a detail as JSON has it, amounts and times as text."""
    found: dict[str, Any] = json.loads(json.dumps(dict(detail), default=str))
    return found


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
    """Says where a chain is broken; events from before the chain began bear no hash.

    The hashes decide, not the numbers: a transaction that PostgreSQL rolls back takes its number with it.
    """
    previous: ChainedEvent | None = None
    for event in events:
        if not fits(event, previous):
            said = f"event {event.number} ({event.kind} of {event.subject}) is not what was written"
            after = f"after event {previous.number}" if previous else "before it"
            yield f"{said}, or events {after} are missing" if event.hash else f"event {event.number} bears no hash"
        previous = event


def fits(event: ChainedEvent, previous: ChainedEvent | None) -> bool:
    """Whether an event bears the hash of what it says after the event before it; before the chain began, none."""
    before = previous.hash if previous else None
    return event.hash == (None if event.hash is None and before is None else hash_of(before, *event[1:5]))


def head(events: Sequence[ChainedEvent]) -> str:
    """Names a chain by how many events it has and the hash of the last."""
    return f"{len(events)}:{events[-1].hash or 'none'}" if events else "0:none"


def beyond(events: Sequence[ChainedEvent], earlier: str) -> Iterator[str]:
    """Says why a chain does not go on from what `head` named; raises `RequestError` for what it never names."""
    named = re.fullmatch(r"(\d{1,18}):(none|[0-9a-f]{64})", earlier.strip())
    if named is None:
        raise RequestError(f"{earlier!r} is no head of a chain: `qrng jobs audit --head` prints one")
    count = int(named[1])
    if count > len(events):
        yield f"the chain has {len(events):,} events, and had {count:,}: its end was cut off"
    elif head(events[:count]) != f"{count}:{named[2]}":
        yield f"the first {count:,} events are not those of {earlier.strip()}: the chain was written anew"


def delivery(connection: Connection, draw_id: str) -> ChainedEvent | None:
    """Reads the event of a draw's delivery if it stands in its place of the chain; None if it does not."""
    at = schema.events.c
    columns = [at[name] for name in ChainedEvent._fields]
    of_draw = select(*columns).where(at.subject == draw_id, at.kind == DELIVERED).order_by(at.number).limit(1)
    if (row := connection.execute(of_draw).first()) is None:
        return None
    event = ChainedEvent(*row)
    before = connection.execute(
        select(*columns).where(at.number < event.number).order_by(at.number.desc()).limit(1)
    ).first()
    return event if fits(event, ChainedEvent(*before) if before else None) else None
