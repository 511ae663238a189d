"""Whether a processor of Google runs jobs now, and how many wait; asks nobody."""

from __future__ import annotations

from typing import Any

from qrng_hub.records import Availability, Origin

#: what the names of Google's processors begin with
ENGINE = "engine/"
_AVAILABILITY = {
    "OK": Availability.ONLINE,
    "DOWN": Availability.OFFLINE,
    "INACTIVE": Availability.OFFLINE,
    "UNAVAILABLE": Availability.OFFLINE,
}


def availability_of(entry: Any) -> Availability:
    """Reads the health of a processor (a `QuantumProcessor`); a word never used before is UNKNOWN."""
    return _AVAILABILITY.get(entry.health.name, Availability.UNKNOWN)


def status_of(entry: Any) -> dict[str, Any]:
    """Reads what a processor's entry says, beside its qubits, for its description."""
    message = f"Google says {entry.health.name}"
    if entry.expected_recovery_time:
        message += f", expects it back at {entry.expected_recovery_time:%Y-%m-%d %H:%M} UTC"
    return {
        "origin": Origin.HARDWARE,
        "description": f"{entry.name.rpartition('/')[2]}, a quantum processor of Google",
        "availability": availability_of(entry),
        "status_message": message,
        "pending_jobs": entry.activity_stats.active_jobs_count if "activity_stats" in entry else None,
    }
