"""What goes wrong between the hub and Google: one key stays one job, and every error is the hub's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from google.api_core.exceptions import ResourceExhausted
from google.auth.exceptions import RefreshError
from google.rpc.error_details_pb2 import RetryInfo
from grpc import StatusCode as Code

from qrng_hub.clock import SystemClock
from qrng_hub.config import run_file_from
from qrng_hub.errors import (
    AuthenticationError,
    QRNGError,
    QuotaError,
    RateLimitedError,
    ServiceUnreachableError,
    VendorError,
)
from qrng_hub.hub import Hub
from qrng_hub.ledger import open_ledger
from qrng_hub.records import JobSpec, JobState, Origin
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.entries import id_of, labels_of
from qrng_hub_cirq.errors import ENGINE_ERRORS
from services.google import Fault, GoogleService
from services.google_hub import NAME, adapter_for, spec_for, submit

# one key, one job


def test_ids_and_labels_follow_from_the_key(service: GoogleService, adapter: CirqAdapter) -> None:
    spec = spec_for()
    job = submit(adapter, spec)
    identity = f"qrng-hub-{spec.key}"
    assert job.vendor_id == f"projects/{service.project}/programs/{identity}/jobs/{identity}"
    assert (
        dict(service.jobs[job.vendor_id].labels) == labels_of(spec.key) == {"qrng_hub": "job", "qrng_hub_key": spec.key}
    )
    assert id_of("A key / that no id may hold") != id_of("Another key")
    assert len(id_of("x" * 500)) < 64


def test_a_job_runs_under_the_processors_default_configuration(service: GoogleService, adapter: CirqAdapter) -> None:
    selector = service.jobs[submit(adapter).vendor_id].scheduling_config.processor_selector
    assert selector.processor == f"projects/{service.project}/processors/rainbow"
    assert selector.device_config_selector.run_name == "current"
    assert selector.device_config_selector.config_alias == "default"


def test_a_second_submission_under_a_key_finds_the_first_job(service: GoogleService, adapter: CirqAdapter) -> None:
    spec = spec_for()
    first, second = submit(adapter, spec), submit(adapter_for(service), spec)
    assert first.vendor_id == second.vendor_id
    assert len(service.asked("CreateQuantumJob")) == 1


def test_threads_that_submit_under_one_key_make_one_job(service: GoogleService, adapter: CirqAdapter) -> None:
    specs = [spec_for(), spec_for()] * 4

    def submitted(spec: JobSpec) -> str | None:
        try:
            return submit(adapter, spec).vendor_id
        except VendorError as error:  # another thread's request is not answered yet
            assert "still on its way" in str(error)  # noqa: PT017 - whether it is raised is a matter of timing
            return None

    with ThreadPoolExecutor(8) as pool:
        vendor_ids = set(pool.map(submitted, specs)) - {None}
    assert vendor_ids == set(service.jobs)
    assert len(vendor_ids) == 2


def test_a_hub_adopts_a_job_whose_answer_was_never_seen(
    service: GoogleService, adapter: CirqAdapter, tmp_path: Path
) -> None:
    spec, ledger = spec_for(), f"sqlite:///{tmp_path / 'crashed.db'}"
    crashed = open_ledger(ledger, SystemClock())
    crashed.intend(spec, adapter.quote(spec), Origin.HARDWARE, None)
    crashed.close()
    vendor_id = submit(adapter, spec).vendor_id
    run_file = {"version": 1, "backend": [{"address": spec.address}], "ledger": {"url": ledger}}
    with Hub.open(run_file_from(run_file), adapters=[adapter_for(service)]) as hub:
        (adopted,) = hub.reconcile()
        assert (adopted.vendor_id, adopted.before) == (vendor_id, JobState.INTENDED)
    assert len(service.asked("CreateQuantumJob")) == 1


def test_a_program_without_its_job_gets_one(service: GoogleService, adapter: CirqAdapter) -> None:
    spec = spec_for()
    service.faults["CreateQuantumJob"] = Fault(Code.FAILED_PRECONDITION)
    with pytest.raises(VendorError, match="submitting job"):
        submit(adapter, spec)
    assert adapter.find([spec]) == ()
    submit(adapter, spec)
    assert (len(service.programs), len(service.jobs)) == (1, 1)


DOUBTFUL = [
    Code.UNAVAILABLE, Code.INTERNAL, Code.UNKNOWN, Code.DEADLINE_EXCEEDED, Code.CANCELLED, Code.ABORTED,
    Code.RESOURCE_EXHAUSTED, Code.UNAUTHENTICATED,
]  # fmt: skip


@pytest.mark.parametrize("method", ["CreateQuantumProgram", "CreateQuantumJob"])
@pytest.mark.parametrize("code", DOUBTFUL)
def test_a_lost_answer_makes_no_second_job(
    service: GoogleService, adapter: CirqAdapter, code: Code, method: str
) -> None:
    spec = spec_for()
    service.faults[method] = Fault(code, after=True)
    try:
        job = submit(adapter, spec)
    except VendorError:
        assert method == "CreateQuantumProgram"
        job = submit(adapter_for(service), spec)
    assert (len(service.programs), list(service.jobs)) == (1, [job.vendor_id])


@pytest.mark.parametrize("method", ["CreateQuantumProgram", "CreateQuantumJob"])
@pytest.mark.parametrize("code", [Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.OUT_OF_RANGE, Code.NOT_FOUND])
def test_a_job_that_google_refused_to_make_is_not_in_doubt(
    service: GoogleService, adapter: CirqAdapter, code: Code, method: str
) -> None:
    service.faults[method] = Fault(code)
    with pytest.raises(VendorError, match="planted") as caught:
        submit(adapter)
    assert not caught.value.may_have_happened
    assert service.jobs == {}


@pytest.mark.parametrize("method", ["CreateQuantumProgram", "CreateQuantumJob"])
def test_a_creation_that_google_aborted_passes_and_is_no_missing_job(
    service: GoogleService, adapter: CirqAdapter, method: str
) -> None:
    spec = spec_for()
    service.faults[method] = Fault(Code.ABORTED)
    with pytest.raises(ServiceUnreachableError, match="planted") as caught:
        submit(adapter, spec)
    assert caught.value.may_have_happened
    assert submit(adapter, spec).vendor_id in service.jobs
    assert len(service.jobs) == 1


def test_a_job_that_cannot_be_looked_for_is_neither_there_nor_not(service: GoogleService, adapter: CirqAdapter) -> None:
    spec = spec_for()
    service.faults["CreateQuantumJob"] = Fault(Code.DEADLINE_EXCEEDED, after=True)
    service.faults["GetQuantumJob"] = Fault(Code.PERMISSION_DENIED, times=2, skipped=1)
    with pytest.raises(ServiceUnreachableError) as caught:
        submit(adapter, spec)
    assert isinstance(caught.value.__cause__, AuthenticationError)
    with pytest.raises(AuthenticationError):
        adapter.find([spec])
    (found,) = adapter.find([spec])
    assert found.vendor_id in service.jobs
    assert len(service.asked("CreateQuantumJob")) == 1


def test_a_request_slower_than_the_deadline_is_still_on_its_way(service: GoogleService) -> None:
    adapter, spec = adapter_for(service, timeout_seconds=2.0), spec_for()
    adapter.describe(NAME)
    service.faults["CreateQuantumProgram"] = Fault(Code.OK, slow_seconds=30)
    with pytest.raises(ServiceUnreachableError, match="may still have happened"):
        submit(adapter, spec)
    with pytest.raises(VendorError, match="still on its way"):
        adapter.find([spec])
    service.release.set()
    for _ in range(200):
        try:
            if found := adapter.find([spec]):
                break
        except VendorError:
            continue
    assert [job.spec.key for job in found] == [spec.key]
    assert len(service.jobs) == 1


# errors of the service


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        (Code.UNAUTHENTICATED, "", AuthenticationError),
        (Code.PERMISSION_DENIED, "", AuthenticationError),
        (Code.RESOURCE_EXHAUSTED, "slow down", RateLimitedError),
        (Code.RESOURCE_EXHAUSTED, "Quota exceeded for requests per minute", RateLimitedError),
        (Code.RESOURCE_EXHAUSTED, "Quota exceeded for jobs of this project", QuotaError),
        (Code.DEADLINE_EXCEEDED, "", ServiceUnreachableError),
        (Code.INVALID_ARGUMENT, "", VendorError),
        (Code.DATA_LOSS, "", VendorError),
    ],
)
def test_an_error_of_the_service_is_the_hubs(
    service: GoogleService, code: Code, message: str, error: type[QRNGError]
) -> None:
    service.faults["GetQuantumProcessor"] = Fault(code, message, times=99)
    with pytest.raises(error) as caught:
        adapter_for(service, timeout_seconds=10).describe(NAME)
    assert type(caught.value) is error


def test_a_service_that_is_down_for_a_moment_is_asked_again(service: GoogleService, adapter: CirqAdapter) -> None:
    service.faults["GetQuantumProcessor"] = Fault(Code.UNAVAILABLE, times=2)
    assert adapter.describe(NAME).qubits == 23


def test_a_closed_connection_is_opened_again(adapter: CirqAdapter) -> None:
    qubits = adapter.describe(NAME).qubits
    adapter.close()
    adapter.close()
    assert adapter.describe(NAME).qubits == qubits


def test_a_service_that_is_gone_is_unreachable(service: GoogleService) -> None:
    service.close()
    with pytest.raises(ServiceUnreachableError):
        adapter_for(service, timeout_seconds=1).describe(NAME)


def test_a_wait_that_the_service_asks_for_is_kept() -> None:
    delay = RetryInfo()
    delay.retry_delay.FromTimedelta(timedelta(seconds=6.2))
    error = ENGINE_ERRORS.translate(ResourceExhausted("slow down", details=[delay]), "testing")
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == 7


def test_credentials_that_are_refused_are_no_time_out() -> None:
    for error in (
        RefreshError("refused"),
        TimeoutError("Reached max retry attempts for error: ('invalid_grant: Bad')"),
    ):
        assert isinstance(ENGINE_ERRORS.translate(error, "testing"), AuthenticationError)
