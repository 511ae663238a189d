"""A block that fails its health tests is discarded and drawn again; a backend that fails twice in a row is left."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.errors import HealthTestError, InfeasiblePlanError
from qrng_hub.records import Job, RawBlock
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Sorted(ScriptedAdapter):
    """Gives some jobs' shots in sorted order, as a list made from counts has them."""

    bad: frozenset[int] = frozenset()
    seen = 0

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        block, *calibration = super().collect(job)
        self.seen += 1
        if self.seen - 1 not in self.bad:
            return block, *calibration
        order = np.lexsort(block.outcomes.T[::-1])
        return (block.model_copy(update={"outcomes": block.outcomes[order]}),)


def hub_of(bad: set[int], mode: str = "first", **sections: Any) -> tuple[Hub, Sorted]:
    clock = FrozenClock()
    vendor = Sorted({"device": Script(price=Decimal("0.10"))}, clock)
    vendor.bad = frozenset(bad)
    values = {
        "version": 1,
        "request": {"bytes": 4096, "mode": mode},
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd": Decimal(10)},
        "backend": [{"address": "scripted:device", "shots": 1024}],
    }
    return Hub.open(values | sections, clock=clock, adapters=[vendor]), vendor


@pytest.mark.parametrize("mode", ["first", "plan"])
def test_one_bad_block_is_discarded_put_on_record_and_drawn_again(mode: str) -> None:
    hub, vendor = hub_of({0, 2}, mode)
    with hub:
        draw = hub.run()
        failed = [event for event in hub.chain() if event.kind == "health.failed"]
    (source,) = draw.receipt.sources
    assert len(draw.data) == 4096
    assert len(source.job_keys) == len(vendor.jobs) - 2
    assert {event.subject for event in failed} == set(vendor.jobs) - set(source.job_keys)
    assert all("scripted:device" in event.detail["reason"] for event in failed)
    assert source.health is not None
    assert source.health.blocks == len(source.job_keys)
    assert 0 < source.health.false_alarm_rate < 1e-3


def test_two_bad_blocks_in_a_row_end_a_backend() -> None:
    hub, vendor = hub_of({1, 2})
    with hub, pytest.raises(HealthTestError, match="Nothing of this block may be used"):
        hub.run()
    assert len(vendor.jobs) == 3


def test_two_bad_blocks_in_a_row_end_a_backend_of_a_plan() -> None:
    hub, _ = hub_of({0, 1}, "plan")
    with hub, pytest.raises(InfeasiblePlanError, match="HealthTestError"):
        hub.run()


def test_what_is_calibrated_in_the_same_job_is_credited_less() -> None:
    plain, calibrated = (
        hub_of(set(), request={"bytes": 64, "mode": "first", "calibrate": calibrate}) for calibrate in (False, True)
    )
    credited = []
    for hub, vendor in (plain, calibrated):
        with hub:
            (source,) = hub.run().receipt.sources
        credited.append(source.credited_bits / source.shots)
        (job,) = vendor.jobs.values()
    assert len(job.spec.circuits) == 3
    assert 0.5 * credited[0] < credited[1] < credited[0]


@pytest.mark.parametrize("epsilon", [2.0**-20, 2.0**-64, 2.0**-200])
def test_a_smaller_epsilon_takes_more_shots_and_the_receipt_keeps_within_it(epsilon: float) -> None:
    hub, _ = hub_of(set(), request={"bytes": 2048, "epsilon": epsilon})
    with hub:
        receipt = hub.run().receipt
    (source,) = receipt.sources
    assert source.extraction is not None
    assert receipt.epsilon == pytest.approx(epsilon * 32 / 34)  # 32 pieces of 64 bytes, and two shares to spare
    assert source.extraction.output_bits <= source.bound_bits - 2 * np.log2(1 / epsilon)
