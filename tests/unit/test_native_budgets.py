"""Limits in the vendor's own seconds, and limits of a month, bind a plan as well as every job."""

from decimal import Decimal
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.circuits import Circuit
from qrng_hub.errors import BudgetExceededError, InfeasiblePlanError
from qrng_hub.records import Job, JobSpec, Quote
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Timed(ScriptedAdapter):
    """Reckons in seconds, as IBM does: a job is quoted at 3 and takes 2."""

    def quote(self, spec: JobSpec) -> Quote:
        return super().quote(spec).model_copy(update={"native": {"seconds": Decimal(3)}})

    def _seen(self, job: Job) -> Job:
        job = super()._seen(job)
        return job.model_copy(update={"usage": {"seconds": Decimal(2)}}) if job.state.finished else job


def hub_of(mode: str = "plan", vendor: type[ScriptedAdapter] = Timed, **sections: Any) -> tuple[Hub, ScriptedAdapter]:
    clock = FrozenClock()
    adapter = vendor({"device": Script(price=Decimal("0.10"))}, clock)
    backend = {"address": "scripted:device", "shots": 1024} | sections.pop("backend", {})
    asked = {"version": 1, "request": {"bytes": 8000, "mode": mode}, "policy": {"fallback": "hardware-only"}}
    asked |= {"budget": {"usd": Decimal(100)}, "backend": [backend]} | sections
    return Hub.open(asked, clock=clock, adapters=[adapter]), adapter


def test_seconds_are_reserved_by_the_quote_and_settled_by_the_usage() -> None:
    hub, vendor = hub_of(backend={"max_seconds": 18})
    with hub:
        hub.run()
        (budget,) = (one for one in hub.budgets() if one.unit == "seconds")
        assert (budget.most, budget.committed) == (Decimal(18), Decimal(2 * len(vendor.jobs)))
        assert hub.audit() == ()


def test_a_plan_keeps_to_the_seconds_of_a_backend() -> None:
    hub, vendor = hub_of(backend={"max_seconds": 11})
    with hub, pytest.raises(InfeasiblePlanError, match="caps of single backends are too low"):
        hub.plan()
    hub, vendor = hub_of(vendor=ScriptedAdapter, backend={"max_seconds": 100})
    with hub, pytest.raises(InfeasiblePlanError, match="nobody says how long its jobs run"):
        hub.plan()
    assert vendor.jobs == {}


def test_seconds_bind_without_a_plan_as_well() -> None:
    hub, vendor = hub_of(mode="first", backend={"max_seconds": 5})
    with hub, pytest.raises(BudgetExceededError, match=r"time on scripted:device of 5 seconds has 4 spent or reserved"):
        hub.run()
    assert len(vendor.jobs) == 2


def test_the_seconds_of_a_month_are_shared_by_all_runs() -> None:
    hub, vendor = hub_of(backend={"max_seconds_per_month": 24})
    with hub:
        jobs = len(hub.run() and vendor.jobs)
        assert 0 < 24 - 2 * jobs < 3 * jobs
        with pytest.raises(InfeasiblePlanError):
            hub.run()
        assert len(vendor.jobs) == jobs
        clock = vendor.clock
        assert isinstance(clock, FrozenClock)
        clock.advance(32 * 86_400)
        hub.run()
        assert len(vendor.jobs) == 2 * jobs


def test_what_is_left_of_the_month_binds_the_plan() -> None:
    hub, _ = hub_of(budget={"usd": Decimal(100), "usd_per_month": Decimal("0.70"), "warn_at": 1})
    with hub:
        hub.run()
        with pytest.raises(InfeasiblePlanError, match=r"left of the budget project default, 2026-01, is 0.1"):
            hub.plan()


def test_jobs_are_made_so_small_that_none_costs_more_than_it_may() -> None:
    class ByShot(ScriptedAdapter):
        def quote(self, spec: JobSpec) -> Quote:
            price = Decimal(spec.shots) / 1000
            return Quote(low=price, high=price, source="a dollar for a thousand shots")

    hub, _ = hub_of(vendor=ByShot, backend={"shots": 4096}, budget={"usd": Decimal(100)})
    with hub:
        whole = hub.plan()
    hub, _ = hub_of(vendor=ByShot, backend={"shots": 4096}, budget={"usd": Decimal(100), "usd_per_job": Decimal(2)})
    with hub:
        small = hub.plan()
        assert max(whole.chosen[0].shots) > 2000 >= max(small.chosen[0].shots)
        hub.run()
        assert all((job.cost_estimated_high or 0) <= 2 for job in hub.jobs())
    hub, _ = hub_of(vendor=ByShot, budget={"usd": Decimal(100), "usd_per_job": Decimal("0.5")})
    with hub, pytest.raises(InfeasiblePlanError, match=r"a job costs 1.0\d+ USD at least, and 0.5 are allowed"):
        hub.plan()


def test_a_cap_in_money_binds_every_mode() -> None:
    hub, vendor = hub_of(mode="first", backend={"max_usd": Decimal("0.25")})
    with hub, pytest.raises(BudgetExceededError, match=r"on scripted:device of 0.25 has 0.25 left: 0.35 more"):
        hub.run()
    assert vendor.jobs == {}, "what cannot be had as a whole is not begun"
    circuit = Circuit().h(0).measure(0)
    hub, vendor = hub_of(backend={"max_usd": Decimal("0.25")}, budget={"usd": Decimal(1), "usd_per_job": Decimal(1)})
    with hub:
        hub.raw("scripted:device", circuit, 100)  # no draw: no cap of one
    assert len(vendor.jobs) == 1
