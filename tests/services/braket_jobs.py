"""Jobs for the loopback Braket, and how tests see them through."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.records import Job, JobSpec
from qrng_hub_braket.settings import BraketSettings
from services.braket import BraketService
from services.braket_tasks import Task

SETTINGS = BraketSettings(s3="s3://amazon-braket-test/hub")
ASYMMETRIC = Circuit().h(0).x(3).h(4).measure(0, 3, 4)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[BraketService]:
    """Serves Braket, and leads the AWS SDK there by its environment."""
    service = BraketService().start()
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    yield service
    service.stop()


def spec(*circuits: Circuit, name: str = "garnet", shots: int = 100, key: str = "key-1") -> JobSpec:
    return JobSpec(key=key, address=f"braket:{name}", circuits=circuits or (ASYMMETRIC,), shots=shots)


def submit(adapter: Adapter, one: JobSpec) -> Job:
    (job,) = adapter.submit([one])
    return job


def finish(adapter: Adapter, job: Job) -> Job:
    for _ in range(10):
        (job,) = adapter.poll([job])
        if job.state.finished:
            return job
    raise AssertionError(f"still {job.state}")


def task_of(service: BraketService, job: Job) -> Task:
    return service.tasks.all[job.vendor_id]
