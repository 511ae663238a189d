"""How jobs on IBM's devices end, and what of their outcomes is taken."""

from decimal import Decimal

import numpy as np
import pytest

from qrng_hub.errors import (
    JobCancelledError,
    JobError,
    JobFailedError,
    QRNGError,
    ReconstructedMeasurementsError,
    ServiceUnreachableError,
    VendorError,
)
from qrng_hub.records import Job, JobState
from qrng_hub_ibm import IBMAdapter
from services.ibm import IBMService
from services.ibm_catalogue import API
from services.ibm_faults import Fault
from services.ibm_hub import DEVICE, finish, hadamards, sent, spec_for, submit

# outcomes


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(f"GET {API}/jobs/.*/results", broken=True), ServiceUnreachableError),
        (Fault(f"GET {API}/jobs/.*/results", cut=True), VendorError),
        (Fault(f"GET {API}/jobs/.*/results", status=404), VendorError),
    ],
    ids=["broken", "cut", "404"],
)
def test_outcomes_that_did_not_arrive_can_be_fetched_again(
    service: IBMService, adapter: IBMAdapter, fault: Fault, error: type[QRNGError]
) -> None:
    job = finish(adapter, submit(adapter, spec_for(hadamards(*range(12)), shots=500)))
    service.faults.add(fault)
    with pytest.raises(error):
        adapter.collect(job)
    service.faults.add(Fault(f"GET {API}/jobs/.*/results", lost=True))
    (block,) = adapter.collect(job)
    assert block.outcomes.tobytes() == np.packbits(sent(service).outcomes[0], axis=1).tobytes()


def test_the_outcomes_of_a_private_job_are_gone_once_read(service: IBMService, adapter: IBMAdapter) -> None:
    job = finish(adapter, submit(adapter, spec_for(private=True)))
    assert adapter.collect(job)[0].shots == 64
    with pytest.raises(VendorError, match="nothing"):
        adapter.collect(job)


def test_outcomes_of_other_shots_qubits_or_devices_are_refused(service: IBMService, adapter: IBMAdapter) -> None:
    job = finish(adapter, submit(adapter, spec_for()))
    with pytest.raises(VendorError, match="not 65 of 3"):
        adapter.collect(with_spec(job, shots=65))
    with pytest.raises(VendorError, match="qubits"):
        adapter.collect(with_spec(job, circuits=(hadamards(3, 4, 5),)))
    with pytest.raises(VendorError, match="1 circuits, not 2"):
        adapter.collect(with_spec(job, circuits=(hadamards(0),) * 2))
    with pytest.raises(VendorError, match=f"run by {DEVICE}"):
        adapter.collect(with_spec(job, address="ibm:ibm_fez"))


def with_spec(job: Job, **update: object) -> Job:
    """Changes what a job was asked for."""
    return job.model_copy(update={"spec": job.spec.model_copy(update=update)})


@pytest.mark.parametrize("option", [("execution", "meas_type", "kerneled"), ("twirling", "enable_measure", True)])
def test_outcomes_that_are_not_bits_as_measured_are_refused(
    service: IBMService, adapter: IBMAdapter, option: tuple[str, str, object]
) -> None:
    job = finish(adapter, submit(adapter, spec_for()))
    group, name, value = option
    sent(service).params.quantum_program.passthrough_data["post_processor"]["options"][group][name] = value
    with pytest.raises(ReconstructedMeasurementsError):
        adapter.collect(job)


# ends


def test_a_failed_job_says_why(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.auto = False
    job = submit(adapter, spec_for())
    service.jobs.step(sent(service))
    service.jobs.end(sent(service), "Failed", "the fridge is warm", 1517)
    job = finish(adapter, job)
    assert (job.state, job.message, job.usage["seconds"]) == (
        JobState.FAILED,
        "error 1517: the fridge is warm",
        Decimal(3),
    )
    with pytest.raises(JobFailedError, match="the fridge is warm"):
        adapter.collect(job)


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("Cancelled - Ran too long", 1305, JobState.FAILED),
        ("Cancelled", 1305, JobState.FAILED),
        ("Cancelled", None, JobState.CANCELLED),
        ("Recalibrating", None, JobState.UNKNOWN),
    ],
)
def test_reads_every_state(
    service: IBMService, adapter: IBMAdapter, status: str, code: int | None, state: JobState
) -> None:
    service.jobs.auto = False
    job = submit(adapter, spec_for())
    service.jobs.end(sent(service), status, "why", code)
    assert adapter.poll([job])[0].state is state


def test_cancels_a_job_that_waits_and_leaves_one_that_is_done(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.auto = False
    waiting = adapter.cancel(submit(adapter, spec_for()))
    assert (waiting.state, waiting.billed) == (JobState.CANCELLED, Decimal(0))
    with pytest.raises(JobCancelledError):
        adapter.collect(waiting)
    service.jobs.auto = True
    done = finish(adapter, submit(adapter, spec_for()))
    assert adapter.cancel(done) == done


def test_a_job_that_waits_has_no_outcomes(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.auto = False
    with pytest.raises(JobError, match="is queued"):
        adapter.collect(submit(adapter, spec_for()))
    assert not any(path.endswith("/results") for path in service.requests)
