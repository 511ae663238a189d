import asyncio
import json
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub import Circuit, Draw, Hub
from qrng_hub.bits import unpack_shots, xor_bytes
from qrng_hub.config import run_file_from
from qrng_hub.errors import (
    BackendLimitError,
    BackendOfflineError,
    ConfigError,
    InsufficientEntropyError,
    LedgerError,
    PolicyStopError,
    QRNGError,
    ReconstructedMeasurementsError,
    RequestError,
    SimulatedFallbackWarning,
    UnknownNameError,
    VendorError,
)
from qrng_hub.extractors import layout_of, toeplitz
from qrng_hub.records import Job, JobState, Origin, RawBlock, Receipt, ShotOrder, SourceReceipt
from qrng_hub.runner import Progress
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


def scripted_hub(scripts: dict[str, Script], **sections: Any) -> Hub:
    """Opens a hub whose backends are scripted, in their order, with a budget."""
    clock = FrozenClock()
    values = {"version": 1, "backend": [{"address": f"scripted:{name}"} for name in scripts]}
    run_file = run_file_from(values | {"budget": {"usd_per_job": Decimal(1)}} | sections)
    return Hub.open(run_file, clock=clock, adapters=[ScriptedAdapter(scripts, clock)])


def test_the_embedded_default_needs_no_run_file(state: Path) -> None:
    with Hub.open() as hub:
        first, second = hub.random_bytes(32), hub.random_bytes(32)
        assert len(first) == len(second) == 32
        assert first != second
        assert len(hub.jobs()) == 2
    assert (state / "ledger.db").exists()


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000, 1_100_000])
def test_delivers_every_length(count: int) -> None:
    with Hub.open() as hub:
        assert len(hub.random_bytes(count)) == count


@pytest.mark.parametrize("count", [0, -1, 2**30 + 1, 10**30, True, 1.0, "32", None])
def test_refuses_a_count_that_is_none(count: Any) -> None:
    with Hub.open() as hub, pytest.raises(RequestError, match=r"a draw is of 1 to 1,073,741,824 bytes"):
        hub.draw(count)


def test_a_draw_says_where_it_comes_from_and_hides_its_bytes() -> None:
    with Hub.open() as hub:
        draw = hub.draw(64)
        assert hub.receipt(draw.receipt.draw_id) == draw.receipt
    (source,) = draw.receipt.sources
    assert draw.data.hex() not in repr(draw)
    assert repr(draw.data) not in repr(draw)
    assert (draw.receipt.origin, source.origin, source.address) == ("simulator", Origin.SIMULATOR, "local:stim")
    assert "seeded with 63 bits from the operating system" in source.source
    assert draw.receipt.mixed_with_os_entropy
    assert Receipt.model_validate_json(draw.receipt.model_dump_json()) == draw.receipt


def test_a_simulator_is_credited_nothing_and_hardware_its_bound() -> None:
    with Hub.open() as hub:
        assert hub.draw(32).receipt.credit.bits == 0
    with scripted_hub({"device": Script()}) as hub:
        receipt = hub.draw(64).receipt
    (source,) = receipt.sources
    assert receipt.origin == "hardware"
    assert receipt.credit.bits == 512
    assert source.credited_bits == pytest.approx(sum(source.bound_bits_per_qubit) * source.shots)
    assert source.credited_bits < sum(source.estimated_bits_per_qubit) * source.shots
    assert source.side_information == "none"
    assert (source.cost_billed, source.queue_seconds, source.run_seconds) == (Decimal("0.30"), 60, 2)


def test_short_outputs_have_no_digest() -> None:
    with Hub.open() as hub:
        assert hub.draw(31).receipt.sha256 is None
        assert hub.draw(32).receipt.sha256 is not None


def test_mode_each_needs_every_backend_and_xors_them() -> None:
    with scripted_hub({"a": Script(), "b": Script()}, request={"mode": "each"}) as hub:
        receipt = hub.draw(10).receipt
    assert [source.address for source in receipt.sources] == ["scripted:a", "scripted:b"]


def test_mode_each_refuses_a_draw_short_of_one() -> None:
    scripts = {"a": Script(), "b": Script(offline=True)}
    sections = {"request": {"mode": "each"}, "policy": {"fallback": "hardware-only"}}
    with scripted_hub(scripts, **sections) as hub, pytest.raises(BackendOfflineError, match="scripted:b is offline"):
        hub.draw(10)


