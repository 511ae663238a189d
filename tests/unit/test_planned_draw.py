"""A draw by plan: what was planned is run, one job first, and what a round gave decides about the next."""

import base64
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.errors import (
    AuthenticationError,
    ConfigError,
    InfeasiblePlanError,
    JobFailedError,
    LedgerError,
    PolicyStopError,
    ServiceUnreachableError,
    SimulatedFallbackWarning,
)
from qrng_hub.files import claimed
from qrng_hub.records import Backend, Draw, Job, JobState, Origin, QubitCalibration, RawBlock, ShotOrder
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Cheap(ScriptedAdapter):
    """A second vendor."""

    name = "other"


def hub_of(
    scripts: dict[str, Script], other: dict[str, Script] | None = None, **sections: Any
) -> tuple[Hub, ScriptedAdapter]:
    """Opens a hub that plans over scripted devices of 16 qubits, whose jobs have 1,024 shots at most."""
    clock = FrozenClock()
    adapters = [ScriptedAdapter(scripts, clock), Cheap(other or {}, clock)]
    named = [*(f"scripted:{name}" for name in scripts), *(f"other:{name}" for name in other or {})]
    values = {
        "version": 1,
        "request": {"bytes": 4096, "mode": "plan", "mix_os_entropy": False},
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd": Decimal(10)},
        "backend": [{"address": address, "shots": 1024} for address in named],
    }
    values |= {name: values.get(name, {}) | section for name, section in sections.items()}
    return Hub.open(values, clock=clock, adapters=adapters), adapters[0]


def test_a_plan_is_run_and_its_receipt_adds_up() -> None:
    hub, vendor = hub_of({"dear": Script(price=Decimal("0.50")), "cheap": Script(price=Decimal("0.20"))})
    with hub:
        plan = hub.plan()
        draw = hub.run()
        (line,) = plan.chosen
        assert (line.address, len(draw.data)) == ("scripted:cheap", 4096)
        jobs = hub.jobs()
        assert {job.address for job in jobs} == {"scripted:cheap"}
        assert line.jobs - 1 <= len(jobs) <= line.jobs  # a job gives a little more than planned
        (cost,) = hub.costs()
        assert cost.billed == len(jobs) * Decimal("0.20") <= plan.cost_high == line.jobs * Decimal("0.20")
    (source,) = draw.receipt.sources
    assert (source.bytes_delivered, source.shots, draw.receipt.mode) == (4096, 1024 * len(jobs), "plan")
    assert draw.receipt.credit.bits == 8 * 4096
    assert len(vendor.jobs) == len(jobs)


def test_a_backend_that_bills_more_than_it_quoted_is_planned_as_dear_as_it_is() -> None:
    hub, _vendor = hub_of(
        {"honest": Script(price=Decimal("0.50")), "cheap": Script(price=Decimal("0.20"), billed=Decimal("0.90"))}
    )
    with hub:
        assert [line.address for line in hub.plan().chosen] == ["scripted:cheap"]
        hub.run()
        used = Counter(job.address for job in hub.jobs())
    assert used["scripted:cheap"] == 1
    assert used["scripted:honest"] > 1


def test_of_backends_that_cost_the_same_the_first_in_the_file_is_taken() -> None:
    names = ["beta", "delta", "alpha", "gamma"]
    for first in range(len(names)):
        order = names[first:] + names[:first]
        hub, _vendor = hub_of({name: Script(price=Decimal(0)) for name in order})
        with hub:
            assert [line.address for line in hub.plan().chosen] == [f"scripted:{order[0]}"]


def test_every_byte_comes_from_what_the_jobs_gave_in_their_order(state: Path) -> None:
    """Joins what was kept of each job of a run whose bytes could not be stored."""

    def full(_draw: Draw) -> None:
        raise OSError("no space left")

    hub, vendor = hub_of({"device": Script()})
    with hub:
        with pytest.raises(OSError, match="no space left"):
            hub.run(deliver=full)
        (run,) = hub.runs()
        files = [json.loads(path.read_text())["given"] for path in (state / "runs" / run.draw_id).iterdir()]
        outputs = {file["job"]["spec"]["key"]: base64.urlsafe_b64decode(file["given"]["output"]) for file in files}
        draw = hub.resume(run.draw_id)
    (source,) = draw.receipt.sources
    assert set(source.job_keys) == set(vendor.jobs) == set(outputs)
    assert draw.data == b"".join(outputs[key] for key in source.job_keys)[:4096]


