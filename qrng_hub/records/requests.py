"""What a caller wants."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import Field, JsonValue

from qrng_hub.records.base import Origin, Record


class Fallback(StrEnum):
    """What may stand in for hardware that is unavailable."""

    HARDWARE_ONLY = "hardware-only"
    SIMULATE_ON_FAILURE = "simulate-on-failure"
    SIMULATOR_ONLY = "simulator-only"


class Candidate(Record):
    """A backend that a request may use, with what the request asks of it."""

    address: str
    origin: Origin
    qubits: int | None = None
    shots: int | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)


class Request(Record):
    """What a caller wants: how many bytes, by which protocol, from whom, under which policy."""

    bytes: int
    mode: Literal["first", "each", "plan"] = "first"
    protocol: str = "superposition"
    mix_os_entropy: bool = True
    retain_raw: bool = False
    purge_at_vendor: bool = False
    fallback: Fallback = Fallback.SIMULATE_ON_FAILURE
    hedge: bool = False
    """Whether another backend may be paid while a job of the first may still be billed."""
    vendors_min: int = 1
    candidates: tuple[Candidate, ...]

    @cached_property
    def digest(self) -> str:
        """The SHA-256, in hex, of what is asked of whom: the same in every process, whatever the limits are."""
        return hashlib.sha256(self.model_dump_json(include={"bytes", "protocol", "candidates"}).encode()).hexdigest()
