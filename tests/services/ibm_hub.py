"""What the tests of IBM's cloud do again and again: serve, submit, run to the end."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import Any

import pytest

from qrng_hub.circuits import Circuit
from qrng_hub.clock import Clock, SystemClock
from qrng_hub.pricing import price_book
from qrng_hub.records import Job, JobSpec
from qrng_hub.testing import FrozenClock
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.settings import IBMSettings
from services.ibm import IBMService

DEVICE, WIDE_DEVICE = "ibm_guadalupe", "ibm_fez"


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[IBMService]:
    """Serves IBM, and leads the client there by its environment."""
    service = IBMService()
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("QISKIT_IBM_TOKEN", service.key)
    yield service
    service.close()


def adapter_for(service: IBMService, clock: Clock | None = None, **settings: Any) -> IBMAdapter:
    """Makes an adapter, as a process of its own would."""
    return IBMAdapter(IBMSettings(runtime_url=service.runtime_url, **settings), clock or SystemClock())


def while_prices_are_fresh() -> FrozenClock:
    """Stands on the first day on which every shipped price of IBM's had been read."""
    read = max(price.dated for price in price_book().prices if price.vendor == "ibm")
    return FrozenClock(datetime.combine(read, time(), UTC))


def hadamards(*qubits: int) -> Circuit:
    """Makes the circuit of a Hadamard and a measurement on each qubit."""
    return Circuit().h(*qubits).measure(*qubits)


def spec_for(*circuits: Circuit, name: str = DEVICE, shots: int = 64, **options: Any) -> JobSpec:
    """Makes a job under a fresh key."""
    circuits = circuits or (hadamards(0, 1, 2),)
    return JobSpec(key=uuid.uuid4().hex, address=f"ibm:{name}", circuits=circuits, shots=shots, options=options)


def submit(adapter: IBMAdapter, spec: JobSpec) -> Job:
    """Submits one job."""
    (job,) = adapter.submit([spec])
    return job


def finish(adapter: IBMAdapter, job: Job) -> Job:
    """Polls a job to its end, at most ten times."""
    for _ in range(10):
        (job,) = adapter.poll([job])
        if job.state.finished:
            return job
    raise AssertionError(f"job {job.vendor_id} is still {job.state}")


def sent(service: IBMService) -> Any:
    """Returns the one job that the service was sent."""
    (job,) = service.jobs.all.values()
    return job
