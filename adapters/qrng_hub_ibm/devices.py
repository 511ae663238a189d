"""What IBM publishes of a device, in the hub's words; the same for a snapshot and for the cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from qrng_hub.circuits import GATES
from qrng_hub.records import Availability, Backend, Origin, QubitCalibration


def faulty_qubits(configuration: Any, properties: Any) -> tuple[int, ...]:
    """Lists the qubits that IBM calls not operational, of which its compiler makes no circuit."""
    if not properties:
        return ()
    return tuple(qubit for qubit in range(configuration.n_qubits) if not _operational(_published(properties, qubit)))


def coupling(configuration: Any, properties: Any) -> tuple[tuple[int, int], ...]:
    """Lists once each coupled pair that is operational, as are its qubits; a device of one qubit has none."""
    faulty = set(faulty_qubits(configuration, properties))
    broken = (
        {_pair(gate.qubits) for gate in properties.faulty_gates() if len(gate.qubits) == 2} if properties else set()
    )
    pairs = {_pair(pair) for pair in configuration.coupling_map or ()}
    return tuple(sorted(pair for pair in pairs - broken if faulty.isdisjoint(pair)))


def calibration(configuration: Any, properties: Any) -> tuple[QubitCalibration, ...]:
    """Lists the qubits whose readout errors are published: after a failed calibration some are not."""
    every = (qubit_calibration(properties, qubit) for qubit in range(configuration.n_qubits)) if properties else ()
    return tuple(known for known in every if known)


def qubit_calibration(properties: Any, qubit: int) -> QubitCalibration | None:
    """Reads the readout error of a qubit from the `BackendProperties` of a snapshot or a device; None without one.

    IBM publishes P(1 | 0), P(0 | 1) and `readout_error`, which should be their mean. Where it is larger, both
    are raised until it is; where a probability is missing, it is at most twice the mean.
    """
    values = _published(properties, qubit)
    mean = _value(values, "readout_error")
    most = None if mean is None else min(1.0, 2 * mean)
    up, down = (_value(values, name) for name in ("prob_meas1_prep0", "prob_meas0_prep1"))
    up, down = (most if flip is None else flip for flip in (up, down))
    if up is None or down is None:
        return None
    both = 2 * (mean or 0.0)
    up = min(1.0, up + max(0.0, both - up - down) / 2)
    down = max(down, min(1.0, both - up))
    return QubitCalibration(qubit=qubit, flip_0_to_1=max(up, both - down), flip_1_to_0=down)


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """The state of a device as the service answers it."""

    operational: bool
    status_msg: str
    pending_jobs: int | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> DeviceStatus:
        """Reads an answer; a queue whose length is not given is unknown."""
        length = answer.get("length_queue")
        pending = None if length is None else max(0, int(length))
        return cls(bool(answer.get("state")), str(answer.get("status") or ""), pending)


def runs_jobs(status: DeviceStatus) -> bool:
    """Tells whether jobs run now: a device that is paused takes them and lets them wait."""
    return bool(status.operational) and status.status_msg == "active"


def describe_device(address: str, configuration: Any, properties: Any, status: Any) -> Backend:
    """Describes a device of the cloud; every gate is offered, since the compiler makes each from its own."""
    faulty = faulty_qubits(configuration, properties)
    return Backend(
        address=address,
        origin=Origin.HARDWARE,
        description=f"{configuration.backend_name}, a quantum device of IBM{without(faulty)}",
        qubits=configuration.n_qubits,
        default_qubits=configuration.n_qubits - len(faulty),
        max_shots=configuration.max_shots,
        max_circuits=getattr(configuration, "max_experiments", None),
        gates=tuple(GATES),
        coupling=coupling(configuration, properties),
        availability=Availability.ONLINE if runs_jobs(status) else Availability.OFFLINE,
        status_message=status.status_msg,
        pending_jobs=status.pending_jobs,
        faulty=faulty,
        calibration=calibration(configuration, properties),
        calibrated_utc=properties.last_update_date.astimezone(UTC) if properties else None,
    )


def without(faulty: tuple[int, ...]) -> str:
    """Says which qubits are out of use, for a description."""
    return f", without its faulty qubits {', '.join(map(str, faulty))}" if faulty else ""


def _published(properties: Any, qubit: int) -> Mapping[str, Any]:
    """Reads what is published of a qubit; nothing where the list of qubits ends before it."""
    return properties.qubit_property(qubit) if qubit < len(properties.qubits) else {}


def _value(values: Mapping[str, Any], name: str) -> float | None:
    """Reads a probability; None where it is not published, or is none."""
    value = values[name][0] if name in values else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        return None
    return float(value)


def _operational(values: Mapping[str, Any]) -> bool:
    return bool(values["operational"][0]) if "operational" in values else True


def _pair(qubits: Any) -> tuple[int, int]:
    return min(qubits), max(qubits)
