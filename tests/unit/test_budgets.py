"""What is spent or reserved of a budget is true whatever becomes of its jobs."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.circuits import Circuit
from qrng_hub.errors import (
    BudgetExceededError,
    BudgetWarning,
    JobTimeoutError,
    ServiceUnreachableError,
    UnsupportedCircuitError,
    VendorError,
)
from qrng_hub.ledger import Ledger, Limit
from qrng_hub.records import Job, JobSpec, JobState, Origin, Quote
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

DOLLAR = {"project": Decimal(1)}


def intended(ledger: Ledger, usd: str, limits: dict[str, Decimal] | None = None) -> Job:
    """Puts a job on record that may cost so much."""
    spec = JobSpec(key=uuid.uuid4().hex, address="a:b", circuits=(Circuit().h(0).measure(0),), shots=1)
    quote = Quote(low=Decimal(0), high=Decimal(usd), source="test")
    of = {name: Limit(most=most) for name, most in (DOLLAR if limits is None else limits).items()}
    ledger.intend(spec, quote, Origin.HARDWARE, None, of)
    return Job(spec=spec, vendor_id=spec.key, state=JobState.QUEUED)


def committed(ledger: Ledger) -> dict[str, Decimal]:
    return {budget.name: budget.committed for budget in ledger.budgets()}


def test_a_job_reserves_its_highest_estimate_and_is_settled_by_its_bill(ledger: Ledger) -> None:
    job = intended(ledger, "0.60")
    assert committed(ledger) == {"project": Decimal("0.60")}
    ledger.update(job)
    assert committed(ledger) == {"project": Decimal("0.60")}
    for _ in range(2):
        ledger.update(job.model_copy(update={"state": JobState.DONE, "billed": Decimal("0.45")}))
        assert committed(ledger) == {"project": Decimal("0.45")}
    ledger.update(job.model_copy(update={"state": JobState.DONE, "billed": Decimal("0.50")}))
    assert committed(ledger) == {"project": Decimal("0.50")}


def test_what_passes_a_budget_is_not_put_on_record(ledger: Ledger) -> None:
    intended(ledger, "0.60")
    with pytest.raises(BudgetExceededError, match=r"project of 1 USD has 0.60 spent or reserved, .* may cost 0.41"):
        intended(ledger, "0.41")
    assert (committed(ledger), len(ledger.jobs())) == ({"project": Decimal("0.60")}, 1)
    intended(ledger, "0.40")
    assert committed(ledger) == {"project": Decimal("1.00")}


def test_one_budget_too_small_leaves_the_others_as_they_were(ledger: Ledger) -> None:
    with pytest.raises(BudgetExceededError, match="the budget small"):
        intended(ledger, "0.60", {"large": Decimal(5), "small": Decimal("0.5")})
    assert (committed(ledger), ledger.jobs()) == ({}, ())


def test_a_job_that_never_was_gives_back_what_it_reserved_and_an_unknown_one_does_not(ledger: Ledger) -> None:
    gone, unknown = intended(ledger, "0.30"), intended(ledger, "0.20")
    ledger.close_intent(gone.spec.key, JobState.CANCELLED, "not submitted")
    ledger.close_intent(unknown.spec.key, JobState.UNKNOWN, "nobody knows")
    assert committed(ledger) == {"project": Decimal("0.20")}
    ledger.close_intent(unknown.spec.key, JobState.CANCELLED, "the vendor never got it")
    assert committed(ledger) == {"project": Decimal("0.00")}


def test_threads_never_pass_a_budget(ledger: Ledger) -> None:
    def one(_number: int) -> bool:
        try:
            intended(ledger, "0.07")
        except BudgetExceededError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(one, range(40))) == 14
    assert committed(ledger) == {"project": Decimal("0.98")}


def hub_of(script: Script, **budget: Any) -> Hub:
    clock = FrozenClock()
    values = {
        "version": 1,
        "policy": {"fallback": "hardware-only", "max_wait_seconds": 100.0},
        "budget": {"usd_per_job": Decimal(1)} | budget,
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    return Hub.open(values, clock=clock, adapters=[ScriptedAdapter({"device": script}, clock)])


def test_the_jobs_of_a_draw_share_its_budget() -> None:
    with hub_of(Script(), usd=Decimal("0.70")) as hub:
        assert len(hub.random_bytes(64)) == 64
        with pytest.raises(BudgetExceededError, match=r"jobs .* cost .* USD at least, and .* draw .* of 0.70 has 0.70"):
            hub.random_bytes(8192)
        assert [budget.committed for budget in hub.budgets()] == [Decimal("0.30")]


def test_jobs_that_give_less_than_expected_end_a_draw_at_its_budget() -> None:
    with hub_of(Script(p_one=0.8), usd=Decimal("0.70")) as hub:
        with pytest.raises(BudgetExceededError, match=r"the budget draw .* has 0\.\d+ left: 0\.\d+ more"):
            hub.random_bytes(2500)
        (budget,) = hub.budgets()
        assert Decimal("0.30") <= budget.committed <= Decimal("0.60")


def test_the_runs_of_a_month_share_the_budget_of_their_project() -> None:
    with hub_of(Script(), project="keys", usd_per_month=Decimal("0.70")) as hub:
        hub.random_bytes(64)
        with pytest.warns(BudgetWarning, match=r"86% of the budget project keys, 2026-01 is spent or reserved"):
            hub.random_bytes(64)
        with pytest.raises(BudgetExceededError, match=r"project keys, 2026-01 of 0.70 USD has 0.60"):
            hub.random_bytes(64)
    with hub_of(Script(), project="other", usd_per_month=Decimal("0.70")) as hub:
        hub.random_bytes(64)


@pytest.mark.parametrize(
    ("script", "error", "left"),
    [
        (Script(submit_errors=[ServiceUnreachableError("x")] * 9), ServiceUnreachableError, "0.00"),
        (Script(submit_errors=[UnsupportedCircuitError("x")]), UnsupportedCircuitError, "0.00"),
        (Script(queue_seconds=1e6), JobTimeoutError, "0.30"),
        (Script(ends=JobState.FAILED), VendorError, "0"),
    ],
)
def test_a_job_without_outcomes_holds_what_it_may_still_cost(script: Script, error: type[Exception], left: str) -> None:
    with hub_of(script, usd=Decimal(1)) as hub:
        with pytest.raises(error):
            hub.random_bytes(64)
        assert [budget.committed for budget in hub.budgets()] == [Decimal(left)]
