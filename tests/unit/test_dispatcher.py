import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from qrng_hub.adapter import NoSettings, looked_at
from qrng_hub.circuits import Circuit
from qrng_hub.dispatcher import Dispatcher, Failure
from qrng_hub.errors import (
    AuthenticationError,
    BackendLimitError,
    BudgetExceededError,
    JobCancelledError,
    JobFailedError,
    JobTimeoutError,
    QueueFullError,
    RateLimitedError,
    RunInterruptedError,
    ServiceUnreachableError,
    VendorError,
)
from qrng_hub.ledger import Ledger, LedgerJob
from qrng_hub.limits import Limits
from qrng_hub.policy import GRACE
from qrng_hub.records import Job, JobSpec, JobState, Quote, RawBlock
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter
from qrng_hub_local import LocalAdapter

PAYING = Limits(usd_per_job=Decimal("0.30"), max_wait_seconds=3600)


class Bench:
    """A dispatcher on one scripted backend."""

    def __init__(self, ledger: Ledger, script: Script, limits: Limits = PAYING) -> None:
        self.clock = FrozenClock()
        self.ledger = ledger
        self.adapter = ScriptedAdapter({"device": script}, self.clock)
        self.dispatcher = Dispatcher(ledger, self.clock, limits)
        self.stop = threading.Event()
        circuit = Circuit().h(0, 1).measure(0, 1)
        self.spec = JobSpec(key=uuid.uuid4().hex, address="scripted:device", circuits=(circuit,), shots=100)

    def run(self) -> tuple[RawBlock, ...]:
        return self.adapter.collect(self.dispatcher.run(self.adapter, self.spec, "draw", self.stop).job)

    def recorded(self) -> LedgerJob:
        (job,) = self.ledger.jobs()
        return job

    def kinds(self) -> list[str]:
        return [event.kind for event in self.ledger.events(self.spec.key)]


def test_a_paid_job_is_followed_from_its_intent_to_its_bill(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(queue_seconds=90, run_seconds=60))  # no pause is that long
    (block,) = bench.run()
    assert block.shots == 100
    assert bench.kinds() == ["job.intended", "job.queued", "job.running", "job.done"]
    job = bench.recorded()
    assert (job.queue_seconds, job.run_seconds, job.stamps) == (90, 60, "vendor")
    assert (job.cost_estimated_high, job.cost_billed) == (Decimal("0.30"), Decimal("0.30"))


def test_an_in_process_job_is_one_record_at_its_end(ledger: Ledger) -> None:
    bench = Bench(ledger, Script())
    adapter = LocalAdapter(NoSettings(), bench.clock)
    spec = bench.spec.model_copy(update={"address": "local:stim"})
    bench.dispatcher.run(adapter, spec, "draw", bench.stop)
    assert bench.kinds() == ["job.done"]
    assert (bench.recorded().state, bench.recorded().cost_billed) == (JobState.DONE, Decimal(0))


@pytest.mark.parametrize(
    ("price", "says"), [(Decimal("0.31"), "may cost 0.31 USD.*usd_per_job"), (None, "price is unknown")]
)
def test_nothing_too_dear_is_submitted(ledger: Ledger, price: Decimal | None, says: str) -> None:
    bench = Bench(ledger, Script(price=price))
    with pytest.raises(BudgetExceededError, match=says):
        bench.run()
    assert bench.adapter.jobs == {}
    assert ledger.jobs() == ()


def test_a_refusal_names_what_allows_the_job(ledger: Ledger) -> None:
    with pytest.raises(BudgetExceededError, match=r"usd_per_job = 0\.32") as caught:
        Bench(ledger, Script(price=Decimal("0.3113"))).run()
    enough = Decimal(str(caught.value).rpartition("= ")[2])
    Bench(ledger, Script(price=Decimal("0.3113")), replace(PAYING, usd_per_job=enough)).run()
    with pytest.raises(BudgetExceededError, match='unknown_price = "accept"'):
        Bench(ledger, Script(price=None)).run()
    Bench(ledger, Script(price=None), replace(PAYING, accepts_unknown_price=True)).run()


def test_a_lost_reply_does_not_make_a_second_job(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(lost_replies=1))
    bench.run()
    assert len(bench.adapter.jobs) == 1
    assert bench.recorded().state is JobState.DONE


