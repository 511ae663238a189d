"""A job: what it costs, what it asks for, where it is."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from qrng_hub.circuits import Circuit
from qrng_hub.clock import seconds_between
from qrng_hub.records.base import Amount, Record


class Quote(Record):
    """The cost of a job before it runs, in a currency and in the vendor's own units."""

    low: Amount | None
    high: Amount | None
    currency: str = "USD"
    native: dict[str, Decimal] = Field(default_factory=dict)
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
    options: dict[str, JsonValue] = Field(default_factory=dict)
    max_usd: Amount | None = None
    """What the job may cost, for vendors that can be told to stop there."""
    submit_by_utc: datetime | None = None
    """When it is too late to submit the job: whoever does not find it by then may close it."""

    @property
    def backend_name(self) -> str:
        """The address without the adapter's name."""
        return self.address.partition(":")[2]


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
    usage: dict[str, Decimal] = Field(default_factory=dict)
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


class Finished(Record):
    """A job whose outcomes can be collected, and what it was quoted at."""

    job: Job
    quote: Quote
