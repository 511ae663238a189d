"""A draw by plan: what was planned is run, one job first, and what a round gave decides about the next."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.errors import (
    AuthenticationError,
    ConfigError,
    InfeasiblePlanError,
    LedgerError,
    PolicyStopError,
    ServiceUnreachableError,
    SimulatedFallbackWarning,
)
from qrng_hub.records import JobState, Origin
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
        assert [job.address for job in hub.jobs()] == ["scripted:cheap"] * line.jobs
        (cost,) = hub.costs()
        assert cost.billed == plan.cost_high == line.jobs * Decimal("0.20")
    (source,) = draw.receipt.sources
    assert (source.bytes_delivered, source.shots, draw.receipt.mode) == (4096, sum(line.shots), "plan")
    assert draw.receipt.credit.bits == 8 * 4096
    assert len(vendor.jobs) == line.jobs


def test_every_byte_comes_from_the_outcomes_in_their_order() -> None:
    hub, _ = hub_of({"device": Script()}, request={"retain_raw": True})
    with hub:
        first, second = hub.run(), hub.run()
        assert first.data != second.data
        assert len(set(zip(first.data[::64], first.data[1::64], strict=True))) > 32


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
        mute, device = hub.plan().lines
    assert (mute.reason, device.chosen) == ("no route", True)


def test_a_run_that_was_left_is_resumed_with_what_it_paid_for(state: Path) -> None:
    """The first process lets go of its jobs; the second waits for them, and pays for the rest only."""
    clock = FrozenClock()
    vendor = ScriptedAdapter({"device": Script(queue_seconds=500, price=Decimal("0.20"))}, clock)
    values: dict[str, Any] = {
        "version": 1,
        "request": {"bytes": 4096, "mode": "plan"},
        "policy": {"fallback": "hardware-only", "max_wait_seconds": 100.0},
        "budget": {"usd": Decimal("0.65")},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub:
        assert hub.plan().chosen[0].jobs == 3
        with pytest.raises(PolicyStopError, match=r"may still be billed.*resume the run"):
            hub.run()
        (run,) = hub.runs()
        assert (run.bytes, run.jobs, run.spent_usd, run.delivered) == (4096, 1, Decimal("0.20"), False)
    clock.advance(1000)
    values["policy"]["max_wait_seconds"] = 1000.0
    with Hub.open(values, clock=clock, adapters=[vendor]) as hub:
        draw = hub.resume(run.draw_id)
        assert (len(draw.data), draw.receipt.draw_id) == (4096, run.draw_id)
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
