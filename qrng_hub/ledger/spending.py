"""Bytes of earlier draws that are used up as seeds: each serves once, whichever process takes it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, text, update

from qrng_hub.errors import LedgerError
from qrng_hub.ledger import schema

#: the event of bytes that became a seed
SEED_SPENT = "seed.spent"
_OF = schema.spent.c
_MAKE = text("INSERT INTO spent (draw_id, bytes) VALUES (:of, 0) ON CONFLICT (draw_id) DO NOTHING")
_READ = select(_OF.bytes).where(_OF.draw_id == bindparam("of")).with_for_update()
_WRITE = update(schema.spent).where(_OF.draw_id == bindparam("of"))


def spent(connection: Connection, draw_id: str) -> int:
    """Returns how many bytes of a draw are used up."""
    return int(connection.execute(select(_OF.bytes).where(_OF.draw_id == draw_id)).scalar() or 0)


def require_left(draw_id: str, start: int, count: int, most: int) -> None:
    """Raises `LedgerError` unless `count` of the `most` bytes of a draw are left after the first `start`."""
    if start + count > most:
        raise LedgerError(
            f"draw {draw_id} has {max(most - start, 0):,} bytes left that never were a seed, and {count:,} are needed:"
            " name another draw, of more bytes, in request.seed"
        )


def spend(connection: Connection, draw_id: str, count: int, most: int) -> int:
    """Uses up `count` more of the `most` bytes of a draw and returns where they begin.

    Raises `LedgerError` if fewer are left. The row is locked until the transaction ends.
    """
    connection.execute(_MAKE, {"of": draw_id})
    start = int(connection.execute(_READ, {"of": draw_id}).scalar_one())
    require_left(draw_id, start, count, most)
    connection.execute(_WRITE, {"of": draw_id, "bytes": start + count})
    return start
