"""Faults of Braket's cloud, put into the loopback service: what they do to the job, the money and the bits."""

from decimal import Decimal

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError

from qrng_hub.bits import pack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import (
    AuthenticationError,
    BackendOfflineError,
    ConfigError,
    JobCancelledError,
    JobFailedError,
    JobNotFoundError,
    QRNGError,
    QuotaError,
    RateLimitedError,
    RequestError,
    ServiceUnreachableError,
    VendorError,
)
from qrng_hub.records import JobState
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.errors import CLOUD_ERRORS
from qrng_hub_braket.tasks import labels_of, tags_of
from services import braket_tasks
from services.braket import BraketService
from services.braket_catalogue import GARNET
from services.braket_faults import Fault
from services.braket_jobs import SETTINGS, finish, spec, submit, task_of
from vectors.braket_devices import RING, capabilities

# faults


def test_a_reply_cut_short_leaves_a_task_that_is_found(service: BraketService, adapter: BraketAdapter) -> None:
    service.faults.add("CreateQuantumTask", Fault(cut=True))
    with pytest.raises(VendorError) as caught:
        submit(adapter, spec())
    assert not isinstance(caught.value, RequestError | JobFailedError)
    (found,) = adapter.find([spec()])
    assert [*service.tasks.all] == [found.vendor_id]


def test_a_job_is_looked_for_in_the_region_of_its_device_only(service: BraketService) -> None:
    adapter = BraketAdapter(SETTINGS, SystemClock())
    service.faults.add("CreateQuantumTask", Fault(lost=True))
    with pytest.raises(ServiceUnreachableError):
        submit(adapter, spec())
    service.log.clear()
    assert len(adapter.find([spec(key="another's"), spec()])) == 1
    assert len(service.calls("SearchQuantumTasks")) == 1
    adapter.close()


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "ValidationException", RequestError),
        (402, "ServiceQuotaExceededException", QuotaError),
        (403, "AccessDeniedException", AuthenticationError),
        (403, "ExpiredTokenException", AuthenticationError),
        (403, "UnrecognizedClientException", AuthenticationError),
        (410, "DeviceRetiredException", BackendOfflineError),
        (424, "DeviceOfflineException", BackendOfflineError),
        (429, "ThrottlingException", RateLimitedError),
        (500, "InternalServiceException", ServiceUnreachableError),
        (400, "SomethingNewException", VendorError),
    ],
)
def test_a_refusal_is_told_by_its_code_and_makes_no_task(
    service: BraketService, adapter: BraketAdapter, status: int, code: str, expected: type[QRNGError]
) -> None:
    service.faults.add("CreateQuantumTask", Fault(code=code, status=status, headers={"Retry-After": "7"}))
    with pytest.raises(expected, match=code) as caught:
        submit(adapter, spec())
    assert type(caught.value) is expected
    assert getattr(caught.value, "retry_after_seconds", 7) == 7
    assert (adapter.find([spec()]), service.tasks.all) == ((), {})


