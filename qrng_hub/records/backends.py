"""A device or simulator as its adapter describes it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from qrng_hub.records.base import Origin, Record


class Availability(StrEnum):
    """Whether a backend takes jobs now."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


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
    min_shots: int = 1
    """The fewest shots that a circuit may have."""
    max_shots: int | None = None
    max_circuits: int | None = None
    gates: tuple[str, ...]
    coupling: tuple[tuple[int, int], ...] | None = None
    """Pairs that a two-qubit gate may join; None where any pair may be joined."""
    availability: Availability = Availability.ONLINE
    status_message: str = ""
    pending_jobs: int | None = None
    pending_jobs_is_lower_bound: bool = False
    faulty: tuple[int, ...] = ()
    """Qubits that the vendor has taken out of use; no circuit may name them."""
    calibration: tuple[QubitCalibration, ...] = ()
    calibrated_utc: datetime | None = None

    @property
    def usable_qubits(self) -> tuple[int, ...]:
        """The qubits that circuits may name, ascending."""
        faulty = set(self.faulty)
        return tuple(qubit for qubit in range(self.qubits) if qubit not in faulty)

    def __repr__(self) -> str:
        return f"<Backend {self.address}: {self.origin}, {self.qubits} qubits, {self.availability}>"


class Check(Record):
    """One line of a pre-flight check: what was looked at, whether it is in order, and what to do if not."""

    subject: str
    verdict: Literal["ok", "warning", "failed"]
    detail: str
