from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.errors import (
    JobTimeoutError,
    LedgerError,
    RunInterruptedError,
    ServiceUnreachableError,
    SimulatedFallbackWarning,
    UnknownNameError,
    VendorError,
)
from qrng_hub.reconciliation import Reconciled
from qrng_hub.records import Job, JobSpec, JobState
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Crashed:
    """A vendor's service that outlives the hubs that use it, and a clock that is right for all."""

    def __init__(self, script: Script) -> None:
        self.clock = FrozenClock()
        self.vendor = ScriptedAdapter({"device": script}, self.clock)

    def hub(self) -> Hub:
        values = {
            "version": 1,
            "backend": [{"address": "scripted:device"}],
            "budget": {"usd_per_job": Decimal(1)},
            "policy": {"fallback": "hardware-only", "max_wait_seconds": 1},
        }
        return Hub.open(run_file_from(values), clock=self.clock, adapters=[self.vendor])

    def reconcile(self) -> Reconciled:
        with self.hub() as hub:
            (result,) = hub.reconcile()
            return result


class Blind(ScriptedAdapter):
    """A vendor that cannot be asked which jobs it has, until its eyes are opened."""

    blind = True

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        if self.blind:
            raise ServiceUnreachableError("no route")
        return super().find(specs)


def test_a_job_that_was_left_at_the_vendor_is_followed_to_its_bill(state: Path) -> None:
    world = Crashed(Script(queue_seconds=3600))
    with world.hub() as hub, pytest.raises(JobTimeoutError):
        hub.draw(8)
    assert world.reconcile().after is JobState.QUEUED
    world.clock.advance(4000)
    result = world.reconcile()
    assert (result.before, result.after, result.decided) == (JobState.QUEUED, JobState.DONE, True)
    with world.hub() as hub:
        assert hub.reconcile() == ()
        assert (hub.jobs()[0].cost_billed, hub.jobs()[0].queue_seconds) == (Decimal("0.30"), 3600)
        assert [event.kind for event in hub.job_events(result.key)] == ["job.intended", "job.queued", "job.done"]
        (path,) = hub.collect(result.vendor_id)
    assert path.parent == state / "raw"
    assert path.stat().st_mode & 0o777 == 0o600
    assert np.load(path, allow_pickle=False).shape[1] == 2
    assert len(world.vendor.jobs) == 1


def test_a_job_whose_reply_was_lost_is_adopted() -> None:
    world = Crashed(Script(lost_replies=1))
    world.vendor = Blind(world.vendor.scripts, world.clock)
    with world.hub() as hub, pytest.raises(VendorError, match="not submitted again"):
        hub.draw(8)
    unknown = world.reconcile()
    assert (unknown.after, unknown.decided) == (JobState.UNKNOWN, False)
    assert "cannot be asked" in unknown.note
    world.vendor.blind = False
    world.clock.advance(100)
    adopted = world.reconcile()
    assert (adopted.before, adopted.after, adopted.vendor_id) == (JobState.UNKNOWN, JobState.DONE, "scripted-0")
    with world.hub() as hub:
        assert (hub.job(adopted.key).state, hub.job(adopted.key).vendor_id) == (JobState.DONE, "scripted-0")


def test_a_job_the_vendor_never_got_is_closed_but_not_at_once() -> None:
    world = Crashed(Script(submit_errors=[VendorError("strange")]))
    world.clock.sleep = lambda seconds, wake: True  # type: ignore[method-assign]  # it is stopped while it looks
    with world.hub() as hub, pytest.raises(RunInterruptedError):
        hub.draw(8)
    with world.hub() as hub, pytest.raises(LedgerError, match="reconcile first"):
        hub.cancel(hub.jobs()[0].key)
    assert world.reconcile().decided is False
    world.clock.advance(timedelta(minutes=10).total_seconds())
    closed = world.reconcile()
    assert (closed.after, closed.decided) == (JobState.CANCELLED, True)
    with world.hub() as hub:
        assert hub.job(closed.key).state is JobState.CANCELLED
        assert hub.costs()[0].bills_unknown == 0
        assert hub.reconcile() == ()
    assert world.vendor.jobs == {}


def test_a_job_is_found_by_the_beginning_of_its_name_and_cancelled() -> None:
    world = Crashed(Script(queue_seconds=3600))
    with world.hub() as hub:
        for _ in range(2):
            with pytest.raises(JobTimeoutError):
                hub.draw(8)
        assert hub.cancel("scripted-1").state is JobState.CANCELLED
        assert hub.job("scripted-0").state is JobState.QUEUED
        with pytest.raises(UnknownNameError, match="more than one job begins with 'scripted'"):
            hub.job("scripted")
        with pytest.raises(UnknownNameError, match="no job in the ledger begins with '%'"):
            hub.job("%")


def test_a_job_in_this_process_has_nothing_to_ask_a_vendor() -> None:
    with Hub.open() as hub:
        hub.random_bytes(1)
        with pytest.raises(LedgerError, match="at a vendor"):
            hub.cancel(hub.jobs()[0].key)


def test_reconciling_never_submits(recwarn: pytest.WarningsRecorder) -> None:
    world = Crashed(Script(queue_seconds=3600))
    with world.hub() as hub, pytest.raises(JobTimeoutError):
        hub.draw(8)
    for _ in range(3):
        world.reconcile()
    assert len(world.vendor.jobs) == 1
    assert not [warning for warning in recwarn if warning.category is SimulatedFallbackWarning]


def test_a_job_of_another_account_is_left_alone() -> None:
    world = Crashed(Script(submit_errors=[VendorError("strange")]))
    world.clock.sleep = lambda seconds, wake: True  # type: ignore[method-assign]  # it is stopped while it looks
    world.vendor.account = lambda name: "crn:one"  # type: ignore[method-assign]
    with world.hub() as hub, pytest.raises(RunInterruptedError):
        hub.draw(8)
    world.vendor.account = lambda name: "crn:two"  # type: ignore[method-assign]
    world.clock.advance(timedelta(days=1).total_seconds())
    left = world.reconcile()
    assert (left.after, left.decided) == (JobState.UNKNOWN, False)
    assert "meant for the account crn:one, and these settings are of crn:two" in left.note
    world.vendor.account = lambda name: "crn:one"  # type: ignore[method-assign]
    assert world.reconcile().after is JobState.CANCELLED