def test_two_vendors_share_the_output_if_the_policy_asks_for_two() -> None:
    hub, _ = hub_of(
        {"a": Script(price=Decimal("0.20"))}, {"b": Script(price=Decimal("0.50"))}, policy={"vendors_min": 2}
    )
    with hub:
        receipt = hub.run().receipt
    assert {source.address for source in receipt.sources} == {"scripted:a", "other:b"}
    assert sum(source.bytes_delivered for source in receipt.sources) == 4096
    assert receipt.credit.bits == 8 * 4096


def test_a_backend_that_fails_costs_one_job_and_the_rest_is_planned_anew() -> None:
    hub, vendor = hub_of(
        {"bad": Script(price=Decimal("0.10"), ends=JobState.FAILED), "good": Script(price=Decimal("0.20"))}
    )
    with hub:
        receipt = hub.run().receipt
        by_backend = {line.group: line.jobs for line in hub.costs()}
    assert by_backend["scripted:bad"] == 1
    assert [source.address for source in receipt.sources] == ["scripted:good"]
    (failed,) = receipt.substitutions
    assert (failed.failed, "failed" in failed.reason) == ("scripted:bad", True)
    assert len(vendor.jobs) == sum(by_backend.values())


def test_a_backend_that_gives_less_than_expected_is_planned_with_less() -> None:
    hub, vendor = hub_of({"poor": Script(price=Decimal("0.10"), p_one=0.8), "good": Script(price=Decimal("0.15"))})
    with hub:
        assert [line.address for line in hub.plan().chosen] == ["scripted:poor"]
        receipt = hub.run().receipt
    assert {source.address: len(source.job_keys) for source in receipt.sources}["scripted:poor"] == 1
    assert {source.address for source in receipt.sources} == {"scripted:poor", "scripted:good"}
    assert sum(source.bytes_delivered for source in receipt.sources) == 4096
    assert len(vendor.jobs) > 1


def test_what_was_spent_is_gone_from_the_budget() -> None:
    scripts = {"bad": Script(price=Decimal("0.10"), queue_seconds=1e6), "good": Script(price=Decimal("0.20"))}
    hub, vendor = hub_of(scripts, policy={"max_wait_seconds": 100.0, "hedge": True}, budget={"usd": Decimal("0.65")})
    with hub:
        needed = hub.plan().chosen[0].jobs * Decimal("0.20")
        with pytest.raises(InfeasiblePlanError, match=r"budget.usd is 0.55, and it takes"):
            hub.run()
        assert needed > Decimal("0.55")
        spent = sum(job.cost_estimated_high or 0 for job in hub.jobs() if job.cost_billed is None)
        assert spent == Decimal("0.10")
    assert len(vendor.jobs) == 1


def test_nothing_is_spent_without_a_budget_or_over_a_cap() -> None:
    hub, vendor = hub_of({"device": Script()}, budget={"usd": Decimal(0)})
    with hub, pytest.raises(InfeasiblePlanError, match=r"budget.usd is 0, and it takes"):
        hub.run()
    assert vendor.jobs == {}
    capped = [{"address": "scripted:device", "shots": 1024, "max_usd": 0}]
    values = {"version": 1, "request": {"mode": "plan"}, "budget": {"usd": 5}, "backend": capped}
    adapter = ScriptedAdapter({"device": Script()}, FrozenClock())
    with (
        Hub.open(values, adapters=[adapter]) as hub,
        pytest.raises(InfeasiblePlanError, match="caps of single backends"),
    ):
        hub.run()


def test_an_unknown_price_is_refused_unless_it_is_accepted() -> None:
    hub, _ = hub_of({"device": Script(price=None)})
    with hub, pytest.raises(InfeasiblePlanError, match="its price is unknown"):
        hub.plan()
    hub, _ = hub_of({"device": Script(price=None)}, budget={"unknown_price": "accept"})
    with hub:
        assert "the run file accepts that" in hub.plan().warnings[0]


def test_simulators_stand_in_loudly_when_no_hardware_can_be_used() -> None:
    scripts = {"device": Script(offline=True), "sim": Script(origin=Origin.SIMULATOR, price=Decimal(0))}
    hub, _ = hub_of(scripts, policy={"fallback": "simulate-on-failure"})
    with hub, pytest.warns(SimulatedFallbackWarning, match="device did not deliver .*offline"):
        receipt = hub.run().receipt
    assert (receipt.origin, receipt.credit.bits) == ("simulator", 0)
    (stand_in,) = receipt.substitutions
    assert (stand_in.failed, stand_in.used) == ("scripted:device", "scripted:sim")


