"""What goes wrong between the hub and IBM: what becomes of the job, the money and the bits."""

import math
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.errors import (
    AuthenticationError,
    BackendOfflineError,
    QueueFullError,
    QuotaError,
    RateLimitedError,
    ServiceUnreachableError,
    UnknownBackendError,
    VendorError,
)
from qrng_hub.records import JobState
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.entries import message_of, utc
from services.ibm import IBMService
from services.ibm_catalogue import API
from services.ibm_faults import Fault
from services.ibm_hub import DEVICE, WIDE_DEVICE, adapter_for, finish, sent, spec_for, submit, while_prices_are_fresh
from services.ibm_jobs import RUN_SECONDS

_RUN_FILE = """
version = 1
request.bytes = 32
policy.fallback = "hardware-only"
budget.usd_per_job = 10
adapters.ibm.runtime_url = "{url}"
[[backend]]
address = "ibm:ibm_guadalupe"
shots = 1024
options.rep_delay = 0.0001
"""
MAKE, LIST = f"POST {API}/jobs$", f"GET {API}/jobs$"


# one key, one job


@pytest.mark.parametrize(
    "fault",
    [
        Fault(MAKE, lost=True, done=True),
        Fault(MAKE, status=500, done=True),
        Fault(MAKE, status=502, done=True),
        Fault(MAKE, status=503, done=True, headers={"Retry-After": "0"}),
        Fault(MAKE, status=401, done=True),
        Fault(MAKE, status=429, done=True, headers={"Retry-After": "0"}),
        Fault(MAKE, cut=True, done=True),
        Fault(MAKE, broken=True, done=True),
    ],
    ids=["lost", "500", "502", "503", "401", "429", "cut", "broken"],
)
def test_an_answer_lost_after_the_job_was_made_makes_no_second_one(
    service: IBMService, adapter: IBMAdapter, fault: Fault
) -> None:
    service.faults.add(fault)
    spec = spec_for()
    job = submit(adapter, spec)
    assert (job.vendor_id, service.posts()) == (sent(service).id, 1)
    assert submit(adapter, spec).vendor_id == job.vendor_id
    assert submit(adapter_for(service), spec).vendor_id == job.vendor_id
    assert service.posts() == 1


@pytest.mark.parametrize("fault", [Fault(MAKE, status=500), Fault(MAKE, lost=True)], ids=["500", "lost"])
def test_a_request_that_made_no_job_may_be_repeated(service: IBMService, adapter: IBMAdapter, fault: Fault) -> None:
    service.faults.add(fault)
    spec = spec_for()
    with pytest.raises(ServiceUnreachableError):
        submit(adapter, spec)
    assert (adapter.find([spec]), service.posts(), service.jobs.all) == ((), 1, {})
    submit(adapter, spec)
    assert sent(service).tags[-1].endswith(spec.key)


def test_a_job_whose_answer_and_listing_were_lost_is_found_later(service: IBMService, adapter: IBMAdapter) -> None:
    spec = spec_for()
    service.faults.add(Fault(MAKE, lost=True, done=True))
    service.faults.add(Fault(LIST, status=400, skip=1, times=math.inf))
    with pytest.raises(ServiceUnreachableError):
        submit(adapter, spec)
    for attempt in (lambda: adapter.find([spec]), lambda: submit(adapter, spec)):
        with pytest.raises(VendorError, match="looking for job"):
            attempt()
    service.faults.clear()
    (found,) = adapter.find([spec])
    assert found.vendor_id == sent(service).id == submit(adapter, spec).vendor_id
    assert service.posts() == 1


def test_a_job_still_on_its_way_is_neither_absent_nor_sent_again(service: IBMService) -> None:
    adapter, spec = adapter_for(service, timeout_seconds=3.0), spec_for()
    service.faults.add(Fault(MAKE, hold=True))
    with pytest.raises(ServiceUnreachableError, match="it may still have happened"):
        submit(adapter, spec)
    assert service.jobs.all == {}
    for attempt in (lambda: adapter.find([spec]), lambda: submit(adapter, spec)):
        with pytest.raises(VendorError, match="still on its way"):
            attempt()
    service.faults.release.set()
    while not service.jobs.all:
        time.sleep(0.01)
    assert adapter.find([spec])[0].vendor_id == submit(adapter, spec).vendor_id == sent(service).id
    assert service.posts() == 1


def test_threads_that_submit_under_one_key_make_one_job(service: IBMService, adapter: IBMAdapter) -> None:
    spec = spec_for()
    adapter.describe(DEVICE)

    def vendor_id(_: int) -> str:
        try:
            return submit(adapter, spec).vendor_id
        except VendorError as error:
            return str(error)

    with ThreadPoolExecutor(4) as threads:
        answers = set(threads.map(vendor_id, range(4)))
    assert sent(service).id in answers
    assert all("still on its way" in answer for answer in answers - {sent(service).id})


