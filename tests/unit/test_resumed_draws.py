"""A draw of any mode that had jobs at vendors is resumed with what it paid for, and handed out by one process only."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commands import qrng
from qrng_hub import Hub
from qrng_hub.errors import BudgetExceededError, LedgerError, PolicyStopError, QRNGError
from qrng_hub.ledger import claims
from qrng_hub.records import Draw, JobState
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


def vendor_of(**scripts: Script) -> ScriptedAdapter:
    return ScriptedAdapter(scripts, FrozenClock())


def hub_of(vendor: ScriptedAdapter, mode: str, executor: Executor | None = None, **sections: Any) -> Hub:
    values: dict[str, Any] = {
        "version": 1,
        "request": {"bytes": 2048, "mode": mode},
        "policy": {"fallback": "hardware-only", "max_wait_seconds": 10.0},
        "budget": {"usd": 20},
        "backend": [{"address": f"scripted:{name}", "shots": 1024} for name in vendor.scripts],
    }
    return Hub.open(values | sections, clock=vendor.clock, adapters=[vendor], executor=executor)


def full(_draw: Draw) -> None:
    raise OSError("no space left")


@pytest.mark.parametrize("mode", ["first", "each", "plan"])
def test_what_was_paid_for_is_used_when_a_draw_is_resumed(mode: str) -> None:
    vendor = vendor_of(a=Script(queue_seconds=50), b=Script(queue_seconds=60))
    with hub_of(vendor, mode) as hub:
        with pytest.raises(QRNGError) as caught:
            hub.run()
        (run,) = hub.unfinished_runs()
        assert (run.mode, run.delivered) == (mode, False)
        assert f"qrng run CONFIG --resume {run.draw_id}" in "".join(caught.value.__notes__)
        paid = set(vendor.jobs)
        assert len(paid) >= (2 if mode == "each" else 1)
        vendor.clock.sleep(100, threading.Event())
        vendor.scripts = dict.fromkeys(vendor.scripts, Script(queue_seconds=0))
        draw = hub.resume(run.draw_id)
        assert len(draw.data) == 2048
        assert paid <= {key for source in draw.receipt.sources for key in source.job_keys}
        assert hub.unfinished_runs() == ()
        assert hub.audit() == ()
        with pytest.raises(LedgerError, match="was delivered"):
            hub.resume(run.draw_id)


def test_a_paid_job_that_the_vendor_has_no_more_is_lost_and_drawn_anew() -> None:
    vendor = vendor_of(a=Script(queue_seconds=50))
    with hub_of(vendor, "first") as hub:
        with pytest.raises(QRNGError):
            hub.run()
        vendor.clock.sleep(100, threading.Event())
        hub.reconcile()
        vendor.scripts, lost = {"a": Script(queue_seconds=0)}, list(vendor.jobs)
        vendor.jobs.clear()
        assert len(hub.resume(hub.runs()[0].draw_id).data) == 2048
        assert [event.subject for event in hub.chain() if event.kind == "job.lost"] == lost


def test_a_draw_is_resumed_in_its_own_mode_only() -> None:
    vendor = vendor_of(a=Script(queue_seconds=50))
    with hub_of(vendor, "first") as hub, pytest.raises(QRNGError):
        hub.run()
    with hub_of(vendor, "each") as hub, pytest.raises(QRNGError, match=r"was one by first: .* in which mode is first"):
        hub.resume(hub.runs()[0].draw_id)


def test_where_one_source_of_each_fails_the_others_are_kept() -> None:
    vendor = vendor_of(a=Script(queue_seconds=0), b=Script(ends=JobState.FAILED, queue_seconds=0))
    with hub_of(vendor, "each") as hub:
        with pytest.raises(QRNGError):
            hub.run()
        (run,) = hub.unfinished_runs()
        paid = {job.spec.key for job in vendor.jobs.values() if job.spec.address == "scripted:a"}
        vendor.scripts["b"] = Script(queue_seconds=0)
        draw = hub.resume(run.draw_id)
        assert paid <= {key for source in draw.receipt.sources for key in source.job_keys}


def test_the_budget_is_of_all_sources_together_and_refuses_before_the_first_job() -> None:
    prices = {name: Script(price=Decimal("0.90"), queue_seconds=0) for name in ("a", "b")}
    vendor = vendor_of(**prices)
    with (
        hub_of(vendor, "each", request={"bytes": 32, "mode": "each"}, budget={"usd": "1.30"}) as hub,
        pytest.raises(BudgetExceededError, match=r"the sources of this draw together may cost 1\.80"),
    ):
        hub.run()
    assert vendor.jobs == {}
    with hub_of(vendor, "each", request={"bytes": 32, "mode": "each"}, budget={"usd": "1.80"}) as hub:
        assert len(hub.run().receipt.sources) == 2


@pytest.mark.parametrize("mode", ["first", "plan"])
def test_a_draw_that_could_not_be_stored_is_not_delivered_and_is_stored_later(mode: str) -> None:
    vendor = vendor_of(a=Script(queue_seconds=0))
    with hub_of(vendor, mode) as hub:
        with pytest.raises(OSError, match="no space"):
            hub.run(deliver=full)
        (run,) = hub.unfinished_runs()
        paid = len(vendor.jobs)
        assert len(hub.resume(run.draw_id).data) == 2048
        assert len(vendor.jobs) == paid
        assert [event.kind for event in hub.chain() if event.subject == run.draw_id] == [
            "run.started", "draw.claimed", "draw.released", "draw.claimed", "draw.delivered",
        ]  # fmt: skip


@pytest.mark.parametrize("has_looked", [True, False])
def test_of_two_hosts_that_resume_a_draw_one_delivers(
    has_looked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = {"url": f"sqlite:///{tmp_path / 'shared.db'}"}
    vendor = vendor_of(a=Script(queue_seconds=0))
    with hub_of(vendor, "plan", ledger=ledger) as one:
        with pytest.raises(OSError, match="no space"):
            one.run(deliver=full)
        (run,) = one.unfinished_runs()
        monkeypatch.setenv("QRNG_STATE_DIR", str(tmp_path / "another host"))
        with hub_of(vendor, "plan", ledger=ledger) as other:
            delivering, refused, delivered = threading.Event(), threading.Event(), list[bytes]()

            def slowly(draw: Draw) -> None:
                delivering.set()
                assert refused.wait(300)
                delivered.append(draw.data)

            first = threading.Thread(target=one.resume, args=(run.draw_id,), kwargs={"deliver": slowly})
            first.start()
            assert delivering.wait(300)
            if has_looked:  # whether it was delivered, before the other claimed it
                monkeypatch.setattr(other._ledger, "require_undelivered", lambda _draw_id: None)
            with pytest.raises(LedgerError, match=r"is handed out by process \d+ on .*--reclaim"):
                other.resume(run.draw_id, deliver=lambda draw: delivered.append(draw.data))
            refused.set()
            first.join()
            assert len(delivered) == 1
            assert other.runs()[0].delivered


def _claimed(hub: Hub, host: str, pid: int) -> str:
    """Leaves a run as a process that was killed while it stored leaves it."""
    with pytest.raises(OSError, match="no space"):
        hub.run(deliver=full)
    (run,) = hub.unfinished_runs()
    hub._ledger.record_event(claims.CLAIMED, run.draw_id, {"host": host, "pid": pid})
    return run.draw_id


def test_the_claim_of_a_process_that_is_gone_from_this_host_holds_nobody_up() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with hub_of(vendor_of(a=Script(queue_seconds=0)), "plan") as hub:
        draw_id = _claimed(hub, claims.Claim.of_this_process().host, process.pid)
        assert len(hub.resume(draw_id).data) == 2048


def test_the_claim_of_another_host_is_taken_over_by_name_only() -> None:
    with hub_of(vendor_of(a=Script(queue_seconds=0)), "plan") as hub:
        draw_id = _claimed(hub, "elsewhere", os.getpid())
        with pytest.raises(LedgerError, match=f"process {os.getpid()} on elsewhere"):
            hub.resume(draw_id)
        assert len(hub.resume(draw_id, reclaim=True).data) == 2048
        assert "reclaimed by the user" in {
            event.detail["reason"] for event in hub.chain() if event.kind == claims.RELEASED
        }


class _Dying(Executor):
    """Runs what ends the worker that runs it, in the place of everything."""

    def __init__(self, workers: Executor) -> None:
        self._workers = workers

    def submit(self, call: Callable[..., Any], /, *_args: Any, **_more: Any) -> Future[Any]:
        """Sends death."""
        return self._workers.submit(os._exit, 1)


@pytest.mark.slow
def test_workers_that_keep_dying_end_the_draw_and_leave_it_to_be_resumed() -> None:
    import dask
    from distributed import Client, LocalCluster

    vendor = vendor_of(a=Script(queue_seconds=0))
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
        client.get_executor(pure=False) as workers,
        hub_of(vendor, "first", _Dying(workers)) as hub,
        pytest.raises(PolicyStopError, match=r"KilledWorker.*`qrng run CONFIG --resume [0-9T]+-"),
    ):
        hub.run()
    with hub_of(vendor, "first") as hub:
        (run,) = hub.unfinished_runs()
        (paid,) = vendor.jobs
        (source,) = hub.resume(run.draw_id).receipt.sources
        assert source.job_keys[0] == paid
        assert set(source.job_keys) == set(vendor.jobs)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this platform has no full device")
def test_bytes_that_a_full_disk_does_not_take_are_not_on_record_as_delivered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert qrng(capsys, "bytes", "64", "--out", "/dev/full").returncode == 1
    with Hub.open() as hub:
        assert hub.receipts() == ()
        assert "draw.delivered" not in {event.kind for event in hub.chain()}
