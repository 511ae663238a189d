"""The receipt of a generator's output: which draws seeded it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from qrng_hub.records.base import CommonOrigin, Record


class GeneratorSeed(Record):
    """A draw that seeded a generator, or reseeded it, and all of its bytes with that."""

    draw_id: str
    bytes: int
    origin: CommonOrigin
    credited_bits: float


class OutputReceipt(Record):
    """Where the output of a generator comes from; nothing of it is secret."""

    version: Literal[1] = 1
    created_utc: datetime
    code_version: str
    bytes: int
    sha256: str | None
    """The digest of the output; None under 32 bytes, where it would reveal it."""
    mechanism: Literal["CTR_DRBG with AES-256 and derivation function (SP 800-90A Rev. 1)"] = (
        "CTR_DRBG with AES-256 and derivation function (SP 800-90A Rev. 1)"
    )
    seeds: tuple[GeneratorSeed, ...]
    """In their order: 48 bytes seed a generator, 32 reseed it."""
    reseeds: int
    origin: CommonOrigin
    credited_bits: float
    """Of all the output together: no more than the seeds', nor than it has bits."""