def test_a_refused_submission_is_tried_again_with_pauses(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[RateLimitedError("slow down"), RateLimitedError("slow down")]))
    started = bench.clock.now()
    bench.run()
    assert len(bench.adapter.jobs) == 1
    assert bench.kinds()[:4] == ["job.intended", "job.retried", "job.retried", "job.queued"]
    assert (bench.recorded().queued_utc or started) >= started.replace(second=6)


def test_gives_up_after_the_attempts_allowed(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[RateLimitedError("slow down")] * 3))
    with pytest.raises(RateLimitedError):
        bench.run()
    assert bench.recorded().state is JobState.CANCELLED
    assert "not submitted" in bench.recorded().message


def test_a_job_nobody_can_look_for_is_unknown_and_never_submitted_again(ledger: Ledger) -> None:
    class Unreachable(ScriptedAdapter):
        def find(self, specs: object) -> tuple[Job, ...]:
            raise ServiceUnreachableError("no route")

    bench = Bench(ledger, Script(lost_replies=1))
    bench.adapter = Unreachable(bench.adapter.scripts, bench.clock)
    with pytest.raises(VendorError, match="not submitted again"):
        bench.run()
    assert len(bench.adapter.jobs) == 1
    assert bench.recorded().state is JobState.UNKNOWN


def test_errors_of_polling_do_not_fail_a_healthy_job(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(poll_errors=[VendorError("strange"), ServiceUnreachableError("no route")]))
    bench.run()
    assert bench.recorded().state is JobState.DONE


@pytest.mark.parametrize(
    ("ends", "error"), [(JobState.FAILED, JobFailedError), (JobState.CANCELLED, JobCancelledError)]
)
def test_a_job_that_ends_badly_raises_and_costs_what_was_billed(
    ledger: Ledger, ends: JobState, error: type[Exception]
) -> None:
    bench = Bench(ledger, Script(ends=ends))
    with pytest.raises(error):
        bench.run()
    assert (bench.recorded().state, bench.recorded().cost_billed) == (ends, Decimal(0))


def test_a_slow_job_stays_at_the_vendor_and_on_record(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(queue_seconds=10_000))
    with pytest.raises(JobTimeoutError, match="stays at the vendor"):
        bench.run()
    assert bench.recorded().state is JobState.QUEUED
    assert bench.adapter.jobs[bench.spec.key].state is JobState.QUEUED


def test_a_stopped_run_leaves_its_job_on_record(ledger: Ledger) -> None:
    bench = Bench(ledger, Script())
    sleep = bench.clock.sleep

    class Stopping(FrozenClock):
        def sleep(self, seconds: float, wake: threading.Event) -> bool:
            wake.set()
            return sleep(seconds, wake)

    bench.dispatcher = Dispatcher(ledger, Stopping(), PAYING)
    with pytest.raises(RunInterruptedError, match="was queued when the run was stopped"):
        bench.run()
    assert bench.recorded().state is JobState.QUEUED
    with pytest.raises(RunInterruptedError, match="before its next job"):
        bench.run()


def test_a_request_the_vendor_cannot_take_closes_its_intent(ledger: Ledger) -> None:
    bench = Bench(ledger, Script())
    bench.spec = bench.spec.model_copy(update={"shots": 10**9})
    with pytest.raises(BackendLimitError, match="1 to 100,000 shots"):
        bench.run()
    assert bench.recorded().state is JobState.CANCELLED


class Counting(ScriptedAdapter):
    """Counts how often it is asked."""

    polls = 0

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        self.polls += 1
        return super().poll(jobs)


def test_many_jobs_are_polled_together_and_each_settles_by_itself(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(queue_seconds=60))
    bench.adapter = Counting(bench.adapter.scripts | {"bad": Script(ends=JobState.FAILED)}, bench.clock)
    specs = [
        bench.spec.model_copy(
            update={"key": f"{number}", "address": f"scripted:{'bad' if number % 10 == 0 else 'device'}"}
        )
        for number in range(100)
    ]
    settled = list(bench.dispatcher.run_all(bench.adapter, specs, "draw", bench.stop))
    failures = [one for one in settled if isinstance(one, Failure)]
    assert (len(settled), len(failures)) == (100, 10)
    assert {failure.spec.key for failure in failures} == {str(number) for number in range(0, 100, 10)}
    assert all(isinstance(failure.error, JobFailedError) for failure in failures)
    assert isinstance(bench.adapter, Counting)
    assert bench.adapter.polls < 20


def test_polls_ever_more_slowly_but_not_too_slowly(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(queue_seconds=3000))
    bench.adapter = Counting(bench.adapter.scripts, bench.clock)
    bench.run()
    assert isinstance(bench.adapter, Counting)
    assert 3000 / 36 < bench.adapter.polls < 3000 / 24 + 30


