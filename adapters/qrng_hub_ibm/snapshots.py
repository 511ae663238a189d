"""The calibration snapshots that qiskit-ibm-runtime carries of IBM's devices; needs the SDK."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import qiskit_ibm_runtime
from qiskit_ibm_runtime import fake_provider

from qrng_hub.circuits import GATES
from qrng_hub.records import Backend, Origin
from qrng_hub_ibm.catalogue import SNAPSHOT
from qrng_hub_ibm.devices import calibration, coupling, faulty_qubits, without
from qrng_hub_ibm.simulators import AER, DEFAULT_QUBITS, Simulator

#: device -> the SDK's class, which reads its files only when it is asked to
CLASSES: dict[str, Any] = {
    member.backend_name.removeprefix("fake_"): member
    for member in vars(fake_provider).values()
    if hasattr(member, "backend_name")
}


@cache
def snapshot(device: str) -> Simulator:
    """Gives the simulator of a device as it was calibrated when the snapshot was taken."""
    source = CLASSES[device]()
    return Simulator(_describe(device, source.configuration(), source.properties()))


def _describe(device: str, configuration: Any, properties: Any) -> Backend:
    """Describes the simulator; every gate is offered, since IBM's compiler makes each from the device's own."""
    calibrated = properties.last_update_date.astimezone(UTC)
    faulty = faulty_qubits(configuration, properties)
    return Backend(
        address=f"ibm:{SNAPSHOT}{device}",
        origin=Origin.SIMULATOR,
        description=_description(device, calibrated) + without(faulty),
        qubits=configuration.n_qubits,
        default_qubits=min(DEFAULT_QUBITS, configuration.n_qubits - len(faulty)),
        max_shots=configuration.max_shots,
        max_circuits=getattr(configuration, "max_experiments", None),
        gates=tuple(GATES),
        coupling=coupling(configuration, properties),
        faulty=faulty,
        calibration=calibration(configuration, properties),
        calibrated_utc=calibrated,
    )


def _description(device: str, calibrated: datetime) -> str:
    return (
        f"{AER}, simulator with ideal gates and the readout errors in the snapshot {device!r} of qiskit-ibm-runtime"
        f" {qiskit_ibm_runtime.__version__}, calibrated {calibrated:%Y-%m-%d}"
    )
