"""What a caller wants."""

from __future__ import annotations

import hashlib
import math
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from qrng_hub.records.base import Origin, Record
from qrng_hub.records.certificates import CertificateOptions


class Fallback(StrEnum):
    """What may stand in for hardware that is unavailable."""

    HARDWARE_ONLY = "hardware-only"
    SIMULATE_ON_FAILURE = "simulate-on-failure"
    SIMULATOR_ONLY = "simulator-only"


class Candidate(Record):
    """A backend that a request may use, with what the request asks of it."""

    address: str
    origin: Origin
    qubits: int | tuple[int, ...] | None = None
    """How many, or which physical ones, ascending."""
    shots: int | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def chosen_qubits(self) -> tuple[int, ...] | None:
        """The physical qubits that were asked for by number, if any were."""
        return self.qubits if isinstance(self.qubits, tuple) else None

    @property
    def qubit_count(self) -> int | None:
        """How many qubits were asked for; None leaves it to the backend."""
        return len(self.qubits) if isinstance(self.qubits, tuple) else self.qubits


class SeedDraw(Record):
    """The earlier draw whose bytes are the seeds of the extractions, and the file that holds them."""

    draw: str
    file: str


Probability = Annotated[float, Field(gt=0, lt=1)]


class Request(Record):
    """What a caller wants: how many bytes, by which protocol, from whom, under which policy."""

    bytes: int
    mode: Literal["first", "each", "plan"] = "first"
    protocol: str = "superposition"
    certificate: CertificateOptions | None = None
    """What a certified protocol is to do."""
    epsilon: Probability = 2.0**-64
    """How far the output may be from uniform, all its blocks together."""
    health_alpha: Probability = 2.0**-30
    """The false-alarm rate of one health test."""
    calibrate: bool = False
    """Whether every job counts its readout errors in circuits of its own."""
    seed: SeedDraw | None = None
    """What the seeds of the extractions are taken from; None is the operating system's generator."""
    mix_os_entropy: bool = True
    retain_raw: bool = False
    purge_at_vendor: bool = False
    fallback: Fallback = Fallback.SIMULATE_ON_FAILURE
    hedge: bool = False
    """Whether another backend may be paid while a job of the first may still be billed."""
    vendors_min: int = 1
    candidates: tuple[Candidate, ...]

    @property
    def epsilon_per_block(self) -> float:
        """The share of each block of an extraction, of which each gives at least 64 bytes.

        Every candidate's last one may be used in part only, on each of two sets of qubits.
        """
        return self.epsilon / (math.ceil(self.bytes / 64) + 2 * len(self.candidates))

    @cached_property
    def digest(self) -> str:
        """The SHA-256, in hex, of what is asked of whom: the same in every process, whatever the limits are."""
        return _digest(self, {"bytes", "protocol", "candidates"})

    @cached_property
    def terms(self) -> str:
        """The SHA-256, in hex, of what must not change while a run goes on: what its receipt says of all its jobs."""
        return _digest(self, {"epsilon", "health_alpha", "calibrate", "fallback"})


def _digest(request: Request, fields: set[str]) -> str:
    return hashlib.sha256(request.model_dump_json(include=fields).encode()).hexdigest()