def test_a_vendor_that_asks_for_patience_gets_it(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(poll_errors=[RateLimitedError("slow down", retry_after_seconds=500)], queue_seconds=1))
    started = bench.clock.now()
    bench.run()
    assert (bench.clock.now() - started).total_seconds() >= 500


@pytest.mark.parametrize(("asked_for", "waited"), [(None, 30), (0.5, 2), (90, 90)])
def test_a_submission_is_repeated_when_the_vendor_says(ledger: Ledger, asked_for: float | None, waited: float) -> None:
    refusal = RateLimitedError("slow down", asked_for)
    bench = Bench(ledger, Script(submit_errors=[refusal], queue_seconds=0, run_seconds=0))
    started = bench.clock.now()
    bench.run()
    job = bench.recorded()
    assert job.queued_utc
    assert (job.queued_utc - started).total_seconds() == waited


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity"])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    with pytest.raises(ValueError, match="high"):
        Quote(low=None, high=Decimal(price), source="t")


def test_a_run_that_is_stopped_between_attempts_tries_no_more(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[RateLimitedError("slow down")] * 2))
    bench.clock.sleep = lambda seconds, wake: True  # type: ignore[method-assign]
    with pytest.raises(RunInterruptedError, match="was not submitted when the run was stopped: slow down"):
        bench.run()
    assert bench.adapter.jobs == {}
    assert (bench.recorded().state, bench.recorded().cost_billed) == (JobState.CANCELLED, Decimal(0))
    assert len(bench.adapter.scripts["device"].submit_errors) == 1


def test_a_run_that_is_stopped_while_a_job_is_looked_for_leaves_it_on_record(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[ServiceUnreachableError("no route")]))
    bench.clock.sleep = lambda seconds, wake: True  # type: ignore[method-assign]
    with pytest.raises(RunInterruptedError, match=r"was looked for when the run was stopped: .*reconcile"):
        bench.run()
    assert (bench.recorded().state, bench.recorded().cost_billed) == (JobState.UNKNOWN, None)


def test_what_is_waited_for_is_said_once_with_how_long(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    doubtful = Bench(ledger, Script(submit_errors=[ServiceUnreachableError("no route")]))
    with pytest.raises(ServiceUnreachableError):
        doubtful.run()
    full = Bench(ledger, Script(submit_errors=[QueueFullError("3 jobs wait")] * 30))
    full.run()
    asked = Bench(ledger, Script(submit_errors=[RateLimitedError("slow down", 100)]))
    asked.run()
    (first, second, third) = caplog.messages
    assert f"job {doubtful.spec.key} on scripted:device is looked for at the vendor for up to 10 minutes" in first
    assert "until 00:10 UTC" in first
    assert "no route" in first
    assert f"job {full.spec.key} on scripted:device waits for up to 3,600 s for room in the queue: 3 jobs" in second
    assert "is submitted again in 100 s: slow down" in third


def test_nothing_is_submitted_so_late_that_a_reconciliation_might_have_closed_it(ledger: Ledger) -> None:
    limits = replace(PAYING, max_attempts=12)
    bench = Bench(ledger, Script(submit_errors=[RateLimitedError("slow down")] * 9), limits)
    started = bench.clock.now()
    with pytest.raises(RateLimitedError):
        bench.run()
    assert (bench.clock.now() - started) < GRACE / 2
    assert bench.adapter.jobs == {}


def test_closing_an_intent_does_not_undo_an_adoption(ledger: Ledger) -> None:
    bench = Bench(ledger, Script())
    bench.run()
    ledger.close_intent(bench.spec.key, JobState.CANCELLED, "too late")
    assert (bench.recorded().state, bench.recorded().cost_billed) == (JobState.DONE, Decimal("0.30"))
    assert "job.cancelled" not in bench.kinds()


def test_a_key_that_is_revoked_ends_the_wait_and_why_is_on_record(ledger: Ledger) -> None:
    refusals = [AuthenticationError("the key is revoked")] * 1000
    bench = Bench(ledger, Script(poll_errors=list(refusals), queue_seconds=1))
    started = bench.clock.now()
    with pytest.raises(JobTimeoutError, match="the key is revoked"):
        bench.run()
    assert 900 <= (bench.clock.now() - started).total_seconds() < 1000
    assert bench.recorded().state is JobState.QUEUED
    (event,) = ledger.events("scripted:device")
    assert (event.kind, event.detail) == ("poll.failed", {"reason": "the key is revoked"})


def test_a_job_that_shows_late_after_a_doubtful_end_is_waited_for_and_not_made_again(ledger: Ledger) -> None:
    class Lagging(ScriptedAdapter):
        def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
            shows = bench.clock.now() - started > timedelta(minutes=5)
            return super().find(specs) if shows else ()

    bench = Bench(ledger, Script(lost_replies=1))
    started = bench.clock.now()
    bench.adapter = Lagging(bench.adapter.scripts, bench.clock)
    bench.run()
    assert bench.kinds() == ["job.intended", "job.unknown", "job.done"]
    assert (len(bench.adapter.jobs), bench.recorded().cost_billed) == (1, Decimal("0.30"))


def test_a_job_that_never_shows_after_a_doubtful_end_is_closed_and_not_made_again(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[ServiceUnreachableError("no route")]))
    started = bench.clock.now()
    with pytest.raises(ServiceUnreachableError, match="no route"):
        bench.run()
    assert bench.clock.now() - started >= GRACE
    assert bench.adapter.jobs == {}
    assert (bench.recorded().state, bench.recorded().cost_billed) == (JobState.CANCELLED, Decimal(0))


