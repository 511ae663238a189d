"""Outputs of any size, made piece by piece, so that no more than a piece is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

from pydantic import Field

from qrng_hub.delivery.drawing import Drawing
from qrng_hub.records import CommonOrigin, Draw, Receipt, Record

#: A multiple of 3, so that pieces in base64 follow one another, and of the 64 bytes that shots are conditioned to.
PIECE_BYTES = 3 * 2**20


class PieceOrigin(Record):
    """Where a piece comes from: a draw and its credit.

    Of a generator's output it is the draw that seeded it last; all its bytes together are as unpredictable as
    that seed at most.
    """

    draw_id: str
    origin: CommonOrigin
    credited_bits: float


class Piece(PieceOrigin):
    """The next bytes of an output; `repr` never shows them."""

    data: Annotated[bytes, Field(repr=False, exclude=True)]


def _nowhere(_piece: object) -> None:
    """Leaves it to the caller, who gets it returned."""


def pieces_of_draws(
    draw: Drawing, count: int, piece_bytes: int = PIECE_BYTES, *, deliver: Callable[[Piece], None] = _nowhere
) -> Iterator[Piece]:
    """Yields `count` bytes, each piece from a draw of its own; raises what `draw` does."""
    for size in _sizes(count, piece_bytes):
        drawn = draw(size, deliver=lambda drawn: deliver(_piece(drawn.data, drawn.receipt)))
        yield _piece(drawn.data, drawn.receipt)


def pieces_of_generator(
    draw: Callable[[int], Draw],
    count: int,
    piece_bytes: int = PIECE_BYTES,
    *,
    deliver: Callable[[Piece], None] = _nowhere,
) -> Iterator[Piece]:
    """Yields `count` bytes of a CTR_DRBG that draws seed, and wipes it; raises what `draw` does."""
    from qrng_hub.delivery.drbg import Drbg  # the ciphers, which most outputs need not

    seeds: list[Receipt] = []

    def seed(size: int) -> bytes:
        drawn = draw(size)
        seeds[:] = [drawn.receipt]
        return drawn.data

    with Drbg(seed, personalization=b"qrng_hub pieces") as drbg:
        for size in _sizes(count, piece_bytes):
            piece = _piece(drbg.random_bytes(size), seeds[-1])
            deliver(piece)
            yield piece


def _sizes(count: int, piece_bytes: int) -> Iterator[int]:
    return (min(piece_bytes, count - start) for start in range(0, count, piece_bytes))


def _piece(data: bytes, receipt: Receipt) -> Piece:
    return Piece(data=data, draw_id=receipt.draw_id, origin=receipt.origin, credited_bits=receipt.credit.bits)
