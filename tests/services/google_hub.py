"""What the tests of Google's processors share: adapters that a loopback service serves, and jobs for them."""

import uuid

from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.records import Job, JobSpec
from qrng_hub.testing.contract import hadamards
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.settings import CirqSettings
from services.google import GoogleService

NAME = "engine/rainbow"


def adapter_for(service: GoogleService, timeout_seconds: float = 20.0) -> CirqAdapter:
    """Makes an adapter, as a process of its own would."""
    settings = CirqSettings(project_id=service.project, timeout_seconds=timeout_seconds)
    return CirqAdapter(settings, SystemClock(), service.open_engine)


def spec_for(circuit: Circuit | None = None, shots: int = 50) -> JobSpec:
    """Makes a job under a fresh key."""
    circuits = (circuit or hadamards((0, 1, 2)),)
    return JobSpec(key=uuid.uuid4().hex, address=f"cirq:{NAME}", circuits=circuits, shots=shots)


def submit(adapter: CirqAdapter, spec: JobSpec | None = None) -> Job:
    """Submits one job."""
    (job,) = adapter.submit([spec or spec_for()])
    return job


def finish(adapter: CirqAdapter, job: Job) -> Job:
    """Polls a job until it is finished."""
    for _ in range(5):
        (job,) = adapter.poll([job])
    assert job.state.finished
    return job
