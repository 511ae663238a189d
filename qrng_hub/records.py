"""The values that travel between the parts of the hub: frozen, with units in their names.

Times are UTC. Money is `Decimal` with a currency; `None` means unknown, never zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from qrng_hub.bits import count_ones, row_bytes
from qrng_hub.circuits import Circuit
from qrng_hub.clock import seconds_between


class Record(BaseModel):
    """A frozen value; an unknown field is an error. No error quotes a value: it may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


#: An amount of money; never negative, never NaN.
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class Origin(StrEnum):
    """Where outcomes come from."""

    HARDWARE = "hardware"
    SIMULATOR = "simulator"


class ShotOrder(StrEnum):
    """Whether the shots stand in the order measured, or were rebuilt from counts or probabilities."""

    MEASURED = "measured"
    RECONSTRUCTED = "reconstructed"


class Availability(StrEnum):
    """Whether a backend takes jobs now."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class JobState(StrEnum):
    """Where a job is; UNKNOWN is polled again and is never taken for FAILED."""

    INTENDED = "intended"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def finished(self) -> bool:
        """Whether the vendor will change this state no more."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Fallback(StrEnum):
    """What may stand in for hardware that is unavailable."""

    HARDWARE_ONLY = "hardware-only"
    SIMULATE_ON_FAILURE = "simulate-on-failure"
    SIMULATOR_ONLY = "simulator-only"


class Check(Record):
    """One line of a pre-flight check: what was looked at, whether it is in order, and what to do if not."""

    subject: str
    verdict: Literal["ok", "warning", "failed"]
    detail: str


class Candidate(Record):
    """A backend that a request may use, with what the request asks of it."""

    address: str
    origin: Origin
    qubits: int | None = None
    shots: int | None = None
    options: dict[str, JsonValue] = {}


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


class QubitCalibration(Record):
    """The readout error of one qubit, as its vendor published it: P(1 | state 0) and P(0 | state 1)."""

    qubit: int
    flip_0_to_1: float
    flip_1_to_0: float


class Backend(Record):
    """One device or simulator, as its adapter describes it now."""

    address: str
    origin: Origin
    description: str
    qubits: int
    default_qubits: int
    max_shots: int | None = None
    max_circuits: int | None = None
    gates: tuple[str, ...]
    coupling: tuple[tuple[int, int], ...] | None = None
    """Pairs that a two-qubit gate may join; None where any pair may be joined."""
    availability: Availability = Availability.ONLINE
    status_message: str = ""
    pending_jobs: int | None = None
    pending_jobs_is_lower_bound: bool = False
    calibration: tuple[QubitCalibration, ...] = ()
    calibrated_utc: datetime | None = None

    def __repr__(self) -> str:
        return f"<Backend {self.address}: {self.origin}, {self.qubits} qubits, {self.availability}>"


class Quote(Record):
    """The cost of a job before it runs, in a currency and in the vendor's own units."""

    low: Amount | None
    high: Amount | None
    currency: str = "USD"
    native: dict[str, Decimal] = {}
    source: str

    @property
    def is_free(self) -> bool:
        """Whether the job certainly costs nothing."""
        return self.high == 0


FREE = Quote(low=Decimal(0), high=Decimal(0), source="runs on this machine")


class JobSpec(Record):
    """A job to submit: circuits of one backend, each run `shots` times, under an idempotency key."""

    key: str
    address: str
    circuits: tuple[Circuit, ...]
    shots: int
    options: dict[str, JsonValue] = {}
    max_usd: Amount | None = None
    """What the job may cost, for vendors that can be told to stop there."""

    @property
    def backend_name(self) -> str:
        """The address without the adapter's name."""
        return self.address.partition(":")[2]


class Job(Record):
    """A job at a vendor, as last seen.

    `stamps` says whether the times are the vendor's own or were observed when the state changed.
    """

    spec: JobSpec
    vendor_id: str
    """The vendor's own id; empty if its answer to the submission was never seen."""
    state: JobState
    queued_utc: datetime | None = None
    running_utc: datetime | None = None
    finished_utc: datetime | None = None
    stamps: Literal["vendor", "observed"] = "observed"
    billed: Decimal | None = None
    currency: str = "USD"
    usage: dict[str, Decimal] = {}
    message: str = ""

    @property
    def bill_is_pending(self) -> bool:
        """Whether the vendor has yet to say what the job took, in money or in its own units."""
        return self.billed is None and not self.usage

    @property
    def queue_seconds(self) -> float | None:
        """Seconds between entering the vendor's queue and starting to run."""
        return seconds_between(self.queued_utc, self.running_utc)

    @property
    def run_seconds(self) -> float | None:
        """Seconds between starting to run and the end."""
        return seconds_between(self.running_utc, self.finished_utc)


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


