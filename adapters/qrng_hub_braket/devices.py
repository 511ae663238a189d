"""Braket's cloud devices as the hub sees them: limits, windows, queue, coupling, readout errors.

A circuit for a QPU is written in its native gates inside a verbatim box, on its physical qubits and with
rewiring disabled, so that a column of outcomes is the qubit that was asked for. A simulator gets the
SDK's own gates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from braket.aws import AwsDevice
from braket.emulation.device_emulator_properties import DeviceEmulatorProperties
from braket.program_sets import ProgramSet

from qrng_hub.adapter import require_supported
from qrng_hub.circuits import GATES, Circuit
from qrng_hub.errors import BackendLimitError, UnsupportedCircuitError, VendorError
from qrng_hub.records import Availability, Backend, JobSpec, QubitCalibration
from qrng_hub_braket.layout import Layout, dense
from qrng_hub_braket.names import origin_of
from qrng_hub_braket.results import Expected
from qrng_hub_braket.tasks import utc

_PROGRAM_SET = "braket.ir.openqasm.program_set"
_SIMULATED_QUBITS = 20
_WRONG = (ValueError, TypeError, LookupError, AttributeError)


@dataclass(frozen=True, eq=False)
class CloudDevice:
    """A device with its description; a simulator has no layout."""

    device: Any
    region: str
    layout: Layout | None
    backend: Backend

    @property
    def arn(self) -> str:
        """The ARN of the device."""
        return str(self.device.arn)

    def require_supported(self, spec: JobSpec) -> None:
        """Raises `BackendLimitError` or `UnsupportedCircuitError` unless the device can run a job."""
        require_supported(self.backend, spec)
        if not self.backend.gates:
            raise UnsupportedCircuitError(f"{self.backend.address} has no gates that circuits could be written in")
        properties = self.device.properties
        if spec.shots < (least := properties.service.shotsRange[0]):
            raise BackendLimitError(f"{self.backend.address} takes {least:,} shots or more, not {spec.shots:,}")
        if len(spec.circuits) == 1:
            return
        action = properties.action[_PROGRAM_SET]
        least, most = getattr(action, "minimumTotalShots", None) or 1, action.maximumTotalShots
        if not least <= (total := spec.shots * len(spec.circuits)) <= most:
            raise BackendLimitError(
                f"{self.backend.address} takes {least:,} to {most:,} shots over all circuits of a job, not {total:,}"
            )

    def program(self, spec: JobSpec) -> tuple[Any, int]:
        """Writes a job's circuits as one task, and the shots to ask of it: -1 where the program says them."""
        programs = [self._circuit(circuit) for circuit in spec.circuits]
        if len(programs) == 1:
            return programs[0], spec.shots
        return ProgramSet(programs, shots_per_executable=spec.shots), -1

    def expected(self, circuit: Circuit, shots: int) -> Expected:
        """Says what a circuit's outcomes are to be; a simulator numbers the qubits anew, in the same order."""
        labels = None if self.layout is None else self.layout.measured(circuit)
        return Expected(shots, len(circuit.measured), labels)

    def _circuit(self, circuit: Circuit) -> Any:
        return dense(circuit) if self.layout is None else self.layout.verbatim(circuit)


def open_device(name: str, arn: str, session: Any) -> CloudDevice:
    """Asks AWS for a device and for its queue."""
    device = AwsDevice(arn, session)
    if device.properties is None:
        raise VendorError(f"braket:{name}: this release of the SDK cannot read the device's capabilities; update it")
    queues = session.get_device(arn).get("deviceQueueInfo") or []
    layout = None if "quantum-simulator" in arn else _layout(device)
    return CloudDevice(device, session.region, layout, _describe(name, device, layout, queues))


def _layout(device: Any) -> Layout | None:
    """Reads a QPU's layout, or None where it has no gates that circuits could be written in."""
    try:
        return Layout.of(DeviceEmulatorProperties.from_device_properties(device.properties))
    except _WRONG:
        return None


def _describe(name: str, device: Any, layout: Layout | None, queues: Sequence[Mapping[str, str]]) -> Backend:
    properties, origin = device.properties, origin_of(device.arn)
    simulated = "quantum-simulator" in device.arn
    qubits = len(layout.labels) if layout else int(getattr(properties.paradigm, "qubitCount", 1))
    available, message = _availability(device)
    pending, at_least = _pending(queues)
    gates = tuple(sorted(GATES)) if simulated else layout.gates if layout else ()
    return Backend(
        address=f"braket:{name}",
        origin=origin,
        description=f"AWS Braket {device.arn}{layout.numbering if layout else ''}",
        qubits=qubits,
        default_qubits=min(qubits, _SIMULATED_QUBITS) if simulated else qubits,
        max_shots=properties.service.shotsRange[1],
        max_circuits=_max_circuits(properties) if layout else 1,
        gates=gates,
        coupling=layout.coupling if layout else None,
        availability=available,
        status_message=message,
        pending_jobs=pending,
        pending_jobs_is_lower_bound=at_least,
        calibration=tuple(_calibration(properties, layout)) if layout else (),
        calibrated_utc=utc(properties.service.updatedAt) if layout else None,
    )


def _max_circuits(properties: Any) -> int:
    """Returns how many circuits a task may have: more than one only where program sets are taken."""
    action = properties.action.get(_PROGRAM_SET)
    return max(1, action.maximumExecutables) if action else 1


def _availability(device: Any) -> tuple[Availability, str]:
    if device.status != "ONLINE":
        return Availability.OFFLINE, f"AWS says {device.status}"
    if device.is_available:
        return Availability.ONLINE, ""
    windows = ", ".join(
        f"{window.executionDay.value} {window.windowStartHour:%H:%M}-{window.windowEndHour:%H:%M}"
        for window in device.properties.service.executionWindows
    )
    return Availability.OFFLINE, f"online, but outside its execution windows: {windows} UTC"


def _pending(queues: Sequence[Mapping[str, str]]) -> tuple[int | None, bool]:
    """Reads the queue's depth, a text such as "12" or ">4000", and whether it may be longer."""
    for queue in queues:
        if queue.get("queue") == "QUANTUM_TASKS_QUEUE" and queue.get("queuePriority", "Normal") == "Normal":
            digits = queue["queueSize"].strip().lstrip(">").replace(",", "")
            return (int(digits), ">" in queue["queueSize"]) if digits.isdigit() else (None, False)
    return None, False


def _calibration(properties: Any, layout: Layout) -> list[QubitCalibration]:
    published = DeviceEmulatorProperties.from_device_properties(properties).one_qubit_properties
    flips = []
    for qubit, label in enumerate(layout.labels):
        values = {each.fidelityType.name: each.fidelity for each in published[str(label)].oneQubitFidelity}
        if "READOUT" not in values:
            continue
        either = 1 - values["READOUT"]
        up, down = (values.get(f"READOUT_ERROR_{way}", either) for way in ("0_TO_1", "1_TO_0"))
        flips.append(QubitCalibration(qubit=qubit, flip_0_to_1=up, flip_1_to_0=down))
    return flips