def test_throttling_that_passes_is_not_noticed(
    service: BraketService, adapter: BraketAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    service.faults.add("CreateQuantumTask", Fault(code="ThrottlingException", status=429))
    assert submit(adapter, spec()).state is JobState.QUEUED
    assert len(service.tasks.all) == 1


@pytest.mark.parametrize(
    ("operation", "fault", "expected"),
    [
        ("GetQuantumTask", Fault(code="ExpiredTokenException", status=403), AuthenticationError),
        ("GetQuantumTask", Fault(code="InternalServiceException", status=500), ServiceUnreachableError),
        ("GetQuantumTask", Fault(lost=True), ServiceUnreachableError),
        ("GetQuantumTask", Fault(cut=True), VendorError),
        ("GetObject", Fault(cut=True), VendorError),
        ("GetObject", Fault(broken=True), ServiceUnreachableError),
        ("GetObject", Fault(code="SlowDown", status=503), RateLimitedError),
        ("GetObject", Fault(code="AccessDenied", status=403), AuthenticationError),
    ],
)
def test_a_fault_while_collecting_leaves_the_job_to_be_collected_again(
    service: BraketService, adapter: BraketAdapter, operation: str, fault: Fault, expected: type[QRNGError]
) -> None:
    job = finish(adapter, submit(adapter, spec()))
    service.faults.add(operation, fault)
    with pytest.raises(expected) as caught:
        adapter.collect(job)
    assert not isinstance(caught.value, JobFailedError)
    ((_, table),) = task_of(service, job).measured
    assert adapter.collect(job)[0].outcomes.tobytes() == pack_shots(table).tobytes()


def test_results_that_are_gone_are_not_found(service: BraketService, adapter: BraketAdapter) -> None:
    job = finish(adapter, submit(adapter, spec()))
    service.storage.objects.clear()
    with pytest.raises(JobNotFoundError, match="NoSuchKey"):
        adapter.collect(job)


def test_results_of_another_task_are_refused(service: BraketService, adapter: BraketAdapter) -> None:
    one, two = (finish(adapter, submit(adapter, spec(key=key))) for key in "ab")
    first, second = sorted(service.storage.objects, key=lambda name: task_of(service, two).folder in name)
    service.storage.objects[first] = service.storage.objects[second]
    with pytest.raises(VendorError, match="say that they are those of"):
        adapter.collect(one)


def test_a_failed_task_says_why_and_costs_nothing(service: BraketService, adapter: BraketAdapter) -> None:
    service.tasks.ends = "FAILED"
    job = finish(adapter, submit(adapter, spec()))
    assert (job.state, job.message, job.billed) == (JobState.FAILED, "The device was lost.", Decimal(0))
    with pytest.raises(JobFailedError, match="The device was lost"):
        adapter.collect(job)


def test_a_cancelled_task_costs_nothing_and_a_finished_one_stays(
    service: BraketService, adapter: BraketAdapter
) -> None:
    job = adapter.cancel(submit(adapter, spec()))
    job = finish(adapter, job)
    assert (job.state, job.billed) == (JobState.CANCELLED, Decimal(0))
    with pytest.raises(JobCancelledError):
        adapter.collect(job)
    done = finish(adapter, submit(adapter, spec(key="other")))
    assert adapter.cancel(done) == done


def test_a_status_not_known_is_not_a_failure(service: BraketService, adapter: BraketAdapter) -> None:
    service.tasks.stepping = False
    job = submit(adapter, spec())
    task_of(service, job).status = "TELEPORTING"
    (seen,) = adapter.poll([job])
    assert (seen.state, seen.billed) == (JobState.UNKNOWN, None)
    with pytest.raises(VendorError, match="not understood"):
        adapter.collect(job)


def test_a_job_that_aws_does_not_know_is_not_found(
    service: BraketService, adapter: BraketAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(adapter, spec())
    service.tasks.all.clear()
    with pytest.raises(JobNotFoundError):
        adapter.poll([job])


def test_wrong_credentials_are_said_so_and_are_never_shown(
    service: BraketService, adapter: BraketAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.key_ids.clear()
    with pytest.raises(AuthenticationError) as caught:
        adapter.describe("garnet")
    shown = f"{caught.value!r} {adapter!r} {adapter.settings!r} {caught.value.__cause__!r}"
    assert "loopback-secret" not in shown
    assert "AKID" not in shown


def test_missing_credentials_and_an_unset_region_are_answered_with_their_cures() -> None:
    for error, kind, cure in (
        (NoCredentialsError(), AuthenticationError, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or make a"),
        (NoRegionError(), ConfigError, "set adapters.braket.region"),
    ):
        translated = CLOUD_ERRORS.translate(error, "looking for devices")
        assert type(translated) is kind
        assert cure in str(translated)


# what changes while a task is queued, or is not allowed


def test_outcomes_are_read_by_the_labels_of_the_day_they_were_paid_for(
    service: BraketService, adapter: BraketAdapter
) -> None:
    job = finish(adapter, submit(adapter, spec()))
    service.catalogue.add(GARNET, capabilities(pairs=RING[3:5]))
    other = BraketAdapter(SETTINGS, SystemClock())
    (block,) = other.collect(job)
    ((labels, table),) = task_of(service, job).measured
    assert (labels, block.outcomes.tobytes()) == ((1, 4, 5), pack_shots(table).tobytes())
    assert block.source == f"AWS Braket {GARNET}; its qubits 1, 4, 5 were measured"
    other.close()


def test_a_task_that_measured_other_labels_than_it_was_made_for_is_refused(
    service: BraketService, adapter: BraketAdapter
) -> None:
    job = finish(adapter, submit(adapter, spec()))
    task_of(service, job).request["tags"]["qrng-hub-labels-00"] = "1 4 6"
    with pytest.raises(VendorError, match=r"measured the qubits \[1, 4, 5\], not \[1, 4, 6\]"):
        adapter.collect(job)


def test_a_task_without_labels_is_read_by_the_order_of_its_qubits(
    service: BraketService, adapter: BraketAdapter
) -> None:
    job = finish(adapter, submit(adapter, spec()))
    before = adapter.collect(job)[0].outcomes.tobytes()
    del task_of(service, job).request["tags"]["qrng-hub-labels-00"]
    assert adapter.collect(job)[0].outcomes.tobytes() == before


def test_the_labels_of_a_large_device_take_several_tags() -> None:
    wide = spec(Circuit().measure(*range(200)))
    labels = [3 * qubit + 7 for qubit in range(200)]
    tags = tags_of(wide, labels)
    assert max(map(len, tags.values())) <= 256
    assert len(tags) <= 50
    assert labels_of({"tags": tags}, wide) == dict(zip(range(200), labels, strict=True))


def test_a_retired_device_gives_what_it_was_paid_for(service: BraketService, adapter: BraketAdapter) -> None:
    job = finish(adapter, submit(adapter, spec()))
    for known in (service.catalogue.capabilities, service.catalogue.status):
        del known[GARNET]
    other = BraketAdapter(SETTINGS, SystemClock())
    (found,) = other.find([spec()])
    assert (found.vendor_id, found.state) == (job.vendor_id, JobState.DONE)
    assert other.collect(found)[0].sha256 == adapter.collect(job)[0].sha256
    other.purge(found)
    other.close()


@pytest.mark.parametrize(
    ("then", "later", "is_found"),
    [
        (None, None, True),
        (None, "eu-north-1", True),
        ("eu-north-1", None, True),
        ("eu-north-1", "us-east-1", False),
        (None, "us-east-1", False),
    ],
)
def test_a_job_is_of_the_account_and_of_the_region_that_its_device_is_in(
    service: BraketService, then: str | None, later: str | None, is_found: bool
) -> None:
    first, second = (
        BraketAdapter(SETTINGS.model_copy(update={"region": region}), SystemClock()) for region in (then, later)
    )
    meant = first.account("garnet")
    assert meant.split()[1:] == ["eu-north-1"]
    assert second.is_own_account("garnet", meant) is is_found
    assert not second.is_own_account("garnet", "999999999999 eu-north-1")
    for adapter in (first, second):
        adapter.close()


def test_a_job_on_a_device_that_is_retired_stays_its_accounts(service: BraketService, adapter: BraketAdapter) -> None:
    meant = adapter.account("garnet")
    for known in (service.catalogue.capabilities, service.catalogue.status):
        del known[GARNET]
    for region in (None, "eu-north-1"):
        other = BraketAdapter(SETTINGS.model_copy(update={"region": region}), SystemClock())
        assert other.is_own_account("garnet", meant)
        other.close()


def test_tasks_that_may_not_be_listed_are_looked_at_one_by_one(service: BraketService, adapter: BraketAdapter) -> None:
    service.faults.add("SearchQuantumTasks", Fault(code="AccessDeniedException", status=403, times=99))
    jobs = tuple(adapter.submit(spec(key=f"key-{number}") for number in range(3)))
    for _ in range(5):
        jobs = adapter.poll(jobs)
    assert {job.state for job in jobs} == {JobState.DONE}
    verdicts = {check.subject: (check.verdict, check.detail) for check in adapter.preflight(["garnet"])}
    verdict, detail = verdicts["braket tasks of eu-north-1"]
    assert (verdict, "looked at one by one" in detail) == ("warning", True)


def test_expired_credentials_are_no_missing_permission_to_list(service: BraketService, adapter: BraketAdapter) -> None:
    jobs = tuple(adapter.submit(spec(key=f"key-{number}") for number in range(2)))
    service.faults.add("SearchQuantumTasks", Fault(code="ExpiredTokenException", status=403))
    with pytest.raises(AuthenticationError, match="renew the credentials"):
        adapter.poll(jobs)


@pytest.mark.parametrize("operation", ["CreateQuantumTask", "GetObject"])
def test_nothing_is_repeated_before_the_time_that_aws_names(
    service: BraketService, adapter: BraketAdapter, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    job = finish(adapter, submit(adapter, spec(key="before")))
    service.log.clear()
    later = Fault(code="ThrottlingException", status=429, headers={"Retry-After": "7"}, times=9)
    service.faults.add(operation, later)
    with pytest.raises(RateLimitedError) as caught:
        submit(adapter, spec()) if operation == "CreateQuantumTask" else adapter.collect(job)
    assert (caught.value.retry_after_seconds, len(service.calls(operation))) == (7, 1)


def test_times_since_the_epoch_are_times(
    service: BraketService, adapter: BraketAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(adapter, spec())
    monkeypatch.setattr(braket_tasks, "_stamp", lambda when: int(when.timestamp()))
    job = finish(adapter, job)
    assert job.state is JobState.DONE
    assert job.queued_utc == task_of(service, job).created.replace(microsecond=0)
