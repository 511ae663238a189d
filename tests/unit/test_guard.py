"""An adapter's answers that the contract does not allow reach no ledger, no credit and no bill."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.adapter import GuardedAdapter
from qrng_hub.circuits import Circuit
from qrng_hub.config import run_file_from
from qrng_hub.errors import InfeasiblePlanError, PolicyStopError, VendorError
from qrng_hub.records import Backend, Check, Job, JobSpec, JobState, Origin, Quote, RawBlock
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Wrong(ScriptedAdapter):
    """Passes what it should answer through a function that makes something else of it."""

    def __init__(self, wrong: dict[str, Callable[[Any], Any]], origin: Origin = Origin.HARDWARE) -> None:
        super().__init__({"device": Script(origin=origin, queue_seconds=0, run_seconds=0)}, FrozenClock())
        self.wrong = wrong

    def _answer(self, method: str, answer: Any) -> Any:
        return self.wrong.get(method, lambda same: same)(answer)

    def describe(self, name: str) -> Backend:
        described: Backend = self._answer("describe", super().describe(name))
        return described

    def quote(self, spec: JobSpec) -> Quote:
        quote: Quote = self._answer("quote", super().quote(spec))
        return quote

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        yield from self._answer("submit", tuple(super().submit(specs)))

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        answer: tuple[Job, ...] = self._answer("poll", super().poll(jobs))
        return answer

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        answer: tuple[RawBlock, ...] = self._answer("collect", super().collect(job))
        return answer

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        answer: tuple[Job, ...] = self._answer("find", super().find(specs))
        return answer

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        yield from self._answer("preflight", tuple(super().preflight(names)))


def changed(**update: Any) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Makes a function that changes the fields of every record of an answer."""
    return lambda answer: tuple(one.model_copy(update=update) for one in answer)


def fewer_shots(blocks: tuple[RawBlock, ...]) -> tuple[RawBlock, ...]:
    return tuple(block.model_copy(update={"outcomes": block.outcomes[:-1]}) for block in blocks)