def recomputed(source: SourceReceipt, state: Path, epsilon: float) -> bytes:
    """Extracts again from the raw outcomes of a source's only job, and the seed, that were kept."""
    (digest,), extraction = source.block_sha256, source.extraction
    assert extraction is not None
    outcomes = np.load(state / "raw" / f"{digest}.npy", allow_pickle=False)
    qubits, per_shot = len(source.qubits), float(sum(source.bound_bits_per_qubit))
    cut = layout_of(len(outcomes), qubits, per_shot, epsilon)
    bits = np.packbits(unpack_shots(outcomes[: cut.blocks * cut.shots], qubits).reshape(-1))
    seed = np.fromfile(state / "raw" / f"{extraction.seed_sha256[0]}.seed", np.uint8)
    claim = Fraction(per_shot) / qubits
    total = cut.blocks * Fraction(epsilon)
    again = toeplitz(bits, seed, min_entropy_per_bit=claim, epsilon=total, block_bits=cut.shots * qubits)
    return again.read().data[: source.bytes_delivered]


def test_unmixed_output_is_what_the_outcomes_extract_to(state: Path) -> None:
    sections = {"request": {"mix_os_entropy": False, "retain_raw": True}}
    with scripted_hub({"device": Script(origin=Origin.SIMULATOR, p_one=0.5)}, **sections) as hub:
        draw = hub.draw(64)
    (digest,) = draw.receipt.sources[0].block_sha256
    raw = state / "raw" / f"{digest}.npy"
    outcomes = np.load(raw, allow_pickle=False)
    assert sha256(outcomes.tobytes()).hexdigest() == digest
    assert raw.stat().st_mode & 0o777 == 0o600
    assert draw.data == recomputed(draw.receipt.sources[0], state, 2.0**-64 / 3)
    assert not draw.receipt.mixed_with_os_entropy


def test_the_output_of_each_is_the_xor_of_them_all(state: Path) -> None:
    sections = {"request": {"mode": "each", "mix_os_entropy": False, "retain_raw": True}}
    with scripted_hub({name: Script(p_one=0.5) for name in "abc"}, **sections) as hub:
        draw = hub.draw(64)
    expected = bytes(64)
    for source in draw.receipt.sources:
        expected = xor_bytes(expected, recomputed(source, state, 2.0**-64 / 7))
    assert draw.data == expected


def test_nothing_is_run_if_its_raw_outcomes_have_no_place(state: Path) -> None:
    state.mkdir()
    (state / "raw").write_text("in the way")
    with scripted_hub({"a": Script()}, request={"retain_raw": True}) as hub:
        with pytest.raises(ConfigError, match="raw cannot be written"):
            hub.draw(8)
        assert hub.jobs() == ()


def test_mixing_changes_the_output_but_not_its_raw_data(state: Path) -> None:
    with scripted_hub({"device": Script(p_one=0.5)}, request={"retain_raw": True}) as hub:
        draw = hub.draw(64)
    unmixed = recomputed(draw.receipt.sources[0], state, 2.0**-64 / 3)
    assert any(xor_bytes(draw.data, unmixed))


def test_raw_outcomes_are_not_kept_unless_asked_for(state: Path) -> None:
    with Hub.open() as hub:
        hub.draw(64)
    assert not (state / "raw").exists()


# fallback


def test_falls_back_to_the_next_hardware_without_a_warning() -> None:
    with scripted_hub({"a": Script(offline=True), "b": Script()}) as hub, warnings.catch_warnings():
        warnings.simplefilter("error")
        receipt = hub.draw(8).receipt
    assert receipt.sources[0].address == "scripted:b"
    assert [(one.failed, one.used) for one in receipt.substitutions] == [("scripted:a", "scripted:b")]
    assert "offline" in receipt.substitutions[0].reason


@pytest.mark.parametrize("mode", ["first", "each"])
def test_a_simulator_stands_in_for_hardware_loudly_and_on_record(mode: str) -> None:
    with scripted_hub({"a": Script(ends=JobState.FAILED)}, request={"mode": mode}) as hub:
        with pytest.warns(SimulatedFallbackWarning, match=r"scripted:a did not deliver.*local:stim did") as caught:
            receipt = hub.draw(8).receipt
        assert caught[0].filename == __file__
        (event,) = [event for event in hub._ledger.events("scripted:a") if event.kind == "backend.failed"]
    assert (receipt.origin, receipt.credit.bits) == ("simulator", 0)
    assert (receipt.substitutions[0].failed, receipt.substitutions[0].used) == ("scripted:a", "local:stim")
    assert event.detail["used"] == "local:stim"
    assert "JobFailedError" in str(event.detail["reason"])


