"""IBM's devices on a loopback service: bits, what is sent, times, cost, names, and the account."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub.bits import unpack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.errors import (
    AuthenticationError,
    BackendLimitError,
    BackendOfflineError,
    ConfigError,
    JobError,
    RequestError,
    UnknownBackendError,
)
from qrng_hub.records import Availability, JobState, Origin, ShotOrder
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.entries import HUB_TAG, tag_of
from qrng_hub_ibm.isa import measured_qubits
from services.ibm import IBMService
from services.ibm_catalogue import API, CRN, OTHER_CRN
from services.ibm_hub import (
    DEVICE,
    WIDE_DEVICE,
    adapter_for,
    finish,
    hadamards,
    sent,
    spec_for,
    submit,
    while_prices_are_fresh,
)

# bits


def test_every_byte_is_what_the_service_measured(service: IBMService, adapter: IBMAdapter) -> None:
    circuits = [hadamards(*range(156)), Circuit().x(7).h(155, 20).measure(155, 7, 20, 0), hadamards(11)]
    job = finish(adapter, submit(adapter, spec_for(*circuits, name=WIDE_DEVICE, shots=100)))
    blocks = adapter.collect(job)
    assert [block.qubits for block in blocks] == [circuit.measured for circuit in circuits]
    for block, measured in zip(blocks, sent(service).outcomes, strict=True):
        assert block.outcomes.tobytes() == np.packbits(measured, axis=1).tobytes()
    assert (unpack_shots(blocks[1].outcomes, 4).mean(axis=0)[:2]).tolist() == [0, 1]
    assert {(block.origin, block.shot_order) for block in blocks} == {(Origin.HARDWARE, ShotOrder.MEASURED)}
    assert blocks[0].source == "ibm_fez, a quantum device of IBM"


def test_outcomes_can_be_fetched_again(adapter: IBMAdapter) -> None:
    job = finish(adapter, submit(adapter, spec_for()))
    assert [block.sha256 for block in adapter.collect(job)] == [block.sha256 for block in adapter.collect(job)]


# what is sent


def test_circuits_are_compiled_onto_the_qubits_they_name(service: IBMService, adapter: IBMAdapter) -> None:
    submit(adapter, spec_for(Circuit().h(4).cx(4, 1).x(12).measure(12, 1, 4), hadamards(9)))
    programs = sent(service).params.quantum_program.circuits.to_python()
    assert [measured_qubits(program) for program in programs] == [(1, 4, 12), (9,)]
    assert {program.num_qubits for program in programs} == {16}


def test_nothing_is_mitigated_twirled_or_decoupled(service: IBMService, adapter: IBMAdapter) -> None:
    spec = spec_for(rep_delay=0.0001, private=True, max_execution_time=20)
    submit(adapter, spec)
    job = sent(service)
    program = job.params.quantum_program
    assert job.request["program_id"] == "executor"
    assert (job.request["private"], job.request["cost"]) == (True, 20)
    assert job.tags == ["qrng-hub", f"qrng-hub:{spec.key}"]
    assert (program.meas_level, program.shots, {item.item_type for item in program.items}) == (
        "classified",
        64,
        {"circuit"},
    )
    assert (job.params.options.init_qubits, job.params.options.rep_delay) == (True, 0.0001)
    assert {entry.operation.name for entry in program.circuits.to_python()[0].data} == {"rz", "sx", "measure"}


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        (spec_for(rep_delay=0.1), "rep_delay of 0 to 0.0005 s, not 0.1"),
        (spec_for(*[hadamards(0)] * 200, name=WIDE_DEVICE, shots=100_000), "10,000,000 shots a job"),
    ],
)
def test_refuses_what_the_device_would_not_run(service: IBMService, adapter: IBMAdapter, spec: Any, match: str) -> None:
    with pytest.raises(BackendLimitError, match=match):
        submit(adapter, spec)
    assert service.posts() == 0


@pytest.mark.parametrize("options", [{"private": 3}, {"rep_delay": -1}, {"max_execution_time": 0}, {"resilience": 1}])
def test_refuses_options_it_does_not_have(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        IBMAdapter.options_model.model_validate(options)


def test_refuses_a_job_with_wrong_options_before_it_is_sent(service: IBMService, adapter: IBMAdapter) -> None:
    for attempt in (submit, IBMAdapter.quote):
        with pytest.raises(RequestError, match="dry_run"):
            attempt(adapter, spec_for(dry_run=True))
    assert service.posts() == 0


# times and cost


def test_times_are_the_vendors_and_the_bill_follows_the_usage(adapter: IBMAdapter) -> None:
    job = submit(adapter, spec_for())
    assert (job.state, job.stamps, job.billed) == (JobState.QUEUED, "observed", None)
    job = finish(adapter, job)
    assert (job.stamps, job.queue_seconds, job.run_seconds) == ("vendor", 30.0, 3.0)
    assert (job.usage, job.billed) == ({"seconds": Decimal(3)}, Decimal("4.80"))


def test_until_the_end_a_start_is_as_observed_and_costs_no_question(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.auto = False
    job = submit(adapter, spec_for())
    service.jobs.step(sent(service))
    service.requests.clear()
    (job,) = adapter.poll([job])
    assert (job.state, job.stamps, job.queued_utc) == (JobState.RUNNING, "observed", sent(service).created)
    assert job.running_utc is not None
    assert adapter.poll([job]) == (job,)
    assert service.requests == [f"GET {API}/jobs"] * 2


def test_a_usage_that_is_pending_is_unknown(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.usage_pending = True
    job = finish(adapter, submit(adapter, spec_for()))
    assert (job.state, job.usage, job.billed) == (JobState.DONE, {}, None)
    sent(service).usage_pending = False
    assert finish(adapter, job).billed == Decimal("4.80")


@pytest.mark.parametrize(
    ("plan", "low", "high"),
    [
        ("plan-open", "0", "0"),
        ("plan-paygo", "3.20", "6.40"),
        ("plan-premium", "1.60", "3.20"),
        ("plan-dedicated", None, None),
    ],
)
def test_quotes_by_the_plan(service: IBMService, plan: str, low: str | None, high: str | None) -> None:
    """One shot takes 250 us and the circuit: 1,000 shots a quarter of a second, beside 2 s for the job."""
    service.catalogue.owned = {CRN: ("hub-tests", plan)}
    adapter = adapter_for(service, while_prices_are_fresh())
    quote = adapter.quote(spec_for(shots=1000))
    assert quote.native["seconds"] == 3
    assert quote.is_free is (plan == "plan-open")
    if low and high:
        assert quote.low is not None and quote.high is not None
        assert Decimal(low) <= quote.low <= quote.high <= Decimal(high)
    else:
        assert (quote.low, quote.high) == (None, None)
        assert "dedicated" in quote.source


def test_a_limit_of_the_time_bounds_the_quote(adapter: IBMAdapter) -> None:
    free, bounded = adapter.quote(spec_for(shots=8000)), adapter.quote(spec_for(shots=8000, max_execution_time=3))
    assert free.native["seconds"] > bounded.native["seconds"] == 3


@pytest.mark.parametrize(
    ("plan", "usd", "limit", "sent_limit"),
    [
        ("plan-paygo", "10", None, 6),
        ("plan-paygo", "10", 20, 6),
        ("plan-paygo", "10", 5, 5),
        ("plan-paygo", None, 20, 20),
        ("plan-open", "0", None, None),
    ],
)
def test_ibm_stops_a_job_at_what_it_may_cost(
    service: IBMService, plan: str, usd: str | None, limit: int | None, sent_limit: int | None
) -> None:
    service.catalogue.owned = {CRN: ("hub-tests", plan)}
    spec = spec_for(max_execution_time=limit)
    submit(adapter_for(service), spec.model_copy(update={"max_usd": Decimal(usd) if usd else None}))
    assert sent(service).request.get("cost") == sent_limit


# devices


def test_describes_a_device_as_it_is_now(service: IBMService, adapter: IBMAdapter) -> None:
    backend = adapter.describe(WIDE_DEVICE)
    assert (backend.qubits, backend.default_qubits, backend.max_circuits) == (156, 156, 300)
    assert (backend.availability, backend.pending_jobs, len(backend.calibration)) == (Availability.ONLINE, 7, 156)
    service.catalogue.offline[WIDE_DEVICE] = "maintenance"
    backend = adapter.describe(WIDE_DEVICE)
    assert (backend.availability, backend.status_message) == (Availability.OFFLINE, "maintenance")


def test_the_least_busy_device_is_kept_while_it_is_online(service: IBMService) -> None:
    clock = while_prices_are_fresh()
    adapter = adapter_for(service, clock)
    assert adapter.describe("least_busy").description.startswith(DEVICE)
    service.catalogue.queues[DEVICE] = 1000
    assert adapter.describe("least_busy").qubits == 16
    submit(adapter, spec_for(name="least_busy"))
    assert sent(service).request["backend"] == DEVICE
    service.catalogue.offline[DEVICE] = "maintenance"
    clock.advance(11)
    with pytest.raises(BackendOfflineError, match="maintenance"):
        submit(adapter, spec_for(name="least_busy"))
    assert adapter.describe("least_busy").qubits == 156
    job = finish(adapter, submit(adapter, spec_for(name="least_busy")))
    (block,) = adapter.collect(job)
    assert (block.address, block.source) == ("ibm:least_busy", "ibm_fez, a quantum device of IBM")


def test_no_device_is_least_busy_if_none_is_online(service: IBMService, adapter: IBMAdapter) -> None:
    service.catalogue.offline = dict.fromkeys(service.catalogue.queues, "maintenance")
    with pytest.raises(BackendOfflineError, match="no device"):
        adapter.describe("least_busy")


def test_lists_devices_and_no_mock_whose_outcomes_are_made_up(adapter: IBMAdapter) -> None:
    assert adapter.names()[-3:] == ("least_busy", WIDE_DEVICE, DEVICE)
    with pytest.raises(UnknownBackendError, match="mock_fez"):
        adapter.describe("mock_fez")


# the account


def test_without_a_key_there_are_no_devices(service: IBMService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    adapter = adapter_for(service)
    assert adapter.origin(DEVICE) is Origin.HARDWARE
    assert "least_busy" not in adapter.names()
    with pytest.raises(AuthenticationError, match="set the environment variable QISKIT_IBM_TOKEN"):
        adapter.describe(DEVICE)
    assert service.requests == []


def test_the_only_instance_is_found_and_of_several_one_must_be_named(service: IBMService) -> None:
    assert adapter_for(service).describe(DEVICE).qubits == 16
    service.catalogue.owned[OTHER_CRN] = ("other", "plan-open")
    with pytest.raises(ConfigError, match=r"name one in .* hub-tests \(pay-as-you-go\), other \(open\)"):
        adapter_for(service).describe(DEVICE)
    for instance in ("other", OTHER_CRN):
        assert adapter_for(service, instance=instance).quote(spec_for()).is_free
    service.catalogue.owned[OTHER_CRN] = ("hub-tests", "plan-open")
    with pytest.raises(ConfigError, match="2 instances are called 'hub-tests'"):
        adapter_for(service, instance="hub-tests").describe(DEVICE)


def test_reads_no_credentials_that_lie_about(
    service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL"):
        assert os.environ[variable].startswith(service.url)
    (tmp_path / "ibm-credentials.env").write_text(
        "GLOBAL_SEARCH_URL=http://127.0.0.1:9\nGLOBAL_CATALOG_URL=http://127.0.0.1:9\n"
    )
    monkeypatch.chdir(tmp_path)
    assert adapter_for(service).describe(DEVICE).qubits == 16
    assert "IBM_CREDENTIALS_FILE" not in os.environ


def test_checks_the_account_before_a_run(service: IBMService) -> None:
    adapter = adapter_for(service, while_prices_are_fresh())
    service.catalogue.offline[WIDE_DEVICE] = "maintenance"
    checks = {check.subject: check for check in adapter.preflight([DEVICE, WIDE_DEVICE, "ibm_nowhere", "aer"])}
    verdicts = {subject.removeprefix("IBM "): check.verdict for subject, check in checks.items()}
    ok = ["account", "instance", "price of IBM's plan pay-as-you-go", "usage", f"ibm:{DEVICE}", "ibm:aer"]
    assert verdicts == dict.fromkeys(ok, "ok") | dict.fromkeys([f"ibm:{WIDE_DEVICE}", "ibm:ibm_nowhere"], "failed")
    assert checks["IBM usage"].detail == "100 s used, 500 s left"
    assert checks["IBM instance"].detail == "hub-tests, plan pay-as-you-go (paygo)"
    service.catalogue.usage_reached = True
    (usage,) = (check for check in adapter.preflight([DEVICE]) if check.subject == "IBM usage")
    assert usage.verdict == "failed"


def test_a_check_of_a_wrong_key_fails_and_raises_nothing(service: IBMService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "wrong-key-77")
    checks = list(adapter_for(service).preflight([DEVICE]))
    assert {check.verdict for check in checks} == {"failed"}
    assert "wrong-key-77" not in str(checks)


# many jobs, and none


def test_many_jobs_are_polled_in_pages(service: IBMService, adapter: IBMAdapter) -> None:
    service.jobs.auto = False
    first = submit(adapter, spec_for())
    request = sent(service).request
    copies = [service.jobs.make(request | {"tags": [HUB_TAG]}) for _ in range(299)]
    jobs = [first, *(first.model_copy(update={"vendor_id": copy.id, "spec": spec_for()}) for copy in copies)]
    service.requests.clear()
    service.jobs.end(copies[5], "Failed", "the fridge is warm", 1234)
    states = [job.state for job in adapter.poll(jobs)]
    assert [states.index(JobState.FAILED), states.count(JobState.QUEUED)] == [6, 299]
    assert service.requests == [f"GET {API}/jobs"] * 2 + [f"GET {API}/jobs/{copies[5].id}/metrics"]


@pytest.mark.parametrize("days", [-3, 0, 3])
@pytest.mark.parametrize("others", [0, 1])
def test_a_job_made_twice_on_its_way_is_cancelled_once_seen_whatever_the_clock_here(
    service: IBMService, others: int, days: int
) -> None:
    clock = while_prices_are_fresh()
    adapter = adapter_for(service, clock)
    service.jobs.auto = False
    jobs = [submit(adapter, spec_for()) for _ in range(1 + others)]
    repeated = service.jobs.make(service.jobs.all[jobs[0].vendor_id].request)
    assert tag_of(jobs[0].spec.key) in repeated.tags
    now = service.jobs.all[jobs[0].vendor_id].created + timedelta(days=days)
    jobs = [job.model_copy(update={"queued_utc": now}) for job in jobs]
    service.requests.clear()
    assert [job.state for job in adapter.poll(jobs)] == [JobState.QUEUED] * len(jobs)
    assert f"GET {API}/jobs/{jobs[0].vendor_id}" not in service.requests
    assert [job.status for job in service.jobs.all.values()] == ["Queued"] * len(jobs) + ["Cancelled"]


def test_submitting_one_job_after_another_asks_little_more_than_the_client(
    service: IBMService, adapter: IBMAdapter
) -> None:
    submit(adapter, spec_for())
    service.requests.clear()
    submit(adapter, spec_for())
    own = [f"GET {API}/jobs"]
    clients = [f"GET {API}/instances/usage", f"GET {API}/backends/{DEVICE}/status"]
    assert sorted(service.requests) == sorted([*own, *clients, f"POST {API}/jobs"])


def test_a_job_that_was_deleted_is_unknown_and_is_not_found(service: IBMService, adapter: IBMAdapter) -> None:
    job = finish(adapter, submit(adapter, spec_for()))
    adapter.purge(job)
    adapter.purge(job)
    assert service.jobs.all == {}
    assert adapter.poll([job])[0].state is JobState.UNKNOWN
    assert adapter.find([job.spec]) == ()
    with pytest.raises(JobError, match="Job not found"):
        adapter.collect(job)


def test_threads_share_an_adapter(adapter: IBMAdapter) -> None:
    def one_qubit_set(number: int) -> list[int]:
        job = finish(adapter, submit(adapter, spec_for(Circuit().x(number).measure(*range(6)))))
        (block,) = adapter.collect(job)
        return [int(count > 32) for count in block.ones]

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(one_qubit_set, range(6))) == np.eye(6, dtype=int).tolist()
