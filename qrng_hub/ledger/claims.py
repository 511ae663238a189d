"""Who delivers a run: one process of all, on record before anything is handed out."""

from __future__ import annotations

import os
import platform
from datetime import datetime
from typing import Self

from sqlalchemy import Connection, select

from qrng_hub.errors import LedgerError
from qrng_hub.ledger import queries, schema
from qrng_hub.records import Record

CLAIMED, RELEASED = "draw.claimed", "draw.released"


class Claim(Record):
    """The process that hands out a run."""

    host: str
    pid: int

    @classmethod
    def of_this_process(cls) -> Self:
        """Names this process."""
        return cls(host=platform.node(), pid=os.getpid())

    @property
    def has_ended(self) -> bool:
        """Whether the process is known to be over; of another host's nobody knows."""
        if self.host != platform.node() or not hasattr(os, "geteuid"):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def require_free(connection: Connection, draw_id: str) -> None:
    """Raises `LedgerError` if a draw was delivered, or another process may be about to: its bits leave once.

    A claim of a process that has ended on this host before it put the delivery on record counts no more.
    """
    if queries.was_delivered(connection, draw_id):
        raise LedgerError(f"the run {draw_id} was delivered by another process in the meantime")
    if (found := _standing(connection, draw_id)) is not None and not found[1].has_ended:
        since, claim = found
        raise LedgerError(
            f"the run {draw_id} is handed out by process {claim.pid} on {claim.host}, which claimed it at"
            f" {since:%Y-%m-%d %H:%M:%S} UTC; if that process is gone and stored nothing, resume it with --reclaim, in"
            " Python reclaim=True"
        )


def _standing(connection: Connection, draw_id: str) -> tuple[datetime, Claim] | None:
    """Reads the claim that was last made and not released."""
    table = schema.events.c
    statement = select(table.at_utc, table.kind, table.detail).where(
        table.subject == draw_id, table.kind.in_((CLAIMED, RELEASED))
    )
    last = connection.execute(statement.order_by(table.number.desc()).limit(1)).first()
    return (last.at_utc, Claim.model_validate(last.detail)) if last is not None and last.kind == CLAIMED else None