def test_falls_back_to_the_first_simulator_listed() -> None:
    scripts = {"a": Script(offline=True), "sim": Script(origin=Origin.SIMULATOR, price=Decimal(0))}
    with scripted_hub(scripts) as hub, pytest.warns(SimulatedFallbackWarning):
        assert hub.draw(8).receipt.sources[0].address == "scripted:sim"


def test_hardware_only_never_simulates() -> None:
    scripts = {"a": Script(offline=True), "b": Script(ends=JobState.FAILED), "s": Script(origin=Origin.SIMULATOR)}
    with scripted_hub(scripts, policy={"fallback": "hardware-only"}) as hub:
        with pytest.raises(PolicyStopError, match=r"scripted:a: BackendOfflineError[\s\S]*scripted:b: JobFailedError"):
            hub.draw(8)
        with pytest.raises(PolicyStopError, match="allows none of the backends listed: scripted:s"):
            hub.draw(8, backend="scripted:s")


def test_a_price_above_the_budget_goes_to_the_next() -> None:
    with scripted_hub({"dear": Script(price=Decimal(9)), "cheap": Script()}) as hub:
        assert hub.draw(8).receipt.sources[0].address == "scripted:cheap"


def test_a_request_beyond_a_backend_is_the_caller_s_to_mend() -> None:
    for wrong, says in (({"qubits": 17}, "16 qubits"), ({"shots": 100_001}, "1 to 100,000 shots")):
        backend = [{"address": "scripted:a"} | wrong, {"address": "local:stim"}]
        with scripted_hub({"a": Script()}, backend=backend) as hub, pytest.raises(BackendLimitError, match=says):
            hub.draw(8)


# entropy


def test_reconstructed_shots_are_refused() -> None:
    script = Script(shot_order=ShotOrder.RECONSTRUCTED)
    sections = {"policy": {"fallback": "hardware-only"}}
    with scripted_hub({"a": script}, **sections) as hub, pytest.raises(ReconstructedMeasurementsError):
        hub.draw(8)


def test_a_stuck_device_gives_nothing() -> None:
    sections = {"policy": {"fallback": "hardware-only"}}
    says = "carry 0 bits that can be counted on"
    with scripted_hub({"a": Script(p_one=1.0)}, **sections) as hub, pytest.raises(InsufficientEntropyError, match=says):
        hub.draw(8)


def test_too_few_shots_say_so() -> None:
    backend = [{"address": "local:stim", "qubits": 1, "shots": 100}]
    with scripted_hub({}, backend=backend) as hub, pytest.raises(RequestError, match="more shots"):
        hub.draw(8)


def test_a_poor_backend_is_run_until_it_delivered_enough() -> None:
    backend = [{"address": "scripted:a", "shots": 1024}]
    with scripted_hub({"a": Script(p_one=0.9)}, backend=backend) as hub:
        receipt = hub.draw(1000).receipt
    (source,) = receipt.sources
    assert len(source.job_keys) == len(source.block_sha256) == source.shots // 1024 > 1
    assert all(0.85 < p < 0.95 for p in source.p_one)


# the rest


def test_outcomes_are_purged_at_the_vendor_on_request_and_the_receipt_says_whether_it_worked() -> None:
    scripts = {"a": Script(), "b": Script(purge_errors=[VendorError("denied")])}
    with scripted_hub(scripts, request={"mode": "each", "purge_at_vendor": True}) as hub:
        good, bad = hub.draw(8).receipt.sources
        (event,) = hub._ledger.events(bad.job_keys[0])[-1:]
    with scripted_hub({"a": Script()}) as hub:
        (unasked,) = hub.draw(8).receipt.sources
    assert (good.purged_at_vendor, bad.purged_at_vendor, unasked.purged_at_vendor) == (True, False, None)
    assert (event.kind, event.detail["reason"]) == ("purge.failed", "denied")


def test_names_that_do_not_exist_are_refused_when_the_hub_opens() -> None:
    for address, says in (("locl:stim", "did you mean 'local'"), ("stim", "write adapter:name")):
        with pytest.raises(UnknownNameError, match=says):
            Hub.open(run_file_from({"version": 1, "backend": [{"address": address}]}))


