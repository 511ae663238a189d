"""What a run by plan risks on a backend grows with what it has done well, and nothing is fetched twice."""

import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.errors import ConfigError, InfeasiblePlanError, RequestError, SimulatedFallbackWarning
from qrng_hub.planner import Terms, wave
from qrng_hub.records import Candidate, Draw, Job, Origin, RawBlock
from qrng_hub.runner import Progress
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Counting(ScriptedAdapter):
    """Remembers which jobs were submitted between two looks, and which were collected; breaks down when told."""

    def __init__(self, scripts: dict[str, Script], clock: FrozenClock) -> None:
        super().__init__(scripts, clock)
        self.waves: list[int] = []
        self.collected: list[str] = []
        self.breaks_after = 10**9

    def poll(self, jobs: Any) -> tuple[Job, ...]:
        polled = super().poll(jobs)
        if all(job.state.finished for job in polled):
            self.waves.append(len(polled))
        return polled

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        self.collected.append(job.vendor_id)
        blocks = super().collect(job)
        if len(self.collected) <= self.breaks_after:
            return blocks
        stuck = [block.outcomes.copy() * 0 for block in blocks]
        return tuple(block.model_copy(update={"outcomes": zeros}) for block, zeros in zip(blocks, stuck, strict=True))


def values(jobs: int, **sections: Any) -> dict[str, Any]:
    """Asks for the bytes of so many jobs of 1,024 shots of 16 qubits."""
    return {
        "version": 1,
        "request": {"bytes": 1600 * jobs, "mode": "plan"},
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd": Decimal(1000)},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    } | sections


def test_a_wave_has_eight_times_the_jobs_that_were_done_well() -> None:
    vendor = Counting({"device": Script()}, FrozenClock())
    with Hub.open(values(100), clock=vendor.clock, adapters=[vendor]) as hub:
        assert len(hub.run().data) == 160_000
    assert vendor.waves[:3] == [1, 8, 72]
    assert sum(vendor.waves) == len(vendor.jobs)


def test_a_backend_that_goes_bad_costs_a_wave_and_not_the_budget() -> None:
    vendor = Counting({"device": Script()}, FrozenClock())
    vendor.breaks_after = 5
    with (
        Hub.open(values(100), clock=vendor.clock, adapters=[vendor]) as hub,
        pytest.raises(InfeasiblePlanError, match="carry 0 bits that can be counted on"),
    ):
        hub.run()
    assert len(vendor.jobs) == 9


def test_the_queue_is_reckoned_once_a_wave() -> None:
    terms = Terms(candidate=Candidate(address="a:b", origin=Origin.HARDWARE), wait_seconds=(1.0, 60.0))
    assert [terms.queues(jobs) for jobs in (0, 1, 2, 9, 10, 81, 82)] == [0, 60, 120, 120, 180, 180, 240]
    assert terms.model_copy(update={"done": 9}).queues(72) == 60
    assert (wave(0), wave(9)) == (1, 72)


def test_what_jobs_gave_is_kept_until_the_run_is_delivered(state: Path) -> None:
    vendor = Counting({"device": Script()}, FrozenClock())
    folder = state / "runs"

    def full(_draw: Draw) -> None:
        raise OSError("no space left")

    with Hub.open(values(20), clock=vendor.clock, adapters=[vendor]) as hub:
        with pytest.raises(OSError, match="no space left"):
            hub.run(deliver=full)
        (run,) = hub.runs()
        assert not run.delivered
        kept = sorted((folder / run.draw_id).iterdir())
        assert len(kept) == len(vendor.jobs) == len(vendor.collected)
        assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
        assert hub.unfinished_runs() == (run,)
    kept[0].write_text("{")  # a file cut short is fetched again
    stored: list[bytes] = []
    with Hub.open(values(20), clock=vendor.clock, adapters=[vendor]) as hub:
        draw = hub.resume(run.draw_id[:20], deliver=lambda draw: stored.append(draw.data))
        assert (stored, hub.unfinished_runs()) == ([draw.data], ())
    assert len(vendor.collected) == len(vendor.jobs) + 1
    assert not (folder / run.draw_id).exists()


def test_another_request_does_not_offer_the_run(state: Path) -> None:
    vendor = Counting({"device": Script()}, FrozenClock())
    vendor.breaks_after = 3
    with Hub.open(values(20), clock=vendor.clock, adapters=[vendor]) as hub, pytest.raises(InfeasiblePlanError):
        hub.run()
    more_money = values(20, budget={"usd": Decimal(2000)})
    for asked, offered in ((values(20), 1), (more_money, 1), (values(21), 0)):
        with Hub.open(asked, clock=vendor.clock, adapters=[vendor]) as hub:
            assert len(hub.unfinished_runs()) == offered


def test_progress_tells_jobs_bytes_and_money() -> None:
    vendor, told = ScriptedAdapter({"device": Script(price=Decimal("0.25"))}, FrozenClock()), list[Progress]()
    with Hub.open(values(9), clock=vendor.clock, adapters=[vendor]) as hub:
        hub.run(on_progress=told.append)
    assert (told[0].jobs, told[0].usd, told[0].bytes_done) == ("1 queued", Decimal("0.25"), 0)
    last = told[-1]
    assert (last.jobs, last.bytes_done) == (f"{len(vendor.jobs)} done", 14_400)
    assert last.usd == Decimal("0.25") * len(vendor.jobs)


def test_a_plan_falls_back_to_a_simulator_that_is_not_listed() -> None:
    vendor = ScriptedAdapter({"device": Script(offline=True)}, FrozenClock())
    asked = values(1, policy={"fallback": "simulate-on-failure"})
    with Hub.open(asked, clock=vendor.clock, adapters=[vendor]) as hub, pytest.warns(SimulatedFallbackWarning):
        receipt = hub.run().receipt
    assert [source.address for source in receipt.sources] == ["local:stim"]
    assert receipt.credit.bits == 0


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"policy": {"vendors_min": 2}}, r"policy.vendors_min is 2, and 1 vendor\(s\) are listed"),
        ({"budget": {"usd": 1, "usd_per_job": 2}}, r"budget.usd_per_job is 2, more than budget.usd, 1"),
    ],
)
def test_limits_that_contradict_one_another_are_refused_at_once(sections: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Hub.open(values(1, **sections))


def test_a_run_is_not_resumed_on_other_terms_than_its_receipt_would_say(state: Path) -> None:
    vendor = Counting({"device": Script()}, FrozenClock())
    loose, tight = ({"bytes": 9600, "mode": "plan", "epsilon": epsilon} for epsilon in (1e-6, 1e-20))

    def full(_draw: Draw) -> None:
        raise OSError("no space left")

    with Hub.open(values(6, request=loose), clock=vendor.clock, adapters=[vendor]) as hub:
        with pytest.raises(OSError, match="no space left"):
            hub.run(deliver=full)
        (run,) = hub.runs()
    with (
        Hub.open(values(6, request=tight), clock=vendor.clock, adapters=[vendor]) as hub,
        pytest.raises(RequestError, match=r"began with another request.epsilon"),
    ):
        hub.resume(run.draw_id)