def another_key(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    return tuple(job.model_copy(update={"spec": job.spec.model_copy(update={"key": "another"})}) for job in jobs)


def other_shots(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    return tuple(job.model_copy(update={"spec": job.spec.model_copy(update={"shots": 1})}) for job in jobs)


def twice(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return answer * 2


def none(_answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return ()


def nothing(_answer: object) -> None:
    return None


def of_nothing(_answer: object) -> tuple[None, ...]:
    return (None,)


def broken(_answer: tuple[Any, ...]) -> tuple[Any, ...]:
    raise KeyError("status")


def hub_of(adapter: Wrong, fallback: str = "hardware-only", mode: str = "first") -> Hub:
    budget = {"usd": Decimal(1), "usd_per_job": Decimal(1)}
    values = {"version": 1, "backend": [{"address": "scripted:device"}], "budget": budget}
    request = {"mix_os_entropy": False, "mode": mode}
    policy = {"policy": {"fallback": fallback, "max_wait_seconds": 60.0}, "request": request}
    return Hub.open(run_file_from(values | policy), clock=adapter.clock, adapters=[adapter])


SPEC = JobSpec(key=uuid.uuid4().hex, address="scripted:device", circuits=(Circuit().h(0).measure(0),), shots=8)


@pytest.mark.parametrize("wrong", [none, twice, another_key, broken, nothing, of_nothing])
def test_a_job_submitted_with_a_wrong_answer_is_found_by_its_key(wrong: Callable[[Any], Any]) -> None:
    adapter = Wrong({"submit": wrong})
    with hub_of(adapter) as hub:
        assert len(hub.random_bytes(32)) == 32
        (job,) = hub.jobs()
    assert (len(adapter.jobs), job.state, job.vendor_id) == (1, JobState.DONE, "scripted-0")


@pytest.mark.parametrize(
    "wrong",
    [none, twice, fewer_shots, changed(qubits=tuple(range(1, 17))), changed(origin=Origin.SIMULATOR),
     changed(address="scripted:other"), changed(vendor_id="scripted-9"), broken, nothing, of_nothing],
)  # fmt: skip
def test_wrong_outcomes_are_not_used_and_the_job_stays_on_record(wrong: Callable[[Any], Any]) -> None:
    adapter = Wrong({"collect": wrong})
    with hub_of(adapter) as hub:
        with pytest.raises(PolicyStopError, match=r"other outcomes|KeyError|TypeError|AttributeError"):
            hub.random_bytes(32)
        (job,) = hub.jobs()
        (line,) = hub.costs()
    assert (job.state, job.cost_billed, line.credited_bits) == (JobState.DONE, Decimal("0.30"), 0)


def test_a_simulator_that_calls_itself_hardware_is_credited_nothing() -> None:
    adapter = Wrong({"collect": changed(origin=Origin.HARDWARE)}, origin=Origin.SIMULATOR)
    with hub_of(adapter, "simulator-only") as hub, pytest.raises(PolicyStopError, match="source"):
        hub.random_bytes(32)


@pytest.mark.parametrize(
    "wrong",
    [none, twice, another_key, other_shots, changed(vendor_id="scripted-9"), changed(usage=None),
     changed(billed="1"), broken, nothing, of_nothing],
)  # fmt: skip
def test_a_wrong_answer_to_a_poll_leaves_the_job_as_it_was(wrong: Callable[[Any], Any]) -> None:
    adapter = Wrong({"poll": wrong})
    with hub_of(adapter) as hub:
        with pytest.raises(VendorError, match="stays at the vendor"):
            hub.random_bytes(32)
        (result,) = hub.reconcile()
        assert (result.before, result.decided) == (JobState.QUEUED, False)
        adapter.wrong.clear()
        assert [result.after for result in hub.reconcile()] == [JobState.DONE]


@pytest.mark.parametrize(
    "update",
    [{"low": Decimal(-1), "high": Decimal(-1)}, {"high": Decimal("NaN")}, {"high": Decimal("Infinity")}, {"high": 0.3},
     {"low": Decimal(1)}, {"native": None}, None],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["first", "plan"])
def test_a_quote_that_cannot_be_right_is_refused_and_nothing_submitted(
    mode: str, update: dict[str, Any] | None
) -> None:
    adapter = Wrong({"quote": nothing if update is None else lambda quote: quote.model_copy(update=update)})
    with hub_of(adapter, mode=mode) as hub, pytest.raises((VendorError, InfeasiblePlanError), match="quot"):
        hub.random_bytes(32)
    assert adapter.jobs == {}


def test_a_simulator_that_is_described_as_hardware_or_not_at_all_is_refused() -> None:
    for wrong in (lambda backend: backend.model_copy(update={"origin": Origin.SIMULATOR}), nothing):
        adapter = Wrong({"describe": wrong})
        with hub_of(adapter) as hub, pytest.raises(VendorError, match="describ"):
            hub.random_bytes(32)
        assert adapter.jobs == {}


@pytest.mark.parametrize("billed", ["NaN", "Infinity", "-5", "1e300"])
def test_a_bill_that_cannot_be_right_is_unknown(billed: str) -> None:
    adapter = Wrong({"poll": changed(billed=Decimal(billed))})
    with hub_of(adapter) as hub:
        assert len(hub.random_bytes(32)) == 32
        (job,) = hub.jobs()
        assert (job.state, job.cost_billed) == (JobState.DONE, None)
        assert "cannot be right" in job.message
        adapter.wrong.clear()
        hub.reconcile()
        assert hub.jobs()[0].cost_billed == Decimal("0.30")


def test_a_time_without_a_zone_is_the_adapters_fault() -> None:
    clock = FrozenClock()
    naive = clock.now().replace(tzinfo=None)
    guarded = GuardedAdapter(Wrong({"submit": changed(queued_utc=naive)}))
    with pytest.raises(VendorError, match="without a zone"):
        list(guarded.submit([SPEC]))


def test_what_is_found_is_what_was_looked_for() -> None:
    adapter = Wrong({"find": another_key})
    guarded = GuardedAdapter(adapter)
    list(guarded.submit([SPEC]))
    with pytest.raises(VendorError, match="other jobs"):
        guarded.find([SPEC])


def test_a_check_that_breaks_is_a_line() -> None:
    (check,) = GuardedAdapter(Wrong({"preflight": broken})).preflight(["device"])
    assert (check.verdict, "KeyError" in check.detail) == ("failed", True)