def test_wrong_options_are_refused_when_the_hub_opens() -> None:
    backend = {"address": "local:stim", "options": {"flip_0_to1": 0.1}}
    with pytest.raises(ConfigError, match=r"backend\[0\].options.flip_0_to1: unknown key; did you mean 'flip_0_to_1'"):
        Hub.open(run_file_from({"version": 1, "backend": [backend]}))
    with pytest.raises(ConfigError, match=r"adapters\.local\.x: unknown key; there is nothing to set here"):
        Hub.open(run_file_from({"version": 1, "adapters": {"local": {"x": 1}}}))


def test_lists_backends_by_origin_and_size() -> None:
    with scripted_hub({"a": Script(), "s": Script(origin=Origin.SIMULATOR)}) as hub:
        hardware = [one.address for one in hub.backends(origin="hardware")]
        assert hardware == ["scripted:a"]
        assert "local:stim" in [one.address for one in hub.backends(origin="simulator", min_qubits=100)]
        assert "scripted:s" not in [one.address for one in hub.backends(min_qubits=17)]


def test_works_inside_a_running_event_loop() -> None:
    async def notebook_cell() -> bytes:
        with Hub.open() as hub:
            return hub.random_bytes(16)

    assert len(asyncio.run(notebook_cell())) == 16