class Outcome(Record):
    """A job that is done, what it was quoted at, and its outcomes, one block a circuit."""

    job: Job
    quote: Quote
    blocks: tuple[RawBlock, ...]


class EntropyCredit(Record):
    """The min-entropy of a block: what its statistics suggest, and what of that may be counted on."""

    estimated_bits_per_qubit: tuple[float, ...]
    shots: int
    credited_bits: float
    method: str
    side_information: str
    assumptions: tuple[str, ...]

    @cached_property
    def estimated_bits_per_shot(self) -> float:
        """The estimates of all qubits added up, in bits."""
        return float(sum(self.estimated_bits_per_qubit))


class Substitution(Record):
    """One backend that did not deliver, what was used in its place, and why."""

    failed: str
    used: str | None
    reason: str


class SourceReceipt(Record):
    """What one backend gave to a draw."""

    address: str
    origin: Origin
    source: str
    job_keys: tuple[str, ...]
    vendor_ids: tuple[str, ...]
    block_sha256: tuple[str, ...]
    qubits: tuple[int, ...]
    shots: int
    raw_bits: int
    p_one: tuple[float, ...]
    """The share of ones of each qubit, in the order of `qubits`."""
    estimated_bits_per_qubit: tuple[float, ...]
    credited_bits: float
    method: str
    side_information: str
    assumptions: tuple[str, ...]
    bytes_delivered: int
    cost_estimated_low: Decimal | None
    cost_estimated_high: Decimal | None
    cost_billed: Decimal | None
    currency: str
    queue_seconds: float | None
    run_seconds: float | None
    purged_at_vendor: bool | None = None
    """Whether every job's outcomes were deleted at the vendor; None if that was not asked for."""

    @property
    def estimated_bits_per_raw_bit(self) -> float:
        """The estimated min-entropy per raw bit, over all qubits."""
        return sum(self.estimated_bits_per_qubit) / max(len(self.qubits), 1)

    @property
    def credited_bits_per_raw_bit(self) -> float:
        """The credited min-entropy per raw bit."""
        return self.credited_bits / max(self.raw_bits, 1)


class Credit(Record):
    """How many bits of min-entropy are credited to an output, and in one sentence why."""

    bits: float
    reason: str


class Receipt(Record):
    """The provenance of a draw, in a form that outlives the process."""

    version: Literal[1] = 1
    draw_id: str
    created_utc: datetime
    code_version: str
    bytes: int
    sha256: str | None
    """The digest of the output; None under 32 bytes, where it would reveal it."""
    origin: Literal["hardware", "simulator", "mixed"]
    mode: str
    """How the sources make the output: first, one; each, their XOR; plan, one part each, in their order."""
    protocol: str
    conditioning: str
    mixed_with_os_entropy: bool
    credit: Credit
    substitutions: tuple[Substitution, ...]
    sources: tuple[SourceReceipt, ...]

    def __repr__(self) -> str:
        sources = ", ".join(source.address for source in self.sources)
        return f"<Receipt {self.draw_id}: {self.bytes} bytes, {self.credit.bits:.0f} bits credited, from {sources}>"


class Draw(Record):
    """Bytes handed to the caller, with their receipt; `repr` never shows the bytes."""

    data: Annotated[bytes, Field(repr=False, exclude=True)]
    receipt: Receipt

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        receipt = self.receipt
        return f"<Draw {receipt.draw_id}: {len(self)} bytes, {receipt.origin}, {receipt.credit.bits:.0f} bits credited>"


class LedgerEvent(Record):
    """Something that happened, as the ledger keeps it."""

    at_utc: datetime
    kind: str
    subject: str
    detail: dict[str, JsonValue] = {}


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Adds amounts of money; unknown if one of them is."""
    known = list(amounts)
    return None if None in known else sum((a for a in known if a is not None), Decimal(0))
