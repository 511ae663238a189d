"""Jobs at Google: states, times and outcomes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from cirq_google.api import v2
from cirq_google.cloud import quantum
from cirq_google.engine import util
from grpc import StatusCode as Code

from qrng_hub.circuits import Circuit
from qrng_hub.errors import (
    AuthenticationError,
    JobCancelledError,
    JobError,
    JobFailedError,
    JobNotFoundError,
    VendorError,
)
from qrng_hub.records import Job, JobState, Origin
from qrng_hub.testing.contract import hadamards, values
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.entries import seen
from services.google import Fault, GoogleService, State
from services.google_hub import adapter_for, finish, spec_for, submit

# states and times


def test_many_jobs_are_polled_in_one_list(service: GoogleService, adapter: CirqAdapter) -> None:
    jobs = [submit(adapter) for _ in range(5)]
    service.requests.clear()
    polled = adapter.poll(jobs[::-1])
    assert [job.spec.key for job in polled] == [job.spec.key for job in jobs[::-1]]
    assert {job.state for job in polled} == {JobState.RUNNING}
    assert [method for method, _ in service.requests] == ["ListQuantumJobs"] * 2  # pages of 3
    assert "labels.qrng_hub:*" in service.requests[0][1].filter
    assert "create_time >= " in service.requests[0][1].filter
    done = adapter.poll(adapter.poll(polled))
    service.requests.clear()
    assert adapter.poll(done) == done
    assert service.requests == []


def test_a_job_that_is_in_no_list_is_asked_for(service: GoogleService, adapter: CirqAdapter) -> None:
    first, second = submit(adapter), submit(adapter)
    service.jobs[second.vendor_id].labels.clear()
    assert [job.state for job in adapter.poll([first, second])] == [JobState.RUNNING] * 2
    del service.jobs[second.vendor_id]
    (gone,) = adapter.poll([second])
    assert (gone.state, "no job of this id" in gone.message) == (JobState.UNKNOWN, True)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("READY", JobState.QUEUED),
        ("RUNNING", JobState.RUNNING),
        ("CANCELLING", JobState.UNKNOWN),
        ("CANCELLED", JobState.CANCELLED),
        ("SUCCESS", JobState.DONE),
        ("FAILURE", JobState.FAILED),
        ("STATE_UNSPECIFIED", JobState.UNKNOWN),
    ],
)
def test_states_are_the_hubs(name: str, state: JobState) -> None:
    entry = quantum.QuantumJob(execution_status={"state": State[name]})
    job = seen(Job(spec=spec_for(), vendor_id="x", state=JobState.QUEUED), entry, datetime.now(UTC))
    assert (job.state, name in job.message) == (state, state is JobState.UNKNOWN)


def test_times_are_the_vendors_where_it_tells_them(service: GoogleService, adapter: CirqAdapter) -> None:
    job = finish(adapter, submit(adapter))
    entry = service.jobs[job.vendor_id]
    timing = entry.execution_status.timing
    assert job.stamps == "vendor"
    for mine, theirs in (
        (job.queued_utc, entry.create_time),
        (job.running_utc, timing.started_time),
        (job.finished_utc, timing.completed_time),
    ):
        assert mine is not None
        assert abs(mine - theirs) < timedelta(milliseconds=1)


def test_times_are_observed_where_the_vendor_does_not_tell_them(service: GoogleService, adapter: CirqAdapter) -> None:
    service.keeps_timing = False
    job = finish(adapter, submit(adapter))
    assert job.stamps == "observed"
    assert job.queued_utc is not None
    assert job.running_utc is not None
    assert job.finished_utc is not None
    assert job.queued_utc <= job.running_utc <= job.finished_utc


def test_an_observed_start_gives_way_to_the_vendors(service: GoogleService, adapter: CirqAdapter) -> None:
    service.keeps_timing = False
    (running,) = adapter.poll([submit(adapter)])
    assert (running.state, running.stamps) == (JobState.RUNNING, "observed")
    assert running.running_utc is not None
    began = running.running_utc + timedelta(seconds=1)
    timing = service.jobs[running.vendor_id].execution_status.timing
    timing.started_time, timing.completed_time = began, began + timedelta(seconds=2)
    job = finish(adapter, running)
    assert (job.running_utc, job.run_seconds, job.stamps) == (began, 2, "vendor")


# outcomes


def test_a_failed_job_says_why(service: GoogleService, adapter: CirqAdapter) -> None:
    service.failure = "the fridge is warm"
    job = finish(adapter, submit(adapter))
    assert (job.state, job.message) == (JobState.FAILED, "SYSTEM_ERROR: the fridge is warm")
    with pytest.raises(JobFailedError, match="the fridge is warm"):
        adapter.collect(job)


def test_a_cancelled_job_has_no_outcomes(service: GoogleService, adapter: CirqAdapter) -> None:
    service.held = True
    job = adapter.cancel(submit(adapter))
    assert job.state is JobState.CANCELLED
    with pytest.raises(JobCancelledError):
        adapter.collect(job)


def test_a_finished_job_is_not_cancelled(service: GoogleService, adapter: CirqAdapter) -> None:
    job = finish(adapter, submit(adapter))
    assert adapter.cancel(job) == job
    assert service.asked("CancelQuantumJob") == []


def test_a_job_that_ends_while_it_is_cancelled_is_done(service: GoogleService, adapter: CirqAdapter) -> None:
    job = submit(adapter)
    service.faults["CancelQuantumJob"] = Fault(Code.FAILED_PRECONDITION)
    assert adapter.cancel(job).state is JobState.DONE


def test_a_job_that_runs_has_no_outcomes_yet(service: GoogleService, adapter: CirqAdapter) -> None:
    service.held = True
    with pytest.raises(JobError, match="is queued now: collect it when it is done"):
        adapter.collect(submit(adapter))


def test_outcomes_can_be_fetched_again_and_by_another_process(service: GoogleService, adapter: CirqAdapter) -> None:
    job = finish(adapter, submit(adapter))
    service.faults["GetQuantumResult"] = Fault(Code.PERMISSION_DENIED)
    with pytest.raises(AuthenticationError):
        adapter.collect(job)
    (first,), (second,) = adapter.collect(job), adapter_for(service).collect(job)
    assert first.sha256 == second.sha256
    assert (first.origin, first.source) == (Origin.HARDWARE, "rainbow, a quantum processor of Google")


def test_rows_are_taken_by_their_qubit_and_not_by_their_place(service: GoogleService, adapter: CirqAdapter) -> None:
    job = finish(adapter, submit(adapter, spec_for(Circuit().x(0, 1).measure(0, 1, 2), shots=333)))
    (before,) = adapter.collect(job)
    rewrite(service, job, lambda measured: reverse(measured.qubit_measurement_results))
    (after,) = adapter.collect(job)
    assert before.sha256 == after.sha256
    assert (values(after).mean(axis=0) > 0.5).tolist() == [True, True, False]


def test_outcomes_of_something_else_are_refused(service: GoogleService, adapter: CirqAdapter) -> None:
    job = finish(adapter, submit(adapter))
    intact = service.results[job.vendor_id].result
    for change, message in (
        (lambda measured: measured.qubit_measurement_results.pop(), "outcomes of qubits"),
        (lambda measured: setattr(measured.qubit_measurement_results[0].qubit, "id", "9_9"), "outcomes of qubits"),
        (lambda measured: setattr(measured, "key", "other"), "outcomes of qubits"),
        (lambda measured: setattr(measured.qubit_measurement_results[0], "results", b"\0"), "not 50 bits a qubit"),
    ):
        rewrite(service, job, change)
        with pytest.raises(VendorError, match=message):
            adapter.collect(job)
        service.results[job.vendor_id].result = intact
    more = job.model_copy(update={"spec": job.spec.model_copy(update={"shots": 51})})
    with pytest.raises(VendorError, match="returned 50 shots, not 51"):
        adapter.collect(more)
    other = job.model_copy(update={"spec": job.spec.model_copy(update={"circuits": (hadamards((0,)),)})})
    with pytest.raises(VendorError, match="measures 3 qubits, not 1"):
        adapter.collect(other)
    service.jobs[job.vendor_id].execution_status.processor_name = "projects/p/processors/weber"
    with pytest.raises(VendorError, match="was run by weber"):
        adapter.collect(job)


def test_purging_leaves_nothing_at_google(service: GoogleService, adapter: CirqAdapter) -> None:
    job = finish(adapter, submit(adapter))
    service.faults["DeleteQuantumProgram"] = Fault(Code.PERMISSION_DENIED)
    with pytest.raises(AuthenticationError):
        adapter.purge(job)
    adapter.purge(job)
    assert (service.programs, service.jobs, service.results) == ({}, {}, {})
    with pytest.raises(JobNotFoundError):
        adapter.collect(job)


def test_hardware_outcomes_differ_from_job_to_job(adapter: CirqAdapter) -> None:
    jobs = [finish(adapter, submit(adapter, spec_for(shots=400))) for _ in range(2)]
    blocks = [adapter.collect(job)[0] for job in jobs]
    assert not np.array_equal(blocks[0].outcomes, blocks[1].outcomes)


def rewrite(service: GoogleService, job: Job, change: Callable[[Any], object]) -> None:
    """Changes the one measurement in a job's result."""
    result = service.results[job.vendor_id]
    message = util.unpack_any(result.result, v2.result_pb2.Result())
    change(message.sweep_results[0].parameterized_results[0].measurement_results[0])
    result.result = util.pack_any(message)


def reverse(rows: Any) -> None:
    reversed_rows = [type(row).FromString(row.SerializeToString()) for row in rows][::-1]
    del rows[:]
    rows.extend(reversed_rows)
