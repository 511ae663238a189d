"""Outcomes, what is credited of them, and what was made of them."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, field_validator

from qrng_hub.bits import count_ones, row_bytes
from qrng_hub.records.base import Origin, Record
from qrng_hub.records.certificates import CertifiedRun
from qrng_hub.records.extraction import Extraction
from qrng_hub.records.health import HealthReport
from qrng_hub.records.jobs import Finished, Job, Quote


class ShotOrder(StrEnum):
    """Whether the shots stand in the order measured, or were rebuilt from counts or probabilities."""

    MEASURED = "measured"
    RECONSTRUCTED = "reconstructed"


class Claim(Record):
    """What somebody vouches for of outcomes; nothing is credited for it."""

    bits_per_shot: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """The min-entropy that they claim."""
    by: Annotated[str, Field(min_length=1)]
    """Who they are."""


class RawBlock(Record):
    """One circuit's outcomes: uint8 of shape (shots, ceil(q / 8)), see `qrng_hub.bits`.

    Column j is physical qubit `qubits[j]`, ascending; a row is a shot, in the order measured.
    `repr` never shows the outcomes: they are secrets.
    """

    address: str
    vendor_id: str
    origin: Origin
    source: str
    """The device, or the generator with the origin of its seed."""
    shot_order: ShotOrder
    qubits: tuple[int, ...]
    claim: Claim | None = None
    """What somebody else vouches for; None of a device that the hub itself ran the job on."""
    outcomes: Annotated[npt.NDArray[np.uint8], Field(repr=False, exclude=True)]

    @field_validator("outcomes")
    @classmethod
    def _read_only(cls, outcomes: npt.NDArray[Any], info: Any) -> npt.NDArray[np.uint8]:
        width = row_bytes(len(info.data.get("qubits", ())))
        if outcomes.dtype != np.uint8 or outcomes.ndim != 2 or outcomes.shape[1] != width:
            raise ValueError(f"outcomes must be uint8 of {width} bytes a shot, not {outcomes.dtype} {outcomes.shape}")
        outcomes = np.ascontiguousarray(outcomes).view()
        outcomes.flags.writeable = False
        return outcomes

    @property
    def shots(self) -> int:
        """The number of shots."""
        return int(self.outcomes.shape[0])

    @property
    def raw_bits(self) -> int:
        """The number of outcomes, one bit each."""
        return self.shots * len(self.qubits)

    @cached_property
    def ones(self) -> npt.NDArray[np.int64]:
        """The number of ones of each qubit, int64 of shape (q,)."""
        return count_ones(self.outcomes, len(self.qubits))

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the packed outcomes, in hex."""
        return hashlib.sha256(self.outcomes.data).hexdigest()

    def summary(self) -> BlockSummary:
        """Says everything of the block but its outcomes."""
        return BlockSummary(
            address=self.address,
            vendor_id=self.vendor_id,
            origin=self.origin,
            source=self.source,
            qubits=self.qubits,
            shots=self.shots,
            ones=tuple(self.ones.tolist()),
            sha256=self.sha256,
            claim=self.claim,
        )


class BlockSummary(Record):
    """What is told of a block once its outcomes are used; they cannot be had from it."""

    address: str
    vendor_id: str
    origin: Origin
    source: str
    qubits: tuple[int, ...]
    shots: int
    ones: tuple[int, ...]
    """The number of ones of each qubit, in the order of `qubits`."""
    sha256: str
    claim: Claim | None = None


class EntropyCredit(Record):
    """The min-entropy of a block: what is bounded from its counts, and what of that may be counted on."""

    shots: int
    bound_bits_per_qubit: tuple[float, ...]
    """What is extracted, in bits a shot: the smaller bound of each qubit, 0 where no health test could refute it."""
    counted_bits_per_qubit: tuple[float, ...]
    """The bound from how often each qubit gave a one."""
    calibrated_bits_per_qubit: tuple[float, ...] | None
    """The bound when an adversary knows the readout noise; None where the readout was not calibrated."""
    estimated_bits_per_qubit: tuple[float, ...]
    """What the most common value of each qubit suggests (SP 800-90B section 6.3.1)."""
    epsilon: float
    """The probability that any of the bounds is wrong."""
    credited_bits: float
    """The bound of the whole block if it is hardware's; else 0."""
    method: str
    side_information: str
    assumptions: tuple[str, ...]

    @cached_property
    def bound_bits_per_shot(self) -> float:
        """The bounds of all qubits added up, in bits."""
        return float(sum(self.bound_bits_per_qubit))


class BlockYield(Record):
    """What a block gave: its tests, its credit and its extracted output, which `repr` never shows: it is a secret."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    block: BlockSummary
    health: HealthReport | None
    """None where a run is judged by its certificate alone."""
    credit: EntropyCredit
    extraction: Extraction
    output: Annotated[bytes, Field(repr=False)]
    seed: Annotated[bytes, Field(repr=False)]
    """The seed of the extraction: no secret once the outcomes are, and what the output can be computed with again."""
    seed_origin: str
    """Where it comes from."""
    certified: CertifiedRun | None = None


class JobYield(Record):
    """What a finished job gave, and what it was quoted at."""

    job: Job
    quote: Quote
    given: BlockYield
    others: tuple[Finished, ...] = ()
    """Further jobs of the same run, if `given` is of the outcomes of several."""