def test_a_job_of_another_process_is_found_with_its_times(service: IBMService, adapter: IBMAdapter) -> None:
    spec = spec_for()
    job = finish(adapter, submit(adapter, spec))
    (found,) = adapter_for(service).find([spec])
    assert (found.vendor_id, found.state, found.queue_seconds) == (job.vendor_id, JobState.DONE, 30.0)
    assert found.spec == spec
    assert adapter_for(service).collect(found)[0].sha256 == adapter_for(service).collect(job)[0].sha256


def test_a_request_repeated_on_its_way_leaves_one_job(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.auto = False
    spec = spec_for()
    job = submit(adapter, spec)
    repeated = service.jobs.make(sent(service).request)
    assert submit(adapter, spec).vendor_id == job.vendor_id == adapter.find([spec])[0].vendor_id
    assert [service.jobs.all[one].status for one in (job.vendor_id, repeated.id)] == ["Queued", "Cancelled"]


def test_the_bill_of_a_job_that_was_made_twice_is_of_both(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.auto = False
    spec = spec_for()
    job = submit(adapter, spec)
    again = service.jobs.make(sent(service).request)
    for made in service.jobs.all.values():
        service.jobs.step(made)
        service.jobs.step(made)
    both = Decimal(2 * RUN_SECONDS)
    for seen in (adapter.poll([job])[0], adapter.find([spec])[0]):
        assert (seen.vendor_id, seen.state, seen.usage) == (job.vendor_id, JobState.DONE, {"seconds": both})
        assert seen.billed == both * Decimal("1.60")
        assert f"made 2 times, and billed together with {again.id}" in seen.message


def test_a_bill_is_pending_until_that_of_each_job_that_was_made_is_known(
    service: IBMService, adapter: IBMAdapter
) -> None:
    service.jobs.auto = False
    jobs = [submit(adapter, spec_for()) for _ in range(2)]
    first = service.jobs.all[jobs[0].vendor_id]
    again = service.jobs.make(first.request)
    again.usage_pending = True
    for _ in range(2):
        service.jobs.step(first)
    seen, other = adapter.poll(jobs)
    assert (seen.state, seen.bill_is_pending, other.state) == (JobState.DONE, True, JobState.QUEUED)
    assert again.status == "Cancelled"
    again.usage_pending = False
    (seen, _) = adapter.poll([seen, other])
    assert (seen.bill_is_pending, seen.usage) == (False, {"seconds": Decimal(RUN_SECONDS)})


def test_a_paid_job_is_taken_up_again_after_a_crash(service: IBMService, tmp_path: Path) -> None:
    run_file = tmp_path / "run.toml"
    run_file.write_text(_RUN_FILE.format(url=service.runtime_url))
    service.faults.add(Fault(MAKE, lost=True, done=True))
    service.faults.add(Fault(LIST, status=400, skip=1, times=math.inf))
    clock = while_prices_are_fresh()
    with Hub.open(run_file, clock=clock) as hub, pytest.raises(VendorError, match="nobody knows whether the job"):
        hub.run()
    service.faults.clear()
    service.jobs.step(sent(service))
    service.jobs.step(sent(service))
    with Hub.open(run_file, clock=clock) as hub:
        (result,) = hub.reconcile()
        assert (result.vendor_id, result.after) == (sent(service).id, JobState.DONE)
        (path,) = hub.collect(result.key)
    assert np.load(path).tobytes() == np.packbits(sent(service).outcomes[0], axis=1).tobytes()
    assert service.posts() == 1


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_a_bill_that_cannot_be_read_holds_up_no_other_job(service: IBMService, status: int) -> None:
    adapter = adapter_for(service, while_prices_are_fresh())
    jobs = [submit(adapter, spec_for()) for _ in range(3)]
    for job in service.jobs.all.values():
        service.jobs.step(job)
        service.jobs.step(job)
    metrics = f"GET {API}/jobs/{jobs[1].vendor_id}/metrics"
    service.faults.add(Fault(metrics, status=status, times=math.inf, headers={"Retry-After": "0"}))
    first, second, third = adapter.poll(jobs)
    assert (first.state, first.bill_is_pending) == (JobState.DONE, False)
    if status == 429:  # the rest waits for the next poll
        assert [second.state, third.state] == [JobState.UNKNOWN] * 2
    else:
        assert (second.state, second.bill_is_pending, third.state) == (JobState.DONE, True, JobState.DONE)
    service.faults.clear()
    assert [(job.state, job.bill_is_pending) for job in adapter.poll([second, third])] == [(JobState.DONE, False)] * 2


def test_a_job_is_refused_before_it_is_sent_and_nobody_doubts_it(service: IBMService) -> None:
    adapter = adapter_for(service, while_prices_are_fresh())
    service.faults.add(Fault(LIST, status=500, times=math.inf))
    with pytest.raises(VendorError) as caught:
        submit(adapter, spec_for())
    assert (caught.value.may_have_happened, service.posts()) == (False, 0)


# refused before it is sent, or by IBM


def test_a_job_is_not_sent_when_the_usage_limit_is_reached(service: IBMService, adapter: IBMAdapter) -> None:
    service.catalogue.usage_reached = True
    with pytest.raises(QuotaError, match="none left"):
        submit(adapter, spec_for())
    assert service.posts() == 0


def test_a_limit_reached_in_the_meantime_is_one_of_the_account(service: IBMService, adapter: IBMAdapter) -> None:
    service.faults.add(Fault(MAKE, status=409))
    with pytest.raises(QuotaError, match="no time left"):
        submit(adapter, spec_for())
    assert service.jobs.all == {}


def test_a_job_is_not_sent_to_a_device_that_does_not_run(service: IBMService) -> None:
    clock = while_prices_are_fresh()
    adapter = adapter_for(service, clock)
    adapter.describe(DEVICE)
    clock.advance(11)
    service.catalogue.offline[DEVICE] = "maintenance"
    with pytest.raises(BackendOfflineError, match="maintenance"):
        submit(adapter, spec_for())
    assert service.posts() == 0


def test_too_many_jobs_a_minute_are_refused_and_not_repeated(service: IBMService, adapter: IBMAdapter) -> None:
    service.faults.add(Fault(MAKE, status=429, headers={"Retry-After": "30"}))
    with pytest.raises(RateLimitedError) as caught:
        submit(adapter, spec_for())
    assert caught.value.retry_after_seconds == 30
    assert (service.posts(), service.jobs.all) == (1, {})


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_question_is_repeated_when_the_service_is_busy(service: IBMService, adapter: IBMAdapter, status: int) -> None:
    job = submit(adapter, spec_for())
    service.faults.add(Fault(f"GET {API}/jobs/", status=status, headers={"Retry-After": "0"}))
    assert finish(adapter, job).state is JobState.DONE


def test_a_failure_to_list_the_devices_is_not_an_unknown_device(service: IBMService, adapter: IBMAdapter) -> None:
    service.faults.add(Fault(f"GET {API}/backends$", status=403, times=math.inf))
    with pytest.raises(AuthenticationError, match="403"):
        adapter.describe(DEVICE)
    service.faults.clear()
    assert adapter.describe(DEVICE).qubits == 16
    with pytest.raises(UnknownBackendError, match=f"it has: .*{DEVICE}"):
        adapter.describe("ibm_nowhere")


# keys and tokens


def test_an_expired_token_is_replaced(service: IBMService, adapter: IBMAdapter) -> None:
    job = submit(adapter, spec_for())
    service.expire_tokens()
    assert finish(adapter, job).state is JobState.DONE
    service.expire_tokens()
    submit(adapter, spec_for())
    assert (len(service.jobs.all), service.posts()) == (2, 2)


@pytest.mark.parametrize("how", ["wrong", "refused", "unreachable"])
def test_a_key_shows_nowhere_and_goes_to_the_identity_service_only(
    service: IBMService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    key = "planted-key-41d0" if how == "wrong" else service.key
    monkeypatch.setenv("QISKIT_IBM_TOKEN", key)
    if how == "unreachable":
        monkeypatch.setenv("IAM_URL", "http://127.0.0.1:9")
    if how == "refused":
        service.faults.add(Fault("POST /identity/token", status=403, times=math.inf, skip=2))
    expected = ServiceUnreachableError if how == "unreachable" else AuthenticationError
    with pytest.raises(expected) as caught:
        _log_in_twice(service)
    text = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(adapter_for(service).settings)
    assert key not in text
    assert not any(key in authorization for authorization in service.authorizations)


def _log_in_twice(service: IBMService) -> None:
    adapter = adapter_for(service)
    adapter.describe(DEVICE)
    service.expire_tokens()
    adapter.describe(DEVICE)


# answers with gaps


@pytest.mark.parametrize("status", [400, 403, 409, 429])
@pytest.mark.parametrize("body", ['{"errors": [{"code": 3458, "message": "wait"}]}', '{"error": {"code": "3458"}}'])
def test_a_full_queue_is_told_by_its_code(service: IBMService, adapter: IBMAdapter, status: int, body: str) -> None:
    service.faults.add(Fault(MAKE, status=status, body=body, headers={"Retry-After": "0"}))
    spec = spec_for()
    with pytest.raises(QueueFullError, match="no further job of this account until") as caught:
        submit(adapter, spec)
    assert "API key" not in str(caught.value)
    assert submit(adapter, spec).vendor_id == sent(service).id


@pytest.mark.parametrize(
    ("status", "code", "error"), [(403, 1, AuthenticationError), (409, 1, QuotaError), (403, 4317, QuotaError)]
)
def test_other_refusals_are_no_full_queue_whatever_their_words(
    service: IBMService, adapter: IBMAdapter, status: int, code: int, error: type[VendorError]
) -> None:
    body = f'{{"errors": [{{"code": {code}, "message": "the limit of pending jobs"}}]}}'
    service.faults.add(Fault(MAKE, status=status, body=body))
    with pytest.raises(error) as caught:
        submit(adapter, spec_for())
    assert not isinstance(caught.value, QueueFullError)


@pytest.mark.parametrize("body", ["[]", "{", '{"errors": {"code": 3458}}', '{"errors": [[3458]]}', '{"error": null}'])
def test_a_refusal_without_a_code_is_read_by_its_status(service: IBMService, adapter: IBMAdapter, body: str) -> None:
    service.faults.add(Fault(MAKE, status=403, body=body))
    with pytest.raises(AuthenticationError):
        submit(adapter, spec_for())


def test_the_least_busy_device_has_the_qubits_asked_for(service: IBMService, adapter: IBMAdapter) -> None:
    assert adapter.describe("least_busy").qubits == 16
    adapter.expect("least_busy", 17)
    assert adapter.describe("least_busy").qubits == 156
    adapter.expect("least_busy", 157)
    with pytest.raises(BackendOfflineError, match="with 157 qubits or more"):
        adapter.describe("least_busy")


@pytest.mark.parametrize("qubits", ["17", "[0, 16]"])
def test_a_run_file_that_asks_for_qubits_gets_a_device_that_has_them(
    service: IBMService, tmp_path: Path, qubits: str
) -> None:
    run_file = tmp_path / "run.toml"
    text = _RUN_FILE.format(url=service.runtime_url).replace("ibm:ibm_guadalupe", "ibm:least_busy")
    run_file.write_text(f"{text}qubits = {qubits}\n")
    with Hub.open(run_file, clock=while_prices_are_fresh()) as hub:
        (backend,) = hub.highest_costs(32)
        assert (backend, hub._registry.adapter("ibm").describe("least_busy").qubits) == ("ibm:least_busy", 156)


def test_outcomes_of_an_earlier_process_are_read_as_those_of_their_device(service: IBMService) -> None:
    job = submit(adapter_for(service), spec_for(name="least_busy"))
    assert sent(service).request["backend"] == DEVICE
    service.catalogue.queues[DEVICE] = 1000
    later = adapter_for(service)
    finish(later, job)
    assert later.describe("least_busy").qubits == 16


def test_the_least_busy_device_runs_jobs_and_may_not_tell_its_queue(service: IBMService, adapter: IBMAdapter) -> None:
    service.catalogue.queues = {DEVICE: 1, WIDE_DEVICE: None}
    assert adapter.describe("least_busy").qubits == 16
    service.catalogue.paused = {DEVICE}
    backend = adapter_for(service).describe("least_busy")
    assert (backend.qubits, backend.pending_jobs) == (156, None)


def test_a_service_that_fails_at_log_in_is_asked_again(service: IBMService, adapter: IBMAdapter) -> None:
    service.faults.add(Fault("POST /identity/token", status=503))
    assert adapter.describe(DEVICE).qubits == 16


def test_a_configuration_without_a_number_of_circuits_sets_no_limit(service: IBMService, adapter: IBMAdapter) -> None:
    service.catalogue.altered[f"{DEVICE}/configuration"] = lambda content: content.pop("max_experiments")
    assert adapter.describe(DEVICE).max_circuits is None


@pytest.mark.parametrize("stamp", [1795435200, "1795435200", 1795435200000, "1795435200000", "2026-11-23T12:00:00"])
def test_reads_times_since_1970(stamp: object) -> None:
    assert utc(stamp) == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_time_that_is_none_is_unknown() -> None:
    assert utc("soon") is None


def test_a_job_that_ran_too_long_says_so() -> None:
    entry = {"id": "d1", "state": {"status": "Cancelled - Ran too long"}}
    assert message_of(entry) == "Cancelled - Ran too long"
