"""Braket's cloud against the loopback service: bits, keys, times and bills."""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from qrng_hub.bits import pack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import (
    ReconstructedMeasurementsError,
    ServiceUnreachableError,
)
from qrng_hub.records import JobState, Origin
from qrng_hub.testing import FrozenClock
from qrng_hub_braket import BraketAdapter
from services.braket import BraketService
from services.braket_catalogue import GARNET
from services.braket_faults import Fault
from services.braket_jobs import ASYMMETRIC, SETTINGS, finish, spec, submit, task_of

# bits


@pytest.mark.parametrize("inline", [True, False])
def test_outcomes_are_those_that_the_service_measured_byte_for_byte(
    service: BraketService, adapter: BraketAdapter, inline: bool
) -> None:
    service.tasks.inline = inline
    for circuits in ((ASYMMETRIC,), (ASYMMETRIC, Circuit().h(5).cx(5, 0).measure(0, 5), Circuit().measure(2))):
        job = finish(adapter, submit(adapter, spec(*circuits, key=f"{inline}-{len(circuits)}")))
        blocks = adapter.collect(job)
        measured = task_of(service, job).measured
        assert [block.outcomes.tobytes() for block in blocks] == [pack_shots(table).tobytes() for _, table in measured]
        assert [block.qubits for block in blocks] == [circuit.measured for circuit in circuits]
        assert [labels for labels, _ in measured] == [tuple(q + 1 for q in c.measured) for c in circuits]
        assert {block.origin for block in blocks} == {Origin.HARDWARE}
    assert len(service.tasks.all) == 2, "a job is one task, however many circuits it has"


def test_outcomes_of_a_simulator_are_those_measured(service: BraketService, in_us: BraketAdapter) -> None:
    circuit = Circuit().h(2).cx(2, 30).x(7).measure(7, 30)
    job = finish(in_us, submit(in_us, spec(circuit, name="sv1")))
    (block,) = in_us.collect(job)
    ((_, table),) = task_of(service, job).measured
    assert block.outcomes.tobytes() == pack_shots(table).tobytes()
    assert (block.qubits, block.origin) == ((7, 30), Origin.SIMULATOR)
    assert table[:, 0].all()


def test_a_device_runs_native_gates_on_the_qubits_asked_for(service: BraketService, adapter: BraketAdapter) -> None:
    request = task_of(service, submit(adapter, spec())).request
    assert "pragma braket verbatim" in request["action"]
    assert "prx" in request["action"]
    assert "measure $5" in request["action"], "the hub's qubit 4 is label 5 of this device"
    assert '"disableQubitRewiring": true' in request["deviceParameters"]


def test_probabilities_are_never_taken_for_shots(service: BraketService, adapter: BraketAdapter) -> None:
    service.tasks.probabilities_only = True
    for circuits in ((ASYMMETRIC,), (ASYMMETRIC, ASYMMETRIC)):
        job = finish(adapter, submit(adapter, spec(*circuits, key=f"{len(circuits)}")))
        with pytest.raises(ReconstructedMeasurementsError, match="probabilities and no shots"):
            adapter.collect(job)


def test_collecting_100000_shots_calls_nothing_once_a_shot(in_us: BraketAdapter) -> None:
    wide = Circuit().h(*range(20)).measure(*range(20))
    job = finish(in_us, submit(in_us, spec(wide, name="sv1", shots=100_000)))
    in_us.collect(job)  # what is imported or made once is not counted
    calls: Counter[str] = Counter()
    sys.setprofile(lambda _frame, event, _of: calls.update([event]))
    try:
        (block,) = in_us.collect(job)
    finally:
        sys.setprofile(None)
    assert block.shots == 100_000
    assert calls["call"] + calls["c_call"] < 50_000, calls


# keys


def test_a_key_is_one_task_however_often_it_is_submitted(service: BraketService, adapter: BraketAdapter) -> None:
    first, second = (submit(adapter, spec()) for _ in range(2))
    other = BraketAdapter(SETTINGS, SystemClock())
    third = submit(other, spec())
    other.close()
    assert first.vendor_id == second.vendor_id == third.vendor_id
    assert len(service.tasks.all) == 1
    assert task_of(service, first).request["clientToken"] == "key-1"


def test_a_key_that_aws_would_not_take_as_a_token_is_hashed(service: BraketService, adapter: BraketAdapter) -> None:
    for key in ("k" * 65, "schlüssel"):
        job = submit(adapter, spec(key=key))
        assert len(task_of(service, job).request["clientToken"]) == 64
        assert [found.vendor_id for found in adapter.find([spec(key=key)])] == [job.vendor_id]


