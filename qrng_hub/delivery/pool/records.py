"""The values that a pool gives."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from qrng_hub.delivery.pool.keys import KeyPlace
from qrng_hub.records import CommonOrigin, Record


class PoolSource(Record):
    """Where a run of handed-out bytes comes from: `length` bytes from `offset` of what draw `draw_id` put in.

    `credited_bits` is the draw's credit in proportion to the length, rounded down.
    """

    draw_id: str
    offset: int
    length: int
    origin: CommonOrigin
    credited_bits: int


class Taken(NamedTuple):
    """Bytes that left a pool, and where they come from, in their order; `repr` never shows the bytes."""

    data: bytearray
    sources: tuple[PoolSource, ...]

    def __repr__(self) -> str:
        return f"<Taken: {len(self.data)} bytes from {len({one.draw_id for one in self.sources})} draw(s)>"


class PoolStatus(Record):
    """What is in a pool."""

    folder: str
    pool_id: str
    created_utc: datetime
    bytes_left: int
    """Those of blocks that cannot be read are among them until they are given up, as these are among the blocks."""
    blocks: int
    bytes_by_origin: dict[CommonOrigin, int]
    """Those of the blocks that can be read, as is their credit."""
    credited_bits_left: int
    damaged: tuple[str, ...]
    """What is wrong with the blocks that cannot be read."""
    low_water_bytes: int
    """Below so many bytes a refiller fills the pool; 0 if none was ever set."""
    key_place: KeyPlace
    key_generation: int

    @property
    def is_low(self) -> bool:
        """Whether the pool is below its low-water mark."""
        return self.bytes_left < self.low_water_bytes


def merged(sources: list[PoolSource]) -> tuple[PoolSource, ...]:
    """Joins neighbours that are one run of one draw."""
    runs: list[PoolSource] = []
    for one in sources:
        last = runs[-1] if runs else None
        if last and (last.draw_id, last.origin, last.offset + last.length) == (one.draw_id, one.origin, one.offset):
            credited = last.credited_bits + one.credited_bits
            runs[-1] = last.model_copy(update={"length": last.length + one.length, "credited_bits": credited})
        else:
            runs.append(one)
    return tuple(runs)
