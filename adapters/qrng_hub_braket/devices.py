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
from braket.program_sets import ProgramSet

from qrng_hub.adapter import require_supported
from qrng_hub.circuits import GATES, Circuit
from qrng_hub.errors import UnsupportedCircuitError, VendorError
from qrng_hub.records import Availability, Backend, JobSpec, QubitCalibration
from qrng_hub_braket.layout import dense
from qrng_hub_braket.names import origin_of
from qrng_hub_braket.published import WRONG, Published, gives_probabilities
from qrng_hub_braket.tasks import utc

_SIMULATED_QUBITS = 20


@dataclass(frozen=True, eq=False)
class CloudDevice:
    """A device with its description; only a QPU that circuits can be written for has anything `published`."""

    device: Any
    region: str
    published: Published | None
    backend: Backend
    problem: str = ""
    """Why no circuits can be written for it."""

    @property
    def arn(self) -> str:
        """The ARN of the device."""
        return str(self.device.arn)

    @property
    def gives_probabilities(self) -> bool:
        """Whether it may answer with probabilities and no shots."""
        return not _is_simulator(self.arn) and gives_probabilities(self.device.properties)

    def require_supported(self, spec: JobSpec) -> None:
        """Raises `BackendLimitError` or `UnsupportedCircuitError` unless the device can run a job."""
        if self.problem:
            raise UnsupportedCircuitError(f"{self.backend.address} takes no circuits of the hub: {self.problem}")
        require_supported(self.backend, spec)
        if self.published:
            self.published.require_total(self.backend, spec)

    def program(self, spec: JobSpec) -> tuple[Any, int]:
        """Writes a job's circuits as one task, and the shots to ask of it: -1 where the program says them."""
        programs = [self._circuit(circuit) for circuit in spec.circuits]
        if len(programs) == 1:
            return programs[0], spec.shots
        return ProgramSet(programs, shots_per_executable=spec.shots), -1

    def labels(self, spec: JobSpec) -> tuple[int, ...]:
        """Returns the labels of the qubits that a job measures, ascending; none for a simulator, which renumbers."""
        measured = sorted({qubit for circuit in spec.circuits for qubit in circuit.measured})
        return tuple(self.published.layout.labels[qubit] for qubit in measured) if self.published else ()

    def _circuit(self, circuit: Circuit) -> Any:
        return self.published.layout.verbatim(circuit) if self.published else dense(circuit)


def open_device(name: str, arn: str, session: Any) -> CloudDevice:
    """Asks AWS for a device and for its queue."""
    device = AwsDevice(arn, session)
    if device.properties is None:
        raise VendorError(f"braket:{name}: this release of the SDK cannot read the device's capabilities; update it")
    queues = session.get_device(arn).get("deviceQueueInfo") or []
    published, calibration, problem = (None, (), "") if _is_simulator(arn) else _published(device.properties)
    backend = _describe(name, device, published, calibration, queues)
    return CloudDevice(device, session.region, published, backend, problem)


def _is_simulator(arn: str) -> bool:
    return "quantum-simulator" in arn


def _published(capabilities: Any) -> tuple[Published | None, tuple[QubitCalibration, ...], str]:
    """Reads a QPU's qubits and their readout errors, or why no circuits can be written for it."""
    try:
        published = Published.of(capabilities)
        return published, published.calibration(), ""
    except WRONG as error:
        return None, (), f"{error}" if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _describe(
    name: str,
    device: Any,
    published: Published | None,
    calibration: tuple[QubitCalibration, ...],
    queues: Sequence[Mapping[str, str]],
) -> Backend:
    properties, simulated = device.properties, _is_simulator(device.arn)
    layout = published.layout if published else None
    qubits = len(layout.labels) if layout else int(getattr(properties.paradigm, "qubitCount", 1))
    available, message = _availability(device)
    pending, at_least = _pending(queues)
    gates = tuple(sorted(GATES)) if simulated else layout.gates if layout else ()
    return Backend(
        address=f"braket:{name}",
        origin=origin_of(device.arn),
        description=f"AWS Braket {device.arn}{published.numbering if published else ''}",
        qubits=qubits,
        default_qubits=min(qubits, _SIMULATED_QUBITS) if simulated else qubits,
        min_shots=max(1, properties.service.shotsRange[0]),
        max_shots=properties.service.shotsRange[1],
        max_circuits=published.max_circuits if published else 1,
        gates=gates,
        coupling=layout.coupling if layout else None,
        availability=available,
        status_message=message,
        pending_jobs=pending,
        pending_jobs_is_lower_bound=at_least,
        calibration=calibration,
        calibrated_utc=utc(properties.service.updatedAt) if published else None,
    )


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