def test_a_forked_process_draws_bytes_of_its_own(tmp_path: Path) -> None:
    """In a process of its own, since forking one that has threads may hang in other people's code."""
    code = """
import os, sys
from qrng_hub import Hub
with Hub.open() as hub:
    hub.random_bytes(16)
    for number in range(3):
        if (child := os.fork()) == 0:
            open(f"{sys.argv[1]}/{number}", "wb").write(hub.random_bytes(16))
            os._exit(0)
        os.waitpid(child, 0)
    open(f"{sys.argv[1]}/parent", "wb").write(hub.random_bytes(16))
    print(len(hub.jobs()))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, timeout=300, check=True)
    drawn = {(tmp_path / name).read_bytes() for name in ("0", "1", "2", "parent")}
    assert (len(drawn), done.stdout) == (4, b"5\n")


def test_one_hub_serves_many_threads() -> None:
    found: set[bytes] = set()
    with Hub.open() as hub:
        threads = [threading.Thread(target=lambda: found.add(hub.random_bytes(16))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == len(hub.jobs()) == 8


def test_progress_is_reported_from_nothing_to_everything() -> None:
    seen: list[Progress] = []
    with Hub.open() as hub:
        hub.draw(2_000_000, on_progress=seen.append)
    assert (seen[0].bytes_done, seen[-1].bytes_done, seen[-1].bytes_wanted) == (0, 2_000_000, 2_000_000)
    assert len(seen) > 2


def test_a_closed_hub_says_so() -> None:
    hub = Hub.open()
    hub.close()
    with pytest.raises(RequestError, match="this hub is closed"):
        hub.random_bytes(1)


def test_an_unknown_receipt_is_an_error() -> None:
    with Hub.open() as hub, pytest.raises(LedgerError, match="no draw 'x'"):
        hub.receipt("x")


def test_a_receipt_is_plain_json() -> None:
    with Hub.open() as hub:
        draw: Draw = hub.draw(32)
    document = json.loads(draw.receipt.model_dump_json())
    assert document["version"] == 4
    assert document["credit"]["bits"] == 0


def test_raw_outcomes_come_out_of_a_door_of_their_own() -> None:
    with Hub.open() as hub:
        blocks = hub.raw("local:stim", [Circuit().x(1).measure(0, 1), Circuit().h(0).measure(0)], shots=7)
        assert [block.outcomes.tolist()[0] for block in blocks[:1]] == [[0b0100_0000]]
        assert [(block.shots, block.qubits) for block in blocks] == [(7, (0, 1)), (7, (0,))]
        assert hub.jobs()[0].circuits == 2
        with pytest.raises(ConfigError, match=r"options\.flip"):
            hub.raw("local:stim", Circuit().measure(0), shots=1, options={"flip": 1})
        with pytest.raises(BackendLimitError, match="at least 1 circuits"):
            hub.raw("local:stim", [], shots=1)


def test_a_check_looks_at_the_way_to_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy.test:3128")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with scripted_hub({"device": Script()}) as hub:
        checks = {check.subject: check for check in hub.preflight()}
    assert checks["proxy"].detail == "https: http://***@proxy.test:3128"
    assert (checks["certificates"].verdict, "missing.pem" in checks["certificates"].detail) == ("failed", True)
    assert checks["scripted:device"].verdict == "ok"


def test_a_check_of_simulators_needs_no_network() -> None:
    with Hub.open() as hub:
        assert [check.subject for check in hub.preflight()] == ["ledger", "local:stim"]


class ChargesLater(ScriptedAdapter):
    """Says what a job cost only when `bills_are_out`."""

    bills_are_out = False

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        seen = super().poll(jobs)
        return seen if self.bills_are_out else tuple(job.model_copy(update={"billed": None}) for job in seen)


def test_outcomes_are_deleted_at_the_vendor_only_once_their_bill_is_known() -> None:
    clock = FrozenClock()
    adapter = ChargesLater({"device": Script()}, clock)
    values = {"version": 1, "backend": [{"address": "scripted:device"}], "budget": {"usd_per_job": 1}}
    with Hub.open(values | {"request": {"purge_at_vendor": True}}, clock=clock, adapters=[adapter]) as hub:
        draw = hub.draw(32)
        assert draw.receipt.sources[0].purged_at_vendor is False
        hub.reconcile()
        assert len(adapter.jobs) == 1
        adapter.bills_are_out = True
        hub.reconcile()
        assert adapter.jobs == {}
        (job,) = hub.jobs()
        assert (job.state, job.cost_billed) == (JobState.DONE, Decimal("0.30"))
        kinds = [event.kind for event in hub.job_events(job.key)]
        assert (kinds.count("purge.deferred"), kinds[-1]) == (1, "purge.done")
        assert hub.reconcile() == ()


class Replays(ScriptedAdapter):
    """Gives every job the outcomes of the first."""

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        blocks = super().collect(next(iter(self.jobs.values())))
        self._kept: tuple[RawBlock, ...] = getattr(self, "_kept", blocks)
        return tuple(block.model_copy(update={"vendor_id": job.vendor_id}) for block in self._kept)


def test_outcomes_that_come_again_are_not_counted_again() -> None:
    clock = FrozenClock()
    adapter = Replays({"device": Script()}, clock)
    backend = {"address": "scripted:device", "shots": 2048}
    values = {"version": 1, "backend": [backend], "budget": {"usd_per_job": 1}, "policy": {"fallback": "hardware-only"}}
    with Hub.open(values, clock=clock, adapters=[adapter]) as hub:
        assert len(hub.random_bytes(64)) == 64
        with pytest.raises(VendorError, match="they are not new"):
            hub.random_bytes(10_000)


def test_outcomes_that_an_earlier_draw_used_up_are_refused() -> None:
    clock = FrozenClock()
    adapter = Replays({"device": Script()}, clock)
    backend = {"address": "scripted:device", "shots": 2048}
    values = {"version": 1, "backend": [backend], "budget": {"usd_per_job": 1}, "policy": {"fallback": "hardware-only"}}
    with Hub.open(values, clock=clock, adapters=[adapter]) as hub:
        earlier = hub.draw(64).receipt.draw_id
    with Hub.open(values, clock=clock, adapters=[adapter]) as hub:
        with pytest.raises(VendorError, match=f"an earlier job of {earlier} gave, bit by bit"):
            hub.draw(64)
        assert hub.audit() == ()


def test_of_two_draws_that_got_the_same_outcomes_at_once_one_is_delivered() -> None:
    clock = FrozenClock()
    adapter = Replays({"device": Script()}, clock)
    backend = {"address": "scripted:device", "shots": 2048}
    values = {"version": 1, "backend": [backend], "budget": {"usd_per_job": 1}, "policy": {"fallback": "hardware-only"}}
    delivered = threading.Event()

    def draw_meanwhile(_draw: Draw) -> None:
        with Hub.open(values, clock=clock, adapters=[adapter]) as other, pytest.raises(VendorError, match="bit by bit"):
            other.draw(64)
        delivered.set()

    with Hub.open(values, clock=clock, adapters=[adapter]) as hub:
        hub.draw(64, deliver=draw_meanwhile)
        assert delivered.is_set()
        assert (len(hub.receipts()), len(adapter.jobs)) == (1, 2)
        assert not any("two receipts" in finding for finding in hub.audit())


@pytest.mark.parametrize("shots", [1, 2, 1023])
def test_too_few_shots_are_refused_before_they_are_paid_for(shots: int) -> None:
    clock = FrozenClock()
    adapter = ScriptedAdapter({"device": Script()}, clock)
    values = {"version": 1, "backend": [{"address": "scripted:device", "shots": shots}], "budget": {"usd_per_job": 1}}
    with Hub.open(values, clock=clock, adapters=[adapter]) as hub, pytest.raises(RequestError, match="1,024 outcomes"):
        hub.random_bytes(32)
    assert adapter.jobs == {}


def test_more_qubits_or_raw_bits_than_there_can_be_are_refused_at_once() -> None:
    too_many = BackendLimitError, RequestError
    for backend in ({"qubits": 10**22}, {"qubits": 4096, "shots": 10_000_000}):
        values = {"version": 1, "backend": [{"address": "local:stim"} | backend]}
        with Hub.open(values) as hub, pytest.raises(too_many):
            hub.random_bytes(32)


@pytest.mark.parametrize(
    "call",
    [
        lambda hub: hub.raw("local:stim", Circuit().h(0).measure(0), "x"),
        lambda hub: hub.raw("local:stim", Circuit().h(0).measure(0), 1.5),
        lambda hub: hub.raw("local:stim", None, 10),
        lambda hub: hub.raw("local:stim", [1], 10),
        lambda hub: hub.raw(5, Circuit().h(0).measure(0), 10),
        lambda hub: hub.draw(5, backend=5),
    ],
)
def test_a_wrong_argument_is_an_error_of_the_hub(call: Callable[[Any], Any]) -> None:
    with Hub.open() as hub, pytest.raises(QRNGError):
        call(hub)


def test_a_job_is_named_by_the_whole_of_a_name_or_by_its_beginning() -> None:
    with scripted_hub({"device": Script()}) as hub:
        for _ in range(11):
            hub.random_bytes(1)
        assert hub.job("scripted-1").vendor_id == "scripted-1"
        for name in ("", "scripted-", "nothing"):
            with pytest.raises(UnknownNameError):
                hub.job(name)


def test_the_queue_is_reported_without_the_adapter_of_old_jobs() -> None:
    with scripted_hub({"device": Script()}) as hub:
        hub.random_bytes(1)
    with Hub.open() as hub:
        assert [line.address for line in hub.queue_times()] == ["scripted:device"]


def test_the_ledger_lies_in_the_state_folder_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "st?ra nge %41#x"
    monkeypatch.setenv("QRNG_STATE_DIR", str(folder))
    with Hub.open() as hub:
        hub.random_bytes(1)
    assert (folder / "ledger.db").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_the_ledgers_url_may_be_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"version": 1, "ledger": {"url_env": "MY_LEDGER"}}
    with pytest.raises(ConfigError, match="MY_LEDGER is not set"):
        Hub.open(values)
    monkeypatch.setenv("MY_LEDGER", f"sqlite:///{tmp_path / 'mine.db'}")
    Hub.open(values).close()
    assert (tmp_path / "mine.db").exists()
    run_file = run_file_from({"version": 1, "ledger": {"url": "postgresql://u:PLANTED@h/x"}})
    assert "PLANTED" not in repr(run_file)
    with pytest.raises(ConfigError, match="not both"):
        Hub.open({"version": 1, "ledger": {"url": "sqlite:///x", "url_env": "MY_LEDGER"}})


@pytest.mark.parametrize(
    ("hedge", "fallback", "used"),
    [
        (False, "hardware-only", None),
        (False, "simulate-on-failure", "local:stim"),
        (True, "hardware-only", "scripted:second"),
    ],
)
def test_no_other_backend_is_paid_while_the_first_may_still_be_billed(
    hedge: bool, fallback: str, used: str | None
) -> None:
    policy = {"hedge": hedge, "fallback": fallback, "max_wait_seconds": 100.0}
    scripts = {"first": Script(queue_seconds=1e6), "second": Script()}
    with warnings.catch_warnings(), scripted_hub(scripts, policy=policy) as hub:
        warnings.simplefilter("ignore", SimulatedFallbackWarning)
        if used is None:
            with pytest.raises(QRNGError, match="not finished"):
                hub.random_bytes(8)
        else:
            assert hub.draw(8).receipt.sources[0].address == used
        paid = {job.address for job in hub.jobs() if job.is_remote}
    assert paid == {"scripted:first"} | ({used} if hedge and used else set())


def test_a_backend_that_certainly_bills_nothing_more_is_followed_by_the_next() -> None:
    with scripted_hub({"first": Script(ends=JobState.FAILED), "second": Script()}) as hub:
        assert hub.draw(8).receipt.sources[0].address == "scripted:second"


@pytest.mark.parametrize("limit", ["x", -1, 1.5, None, True])
def test_jobs_are_listed_up_to_a_number_only(limit: Any) -> None:
    with Hub.open() as hub, pytest.raises(RequestError, match="a number of jobs is 0 or more"):
        hub.jobs(limit)