def test_an_error_before_the_request_closes_the_job_at_once_and_gives_its_reservation_back(ledger: Ledger) -> None:
    never_asked = VendorError("the capabilities cannot be read")
    never_asked.may_have_happened = False
    bench = Bench(ledger, Script(submit_errors=[never_asked]))
    started = bench.clock.now()
    with pytest.raises(VendorError, match="capabilities"):
        bench.run()
    assert (bench.clock.now(), bench.recorded().state) == (started, JobState.CANCELLED)
    assert bench.recorded().cost_billed == Decimal(0)


def test_where_one_key_is_one_job_at_the_vendor_a_doubtful_submission_is_repeated(ledger: Ledger) -> None:
    class OneKeyOneJob(ScriptedAdapter):
        def may_resubmit(self, name: str) -> bool:
            return True

    bench = Bench(ledger, Script(submit_errors=[ServiceUnreachableError("no route")]))
    bench.adapter = OneKeyOneJob(bench.adapter.scripts, bench.clock)
    bench.run()
    assert bench.kinds()[:3] == ["job.intended", "job.retried", "job.queued"]


def test_one_job_that_cannot_be_looked_at_holds_up_no_other() -> None:
    job = Job(spec=JobSpec(key="a", address="b:c", circuits=(), shots=1), vendor_id="1", state=JobState.RUNNING)
    jobs = [job.model_copy(update={"spec": job.spec.model_copy(update={"key": key})}) for key in "abcd"]

    def look(one: Job) -> Job:
        if one.spec.key == "b":
            raise AuthenticationError("not yours")
        if one.spec.key == "c":
            raise RateLimitedError("slow down")
        return one.model_copy(update={"state": JobState.DONE})

    states = [one.state for one in looked_at(jobs, look)]
    assert states == [JobState.DONE, JobState.UNKNOWN, JobState.UNKNOWN, JobState.UNKNOWN]
    with pytest.raises(AuthenticationError, match="not yours"):
        looked_at(jobs[1:2], look)


def test_a_full_queue_is_waited_for_and_is_no_attempt(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[QueueFullError("3 jobs wait")] * 30))  # longer than an intent is fresh
    (block,) = bench.run()
    assert block.shots == 100
    assert bench.kinds().count("job.waiting") == 30
    assert bench.kinds()[-1] == "job.done"
    assert len(bench.adapter.jobs) == 1


def test_a_queue_that_stays_full_ends_the_job_when_its_time_is_over(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[QueueFullError("3 jobs wait")] * 999))
    with pytest.raises(QueueFullError, match="3 jobs wait"):
        bench.run()
    assert (bench.recorded().state, bench.adapter.jobs) == (JobState.CANCELLED, {})


def test_a_run_that_waits_for_a_full_queue_can_be_stopped(ledger: Ledger) -> None:
    bench = Bench(ledger, Script(submit_errors=[QueueFullError("3 jobs wait")] * 9))
    bench.clock.sleep = lambda *_: True  # type: ignore[method-assign]  # as it returns when the run is stopped
    with pytest.raises(RunInterruptedError, match="was not submitted when the run was stopped: 3 jobs wait"):
        bench.run()
    assert bench.recorded().state is JobState.CANCELLED
