"""Pools and draws to test with: known bytes, of which every 16 stand in one place only."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from qrng_hub.delivery.drawing import Drawing
from qrng_hub.delivery.pool import KeyFile, Pool
from qrng_hub.records import Credit, Draw, Receipt

WINDOW = 16


def known_bytes(count: int, seed: int = 7) -> bytes:
    """Makes bytes whose every window is a different one."""
    data = random.Random(seed).randbytes(count)
    assert len({data[i : i + WINDOW] for i in range(count - WINDOW + 1)}) == max(count - WINDOW + 1, 0)
    return data


def a_pool(folder: Path) -> Pool:
    """Opens or makes a pool whose key is in a file beside its folder, whatever keyring there is."""
    return Pool.open(folder / "pool", key_source=KeyFile(folder / "pool.key"))


def a_draw(data: bytes, draw_id: str = "") -> Draw:
    """Makes a draw of a device that is credited with every bit, by default one like no other."""
    receipt = Receipt(
        draw_id=draw_id or uuid.uuid4().hex,
        created_utc=datetime(2026, 11, 23, tzinfo=UTC),
        code_version="0",
        bytes=len(data),
        sha256=None,
        origin="hardware",
        mode="first",
        protocol="superposition",
        conditioning="",
        mixed_with_os_entropy=True,
        credit=Credit(bits=8 * len(data), reason=""),
        substitutions=(),
        sources=(),
    )
    return Draw(data=data, receipt=receipt)


def require_each_once(known: bytes, handed_out: Iterable[bytes]) -> int:
    """Sees that all that was handed out was put in, and no byte twice; returns how many bytes left."""
    spans = []
    for data in handed_out:
        assert len(data) >= WINDOW, "too short to be found for certain"
        start = known.find(data)
        assert start >= 0, "nobody put this in"
        spans.append((start, start + len(data)))
    spans.sort()
    twice = [(one, other) for one, other in itertools.pairwise(spans) if other[0] < one[1]]
    assert twice == [], "handed out twice"
    return sum(end - start for start, end in spans)


def drawing(draw: Callable[[int], Draw]) -> Drawing:
    """Hands out what is drawn as a hub does."""

    def draw_and_deliver(count: int, /, *, deliver: Callable[[Draw], None]) -> Draw:
        drawn = draw(count)
        deliver(drawn)
        return drawn

    return draw_and_deliver