def test_a_lost_reply_leaves_one_task_which_the_sdk_finds_again(
    service: BraketService, adapter: BraketAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    service.faults.add("CreateQuantumTask", Fault(lost=True))
    job = submit(adapter, spec())
    assert [*service.tasks.all] == [job.vendor_id]
    assert len(service.calls("CreateQuantumTask")) == 2


def test_a_lost_reply_without_a_retry_leaves_a_task_that_is_found(
    service: BraketService, adapter: BraketAdapter
) -> None:
    service.faults.add("CreateQuantumTask", Fault(lost=True))
    with pytest.raises(ServiceUnreachableError):
        submit(adapter, spec())
    (found,) = adapter.find([spec()])
    assert found.spec == spec()
    assert submit(adapter, spec()).vendor_id == found.vendor_id
    assert len(service.tasks.all) == 1


def test_a_deadline_ends_a_call_and_the_task_is_found_later(
    service: BraketService, adapter: BraketAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter.describe("garnet")
    monkeypatch.setattr(adapter._cloud._aws, "_deadline_seconds", 2.0)
    service.faults.add("CreateQuantumTask", Fault(hold=True))
    with pytest.raises(ServiceUnreachableError, match=r"no answer within 2 s"):
        submit(adapter, spec())
    assert adapter.find([spec()]) == ()
    service.faults.release.set()
    job = submit(adapter, spec())
    assert [*service.tasks.all] == [job.vendor_id]


def test_another_process_finds_a_job_and_collects_it(service: BraketService, adapter: BraketAdapter) -> None:
    circuits = (ASYMMETRIC, Circuit().h(5).measure(5))
    job = finish(adapter, submit(adapter, spec(*circuits)))
    other = BraketAdapter(SETTINGS, SystemClock())
    (found,) = other.find([spec(key="nobody's"), spec(*circuits)])
    assert (found.vendor_id, found.state, found.billed) == (job.vendor_id, JobState.DONE, job.billed)
    assert (found.spec.address, found.spec.shots) == ("braket:garnet", 100)
    assert [block.sha256 for block in other.collect(found)] == [block.sha256 for block in adapter.collect(job)]
    other.close()


def test_threads_may_share_an_adapter(service: BraketService, adapter: BraketAdapter) -> None:
    def outcomes(number: int) -> tuple[str, bytes]:
        job = finish(adapter, submit(adapter, spec(key=f"key-{number}")))
        return job.vendor_id, adapter.collect(job)[0].outcomes.tobytes()

    with ThreadPoolExecutor(6) as threads:
        got = dict(threads.map(outcomes, range(24)))
    assert got == {task.arn: pack_shots(task.measured[0][1]).tobytes() for task in service.tasks.all.values()}
    assert len(got) == 24


def test_finds_more_keys_than_a_filter_takes(service: BraketService, adapter: BraketAdapter) -> None:
    keys = [f"key-{number}" for number in range(23)]
    jobs = list(adapter.submit(spec(key=key) for key in keys))
    assert [job.vendor_id for job in adapter.find([spec(key=key) for key in keys])] == [job.vendor_id for job in jobs]
    assert len(service.calls("SearchQuantumTasks")) == 3


# times and money


def test_many_jobs_are_polled_in_few_calls(service: BraketService, adapter: BraketAdapter) -> None:
    service.tasks.stepping = False
    jobs = list(adapter.submit(spec(key=f"key-{number}") for number in range(150)))
    for job in jobs[3:14]:
        service.tasks.finish(task_of(service, job))
    service.tasks.ends = "FAILED"
    service.tasks.finish(task_of(service, jobs[14]))
    service.tasks.step(task_of(service, jobs[15]))
    service.log.clear()
    seen = adapter.poll(jobs)
    assert [job.spec.key for job in seen] == [job.spec.key for job in jobs]
    states = [JobState.DONE] * 11 + [JobState.FAILED] + [JobState.QUEUED] * 135
    assert [job.state for job in seen[3:]] == states
    assert seen[14].message
    assert [request.operation for request in service.log] == [*["SearchQuantumTasks"] * 4, "GetQuantumTask"]


def test_queue_time_is_from_the_vendors_stamp_to_the_change_observed(service: BraketService) -> None:
    clock = FrozenClock()
    adapter = BraketAdapter(SETTINGS, clock)
    service.tasks.stepping = False
    job = submit(adapter, spec())
    task = task_of(service, job)
    task.created = clock.now()
    service.tasks.step(task)
    (job,) = adapter.poll([job])
    assert (job.state, job.running_utc) == (JobState.QUEUED, None)
    clock.advance(600)
    service.tasks.step(task)
    (job,) = adapter.poll([job])
    assert job.state is JobState.RUNNING
    assert job.queue_seconds == 600
    service.tasks.finish(task)
    task.ended = task.created + timedelta(seconds=700)
    (job,) = adapter.poll([job])
    assert job.run_seconds == 100
    assert job.stamps == "observed"
    adapter.close()


def test_a_task_never_seen_running_has_no_queue_time(service: BraketService, adapter: BraketAdapter) -> None:
    job = submit(adapter, spec())
    service.tasks.finish(task_of(service, job))
    (job,) = adapter.poll([job])
    assert (job.state, job.queue_seconds, job.run_seconds) == (JobState.DONE, None, None)


def test_hardware_is_quoted_and_billed_by_task_and_shot(service: BraketService) -> None:
    adapter = BraketAdapter(SETTINGS, FrozenClock(datetime(2026, 9, 1, tzinfo=UTC)))
    two = spec(ASYMMETRIC, ASYMMETRIC, shots=1000)
    quote = adapter.quote(two)
    assert (quote.low, quote.high) == (Decimal("3.20"), Decimal("3.20")), "0.30 + 2000 x 0.00145"
    assert service.log == [], "a quote asks nobody"
    assert finish(adapter, submit(adapter, two)).billed == quote.high
    assert adapter.quote(spec(name=GARNET)).high == adapter.quote(spec()).high
    adapter.close()


def test_a_simulator_is_billed_by_its_run_time_and_three_seconds_at_least(
    service: BraketService, in_us: BraketAdapter
) -> None:
    for milliseconds, price in ((40, Decimal("0.00375")), (10_000, Decimal("0.0125"))):
        service.tasks.milliseconds = milliseconds
        one = spec(name="sv1", key=f"{milliseconds}")
        quote = in_us.quote(one)
        job = finish(in_us, submit(in_us, one))
        assert job.billed == price
        assert job.stamps == "vendor"
        assert quote.low is not None
        assert quote.high is not None
        assert quote.low <= price <= quote.high


def test_an_unknown_price_stays_unknown(in_us: BraketAdapter) -> None:
    one = spec(name="ring-6")
    assert (in_us.quote(one).low, in_us.quote(one).high) == (None, None)
    assert finish(in_us, submit(in_us, one)).billed is None
