"""What IBM publishes of a device, in the hub's words; the same for a snapshot and for the cloud."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from qrng_hub.circuits import GATES
from qrng_hub.records import Availability, Backend, Origin, QubitCalibration


def coupling(configuration: Any) -> tuple[tuple[int, int], ...]:
    """Lists each coupled pair once; a device of one qubit has none."""
    return tuple(sorted({(min(pair), max(pair)) for pair in configuration.coupling_map or ()}))


def qubit_calibration(properties: Any, qubit: int) -> QubitCalibration:
    """Reads the readout error of a qubit from the `BackendProperties` of a snapshot or a device."""
    published = properties.qubit_property(qubit)
    return QubitCalibration(
        qubit=qubit,
        flip_0_to_1=published["prob_meas1_prep0"][0],
        flip_1_to_0=published["prob_meas0_prep1"][0],
    )


def runs_jobs(status: Any) -> bool:
    """Tells from a `BackendStatus` whether jobs run now: a device that is paused takes them and lets them wait."""
    return bool(status.operational) and status.status_msg == "active"


def describe_device(address: str, configuration: Any, properties: Any, status: Any) -> Backend:
    """Describes a device of the cloud; every gate is offered, since the compiler makes each from its own."""
    return Backend(
        address=address,
        origin=Origin.HARDWARE,
        description=f"{configuration.backend_name}, a quantum device of IBM",
        qubits=configuration.n_qubits,
        default_qubits=configuration.n_qubits,
        max_shots=configuration.max_shots,
        max_circuits=configuration.max_experiments,
        gates=tuple(GATES),
        coupling=coupling(configuration),
        availability=Availability.ONLINE if runs_jobs(status) else Availability.OFFLINE,
        status_message=status.status_msg,
        pending_jobs=status.pending_jobs,
        calibration=_calibration(configuration, properties),
        calibrated_utc=properties.last_update_date.astimezone(UTC) if properties else None,
    )


def _calibration(configuration: Any, properties: Any) -> tuple[QubitCalibration, ...]:
    """Lists the qubits whose readout errors are published: after a failed calibration some are not."""
    asked = {"prob_meas1_prep0", "prob_meas0_prep1"}
    known = [q for q in range(configuration.n_qubits) if properties and asked <= set(properties.qubit_property(q))]
    return tuple(qubit_calibration(properties, qubit) for qubit in known)