def test_hardware_goes_before_a_simulator_that_is_free() -> None:
    scripts = {"sim": Script(origin=Origin.SIMULATOR, price=Decimal(0)), "device": Script()}
    hub, _ = hub_of(scripts, policy={"fallback": "simulate-on-failure"})
    with hub:
        lines = {line.address: line.reason for line in hub.plan().lines}
    assert lines == {"scripted:device": "chosen", "scripted:sim": lines["scripted:sim"]}
    assert "credited nothing" in lines["scripted:sim"]


def test_a_refused_key_ends_the_draw() -> None:
    hub, _ = hub_of({"device": Script(submit_errors=[AuthenticationError("no")]), "other": Script(price=Decimal(1))})
    with hub, pytest.raises(AuthenticationError):
        hub.run()


def test_a_deadline_that_is_over_and_a_backend_listed_twice_are_refused() -> None:
    hub, _ = hub_of({"device": Script()}, budget={"deadline_utc": "2025-01-01T00:00:00Z"})
    with hub, pytest.raises(InfeasiblePlanError, match="is over"):
        hub.plan()
    twice = [{"address": "scripted:device"}] * 2
    values = {"version": 1, "request": {"mode": "plan"}, "budget": {"usd": 5}, "backend": twice}
    adapter = ScriptedAdapter({"device": Script()}, FrozenClock())
    with Hub.open(values, adapters=[adapter]) as hub, pytest.raises(ConfigError, match="listed twice"):
        hub.plan()


def test_a_service_that_does_not_answer_is_a_reason_and_not_an_error(tmp_path: Path) -> None:
    class Mute(ScriptedAdapter):
        def describe(self, name: str) -> Any:
            if name == "mute":
                raise ServiceUnreachableError("no route")
            return super().describe(name)

    adapter = Mute({"mute": Script(), "device": Script()}, FrozenClock())
    backends = [{"address": "scripted:mute"}, {"address": "scripted:device"}]
    values = {"version": 1, "request": {"mode": "plan"}, "budget": {"usd": 5}, "backend": backends}
    with Hub.open(values, adapters=[adapter]) as hub:
        mute, device, last_resort = hub.plan().lines
    assert (mute.reason, device.chosen) == ("no route", True)
    assert (last_resort.address, last_resort.chosen) == ("local:stim", False)


