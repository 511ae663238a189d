"""What is paid for is fetched, however often the service has to be asked, and nobody else is paid in its place."""

from decimal import Decimal
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.errors import (
    BudgetExceededError,
    JobFailedError,
    LedgerError,
    PolicyStopError,
    QRNGError,
    RateLimitedError,
    ServiceUnreachableError,
)
from qrng_hub.records import Backend, Draw, Job, JobSpec, Quote, RawBlock
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Shy(ScriptedAdapter):
    """Raises what it is told to when outcomes are fetched, and for every look at a device once it was told to."""

    def __init__(self, scripts: dict[str, Script], clock: FrozenClock) -> None:
        super().__init__(scripts, clock)
        self.collect_errors: list[QRNGError] = []
        self.fails: set[int] = set()

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        if self.collect_errors:
            raise self.collect_errors.pop(0)
        if int(job.vendor_id.rpartition("-")[2]) in self.fails:
            raise JobFailedError(f"{job.vendor_id} failed: scripted")
        return super().collect(job)


def hub_of(vendor: ScriptedAdapter, mode: str, **sections: Any) -> Hub:
    values: dict[str, Any] = {
        "version": 1,
        "request": {"bytes": 4096, "mode": mode},
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd": Decimal(20)},
        "backend": [{"address": f"scripted:{name}", "shots": 1024} for name in vendor.scripts],
    }
    return Hub.open(values | sections, clock=vendor.clock, adapters=[vendor])


def two() -> Shy:
    return Shy({"cheap": Script(price=Decimal("0.20")), "dear": Script(price=Decimal("5"))}, FrozenClock())


@pytest.mark.parametrize("mode", ["first", "plan"])
def test_a_service_that_does_not_answer_at_once_is_asked_again(mode: str) -> None:
    vendor = two()
    vendor.collect_errors = [
        ServiceUnreachableError("no route"),
        RateLimitedError("slow down"),
        ServiceUnreachableError("no"),
    ]
    with hub_of(vendor, mode) as hub:
        assert len(hub.run().data) == 4096
        assert {job.address for job in hub.jobs()} == {"scripted:cheap"}


@pytest.mark.parametrize("mode", ["first", "plan"])
def test_one_that_never_answers_ends_the_draw_and_nobody_else_is_paid(mode: str) -> None:
    vendor = two()
    vendor.collect_errors = [ServiceUnreachableError("no route")] * 4
    with hub_of(vendor, mode) as hub:
        with pytest.raises(PolicyStopError, match=r"is done, and .* could not be fetched .*`qrng jobs collect"):
            hub.run()
        assert len(hub.jobs()) == 1
        if mode == "plan":
            (run,) = hub.unfinished_runs()
            assert len(hub.resume(run.draw_id).data) == 4096
            assert {job.address for job in hub.jobs()} == {"scripted:cheap"}


def test_a_run_that_another_process_delivers_meanwhile_spends_nothing_more() -> None:
    vendor = ScriptedAdapter({"device": Script()}, FrozenClock())

    class Slow(ScriptedAdapter):
        """Lets another hub deliver the run while this one reconciles."""

        other: Hub | None = None

        def poll(self, jobs: Any) -> tuple[Job, ...]:
            if self.other is not None:
                other, self.other = self.other, None
                other.resume(other.runs()[0].draw_id)
            return super().poll(jobs)

    def full(_draw: Draw) -> None:
        raise OSError("no space left")

    slow = Slow({"device": Script(price=Decimal("0.20"))}, FrozenClock())
    slow.jobs = vendor.jobs
    with hub_of(slow, "plan") as first, hub_of(slow, "plan") as second:
        with pytest.raises(OSError, match="no space"):
            first.run(deliver=full)
        (run,) = first.runs()
        paid = len(slow.jobs)
        ledger_job = first.jobs()[0]
        first._ledger.update(
            slow.jobs[ledger_job.key].model_copy(update={"billed": None})
        )  # so that there is one to ask for
        slow.other = second
        with pytest.raises(LedgerError, match="was delivered"):
            first.resume(run.draw_id)
        assert len(slow.jobs) == paid


def test_a_failed_job_of_a_wave_does_not_give_up_its_siblings() -> None:
    vendor = two()
    vendor.fails = {3}
    with hub_of(vendor, "plan", request={"bytes": 9000, "mode": "plan"}) as hub:
        receipt = hub.run().receipt
    given = {source.address: len(source.job_keys) for source in receipt.sources}
    assert given["scripted:cheap"] >= 5
    assert sum(source.bytes_delivered for source in receipt.sources) == 9000


def test_a_limit_in_seconds_is_no_limit_where_nobody_says_how_long_a_job_runs() -> None:
    vendor = ScriptedAdapter({"device": Script()}, FrozenClock())
    backend = [{"address": "scripted:device", "shots": 1024, "max_seconds": 10}]
    with (
        hub_of(vendor, "first", backend=backend) as hub,
        pytest.raises(BudgetExceededError, match="nobody says how"),
    ):
        hub.run()
    assert vendor.jobs == {}


def test_a_backend_listed_twice_has_the_tighter_cap() -> None:
    vendor = ScriptedAdapter({"device": Script(price=Decimal("0.30"))}, FrozenClock())
    backend = [
        {"address": "scripted:device", "shots": 1024, "max_usd": Decimal("0.30")},
        {"address": "scripted:device", "shots": 2048},
    ]
    with (
        hub_of(vendor, "first", backend=backend) as hub,
        pytest.raises(QRNGError, match=r"of 0.30 has 0.30 left: 0.90"),
    ):
        hub.run()
    assert vendor.jobs == {}


class Other(ScriptedAdapter):
    name = "other"


def test_a_vendor_that_has_delivered_counts_and_need_not_deliver_again() -> None:
    clock = FrozenClock()
    vendor, other = ScriptedAdapter({"a": Script(price=Decimal("0.30"))}, clock), Other({"b": Script()}, clock)
    backend = [
        {"address": "scripted:a", "shots": 1024, "max_usd": Decimal("0.30")},
        {"address": "other:b", "shots": 1024},
    ]
    values: dict[str, Any] = {
        "version": 1,
        "request": {"bytes": 4096, "mode": "plan"},
        "policy": {"fallback": "hardware-only", "vendors_min": 2},
        "budget": {"usd": Decimal(20)},
        "backend": backend,
    }
    with Hub.open(values, clock=clock, adapters=[vendor, other]) as hub:
        receipt = hub.run().receipt
    assert {source.address for source in receipt.sources} == {"scripted:a", "other:b"}
    assert len(vendor.jobs) == 1


class Rewound(ScriptedAdapter):
    def quote(self, spec: JobSpec) -> Quote:
        return super().quote(spec).model_copy(update={"native": {"seconds": Decimal(-5)}})

    def describe(self, name: str) -> Backend:
        return super().describe(name)


def test_a_quote_that_cannot_be_right_is_refused() -> None:
    vendor = Rewound({"device": Script()}, FrozenClock())
    with hub_of(vendor, "first") as hub, pytest.raises(QRNGError, match="quoted at amounts that cannot be right"):
        hub.run()
    assert vendor.jobs == {}
