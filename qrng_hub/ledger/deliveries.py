"""What the chain binds of a delivered draw: its receipt, and the rows of those of its jobs that have no events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, select

from qrng_hub.ledger import schema
from qrng_hub.records import Receipt, SourceReceipt, total

#: what an event of a job says of it stands in its row under the same names
BOUND_COLUMNS = ("draw_id", "address", "origin", "qubits", "circuits", "shots", "currency", "vendor_id", "cost_billed")
_JOB = schema.jobs.c
_DRAW = schema.draws.c
_BLOCK = schema.blocks.c
#: how many keys a query names at once
_KEYS = 500

Row = dict[str, Any]


def binding(
    connection: Connection, receipt: Receipt, text: str, signature: Mapping[str, JsonValue] | None
) -> dict[str, JsonValue]:
    """Says what the event of a delivery does: the digests of the receipt and of its free jobs' rows, the signature."""
    rows = rows_of(connection, receipt)
    free: JsonValue = {key: row_digest(row) for key, row in rows.items() if row["spec"] is None}
    said: dict[str, JsonValue] = {"bytes": receipt.bytes, "receipt_sha256": text_digest(text), "free_jobs": free}
    return said | ({} if signature is None else {"signature": dict(signature)})


def bound(row: Mapping[str, Any]) -> dict[str, Any]:
    """Picks what an event says of a job's row, with amounts in digits."""
    found = {name: row[name] for name in BOUND_COLUMNS if name in row}
    return {name: format(one, "f") if isinstance(one, Decimal) else one for name, one in found.items()}


def text_digest(text: str) -> str:
    """Returns the SHA-256 of a receipt as it is written, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def row_digest(row: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of everything that a job's row says, in hex."""
    said = json.dumps(dict(row), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def rows_of(connection: Connection, receipt: Receipt) -> dict[str, Row]:
    """Reads the rows of the jobs that a receipt names, by key."""
    keys = [key for source in receipt.sources for key in source.job_keys]
    found: dict[str, Row] = {}
    for start in range(0, len(keys), _KEYS):
        chosen = select(schema.jobs).where(_JOB.key.in_(keys[start : start + _KEYS]))
        found |= {row.key: dict(row._mapping) for row in connection.execute(chosen)}
    return found


def delivered_row(connection: Connection, draw_id: str) -> Row | None:
    """Reads the row of a draw, if it was delivered."""
    row = connection.execute(select(schema.draws).where(_DRAW.draw_id == draw_id)).first()
    return None if row is None else dict(row._mapping)


def blocks_of(connection: Connection, draw_id: str) -> set[str]:
    """Reads the digests of the outcomes that a draw used up."""
    return set(connection.execute(select(_BLOCK.sha256).where(_BLOCK.draw_id == draw_id)).scalars())


def mismatches(
    draw: Row, receipt: Receipt, rows: Mapping[str, Row], blocks: set[str], event: Mapping[str, Any]
) -> Iterator[str]:
    """Says what of a draw's row and receipt does not fit its event, its jobs' rows, and the outcomes used up."""
    name = f"receipt {receipt.draw_id}"
    if event.get("receipt_sha256") not in (None, text_digest(draw["receipt"])):
        yield f"{name} is not the one that was delivered: its SHA-256 is another"
    if event.get("bytes") != receipt.bytes:
        yield f"{name} is of {receipt.bytes} bytes, and {event.get('bytes')} were delivered"
    different = [one for one in ("draw_id", "created_utc", "bytes", "origin") if draw[one] != getattr(receipt, one)]
    yield from (f"{name} does not say what stands beside it: its {one} is another" for one in different)
    for key, digest in event.get("free_jobs", {}).items():
        if key in rows and row_digest(rows[key]) != digest:
            yield f"job {key} is not what it was when draw {receipt.draw_id} was delivered"
    named = {digest for source in receipt.sources for digest in source.block_sha256}
    yield from (f"{name} names outcomes {digest}, which are not among those used up" for digest in named - blocks)
    yield from (f"outcomes {digest} were used up by draw {name}, which does not name them" for digest in blocks - named)
    for source in receipt.sources:
        yield from (f"{name}, of {source.address}: {problem}" for problem in _of_source(source, receipt, rows))


def _of_source(source: SourceReceipt, receipt: Receipt, rows: Mapping[str, Row]) -> Iterator[str]:
    """Holds a source against the rows of its jobs; a bill that was pending then may have come since."""
    missing = [key for key in source.job_keys if key not in rows]
    if missing:
        yield from (f"it names job {key}, which is not in the ledger" for key in missing)
        return
    jobs = [rows[key] for key in source.job_keys]
    shots = sum(job["shots"] * (job["circuits"] if source.certified else 1) for job in jobs)
    said: dict[str, tuple[Any, Iterable[Any]]] = {
        "draw": (receipt.draw_id, (job["draw_id"] for job in jobs)),
        "address": (source.address, (job["address"] for job in jobs)),
        "origin": (source.origin, (job["origin"] for job in jobs)),
        "number of qubits": (len(source.qubits), (job["qubits"] for job in jobs)),
        "number of shots": (source.shots, (shots,)),
        "list of vendor's ids": (source.vendor_ids, (tuple(job["vendor_id"] for job in jobs),)),
    }
    if source.cost_billed is not None:
        said["bill"] = (source.cost_billed, (_bill(jobs),))
    for what, (meant, found) in said.items():
        other = next((one for one in found if one != meant), None)
        if other is not None:
            yield f"its {what} is {meant}, and of its jobs {other}"


def _bill(jobs: Iterable[Row]) -> Decimal | str:
    billed = total(job["cost_billed"] for job in jobs)
    return "unknown" if billed is None else billed