def test_a_run_that_was_left_is_resumed_with_what_it_paid_for(state: Path) -> None:
    """The first process lets go of its jobs; the second waits for them, and pays for the rest only."""
    clock = FrozenClock()
    vendor = ScriptedAdapter({"device": Script(queue_seconds=500, price=Decimal("0.20"))}, clock)
    values: dict[str, Any] = {
        "version": 1,
        "request": {"bytes": 3840, "mode": "plan"},
        "policy": {"fallback": "hardware-only", "max_wait_seconds": 100.0},
        "budget": {"usd": Decimal("0.65")},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub:
        assert hub.plan().chosen[0].jobs == 3
        with pytest.raises(PolicyStopError, match=r"may still be billed.*resume the run"):
            hub.run()
        (run,) = hub.runs()
        assert (run.bytes, run.jobs, run.spent_usd, run.delivered) == (3840, 1, Decimal("0.20"), False)
    clock.advance(1000)
    values["policy"]["max_wait_seconds"] = 1000.0
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub:
        draw = hub.resume(run.draw_id)
        assert (len(draw.data), draw.receipt.draw_id) == (3840, run.draw_id)
        assert len(vendor.jobs) == len(draw.receipt.sources[0].job_keys) == 3
        (line,) = hub.costs()
        assert line.billed == Decimal("0.60")
        (run,) = hub.runs()
        assert run.delivered
        for name, match in ((run.draw_id, "was delivered"), ("nothing", "not in the ledger")):
            with pytest.raises(LedgerError, match=match):
                hub.resume(name)


def test_a_run_delivered_by_one_process_is_not_delivered_by_another() -> None:
    hub, _ = hub_of({"device": Script()})
    with hub:
        draw = hub.run()
        with pytest.raises(LedgerError, match=r"UNIQUE|unique"):
            hub._ledger.record_draw(draw.receipt)


# what was paid for is used once, and counted as what it is


@pytest.mark.parametrize("bad", [Script(price=Decimal("0.01"), p_one=0.0), Script(price=Decimal("0.01"))])
def test_a_backend_whose_outcomes_are_of_no_use_ends_nothing(bad: Script) -> None:
    if bad.p_one is None:
        bad.shot_order = ShotOrder.RECONSTRUCTED
    hub, _ = hub_of({"bad": bad, "good": Script(price=Decimal("0.20"))})
    with hub:
        receipt = hub.run().receipt
        assert {line.group: line.jobs for line in hub.costs()}["scripted:bad"] == 1
    assert [source.address for source in receipt.sources] == ["scripted:good"]
    assert [one.failed for one in receipt.substitutions] == ["scripted:bad"]


class Same(ScriptedAdapter):
    """Gives every job the outcomes of the first, whatever the backend."""

    kept: tuple[RawBlock, ...] = ()

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        blocks = super().collect(job)
        self.kept = self.kept or blocks
        update = {"vendor_id": job.vendor_id, "address": job.spec.address}
        return tuple(block.model_copy(update=update) for block in self.kept)


def test_the_same_outcomes_from_two_backends_are_used_once() -> None:
    clock = FrozenClock()
    vendor = Same({"a": Script(price=Decimal("0.20")), "b": Script(price=Decimal("0.21"))}, clock)
    listed = [{"address": f"scripted:{name}", "shots": 1024} for name in "ab"]
    values = {"version": 1, "request": {"bytes": 4096, "mode": "plan"}, "budget": {"usd": 9}, "backend": listed}
    values |= {"policy": {"fallback": "hardware-only"}}
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub, pytest.raises(InfeasiblePlanError, match="not new"):
        hub.run()


class Recalibrated(ScriptedAdapter):
    """Has other good qubits from the second description on."""

    seen = 0

    def describe(self, name: str) -> Backend:
        self.seen += 1
        good = 0 if self.seen > 1 else 1
        flips = [QubitCalibration(qubit=q, flip_0_to_1=0.0, flip_1_to_0=1.0 if q == good else 0.0) for q in range(16)]
        return super().describe(name).model_copy(update={"calibration": tuple(flips)})


def test_other_qubits_in_a_later_round_are_a_source_of_their_own() -> None:
    clock = FrozenClock()
    values = {
        "version": 1,
        "request": {"bytes": 4096, "mode": "plan"},
        "budget": {"usd": 9},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    with Hub.open(values, clock=clock, adapters=[Recalibrated({"device": Script()}, clock)]) as hub:
        first, second = hub.run().receipt.sources
    assert (0 in first.qubits, 1 in first.qubits, 0 in second.qubits, 1 in second.qubits) == (True, False, False, True)
    assert first.bytes_delivered + second.bytes_delivered == 4096
    assert (len(first.p_one), first.shots, second.shots) == (15, 1024, 3072)


def test_both_vendors_give_something_even_if_one_job_would_do() -> None:
    two: dict[str, Any] = {"policy": {"vendors_min": 2}, "request": {"bytes": 128}}
    hub, _ = hub_of({"a": Script()}, {"b": Script()}, **two)
    with hub:
        sources = hub.run().receipt.sources
    assert {source.address: source.bytes_delivered for source in sources} == {"scripted:a": 64, "other:b": 64}
    hub, _ = hub_of({"a": Script()}, {"b": Script(ends=JobState.FAILED)}, **two)
    with hub, pytest.raises(InfeasiblePlanError, match=r"policy.vendors_min asks for others"):
        hub.run()


def test_a_simulator_that_takes_over_in_the_middle_is_not_silent() -> None:
    class Dies(ScriptedAdapter):
        def collect(self, job: Job) -> tuple[RawBlock, ...]:
            if len(self.jobs) > 1:
                raise JobFailedError("the fridge is warm")
            return super().collect(job)

    clock = FrozenClock()
    vendor = Dies({"device": Script()}, clock)
    sim = Cheap({"sim": Script(origin=Origin.SIMULATOR, price=Decimal(0))}, clock)
    listed = [{"address": "scripted:device", "shots": 1024}, {"address": "other:sim", "shots": 1024}]
    values = {"version": 1, "request": {"bytes": 4096, "mode": "plan"}, "budget": {"usd": 9}, "backend": listed}
    hub = Hub.open(values, clock=clock, adapters=[vendor, sim])
    with hub, pytest.warns(SimulatedFallbackWarning, match="scripted:device did not deliver"):
        receipt = hub.run().receipt
    assert receipt.origin == "mixed"
    assert [(one.failed, one.used) for one in receipt.substitutions] == [("scripted:device", "other:sim")]
    hardware = next(source for source in receipt.sources if source.address == "scripted:device")
    assert receipt.credit.bits == 8 * hardware.bytes_delivered < 8 * 4096


def test_a_round_that_gives_less_is_learned_from_once() -> None:
    class Weakens(ScriptedAdapter):
        def collect(self, job: Job) -> tuple[RawBlock, ...]:
            self.scripts["device"].p_one = None if len(self.jobs) == 1 else 0.7
            return super().collect(job)

    clock = FrozenClock()
    values = {
        "version": 1,
        "request": {"bytes": 16_384, "mode": "plan"},
        "budget": {"usd": 99},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    with Hub.open(values, clock=clock, adapters=[Weakens({"device": Script()}, clock)]) as hub:
        assert len(hub.run().data) == 16_384


def test_an_accepted_unknown_price_is_paid() -> None:
    hub, vendor = hub_of({"device": Script(price=None)}, budget={"unknown_price": "accept"})
    with hub:
        assert len(hub.run().data) == 4096
    assert vendor.jobs


def test_outcomes_are_kept_at_the_vendor_until_the_draw_has_all_of_them() -> None:
    class Dies(ScriptedAdapter):
        def collect(self, job: Job) -> tuple[RawBlock, ...]:
            if len(self.jobs) > 1:
                raise JobFailedError("the fridge is warm")
            return super().collect(job)

    clock = FrozenClock()
    vendor = Dies({"device": Script()}, clock)
    values = {
        "version": 1,
        "request": {"bytes": 4096, "mode": "plan", "purge_at_vendor": True},
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd": 9},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub, pytest.raises(InfeasiblePlanError):
        hub.run()
    assert len(vendor.jobs) > 1, "the first job's outcomes are still there to be resumed with"
    hub, whole = hub_of({"device": Script(price=Decimal("0.20"))}, request={"purge_at_vendor": True})
    with hub:
        (source,) = hub.run().receipt.sources
    assert (source.purged_at_vendor, whole.jobs) == (True, {})


# resuming


def test_a_run_is_worked_on_by_one_process_at_a_time(state: Path) -> None:
    hub, _ = hub_of({"device": Script(queue_seconds=1e6)}, policy={"max_wait_seconds": 10.0})
    with hub:
        with pytest.raises(PolicyStopError):
            hub.run()
        (run,) = hub.runs()
        lock = state / "runs" / f"{run.draw_id}.lock"
        with claimed(lock, "run"), pytest.raises(LedgerError, match="another process is working on run"):
            hub.resume(run.draw_id)


def test_nothing_more_is_paid_while_a_jobs_fate_is_unknown() -> None:
    class Blind(ScriptedAdapter):
        def find(self, specs: Any) -> Any:
            raise ServiceUnreachableError("no route")

    clock = FrozenClock()
    vendor = Blind({"device": Script(lost_replies=1)}, clock)
    values = {
        "version": 1,
        "request": {"bytes": 4096, "mode": "plan"},
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd": 9},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub:
        for _ in range(2):
            with pytest.raises(PolicyStopError, match=r"may be billed|may still be billed"):
                hub.resume(hub.runs()[0].draw_id) if hub.runs() else hub.run()
        assert len(vendor.jobs) == 1


def test_a_run_is_resumed_with_a_file_that_lists_its_backends() -> None:
    hub, vendor = hub_of({"device": Script(queue_seconds=1e6)}, policy={"max_wait_seconds": 10.0})
    with hub, pytest.raises(PolicyStopError):
        hub.run()
    values = {"version": 1, "request": {"mode": "plan"}, "budget": {"usd": 9}, "backend": [{"address": "local:stim"}]}
    values |= {"policy": {"fallback": "hardware-only"}}
    hub = Hub.open(values, clock=vendor.clock, adapters=[vendor])
    with hub, pytest.raises(ConfigError, match="jobs on scripted:device, which the run file does not list"):
        hub.resume(hub.runs()[0].draw_id)


def test_outcomes_that_are_gone_are_lost_and_the_rest_is_drawn(state: Path) -> None:
    clock = FrozenClock()
    vendor = ScriptedAdapter({"device": Script(queue_seconds=50, price=Decimal("0.20"))}, clock)
    values: dict[str, Any] = {
        "version": 1,
        "request": {"bytes": 4096, "mode": "plan"},
        "policy": {"fallback": "hardware-only", "max_wait_seconds": 10.0},
        "budget": {"usd": 9},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub, pytest.raises(PolicyStopError):
        hub.run()
    clock.advance(100)
    values["policy"]["max_wait_seconds"] = 1000.0
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub:
        hub.reconcile()
        vendor.jobs.clear()  # the vendor forgets what it measured
        draw = hub.resume(hub.runs()[0].draw_id)
        assert len(draw.data) == 4096
        assert "job.lost" in {event.kind for event in hub.chain()}


@pytest.mark.parametrize(
    "section",
    [
        {"budget": {"deadline_utc": "2030-01-01T00:00:00Z"}},
        {"policy": {"vendors_min": 2}},
    ],
)
def test_a_limit_that_only_a_plan_keeps_is_refused_without_one(section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r'only heeded with request.mode = "plan"'):
        Hub.open({"version": 1} | section)
