"""Devices with faults: what they give, and that the min-entropy which they claim is the true one."""

from __future__ import annotations

import math
import subprocess
import sys
import uuid
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.adapter import GuardedAdapter
from qrng_hub.circuits import Circuit
from qrng_hub.config import run_file_from
from qrng_hub.errors import JobFailedError, ServiceUnreachableError
from qrng_hub.records import JobSpec, JobState, Origin, RawBlock
from qrng_hub.testing import (
    FaultTrial,
    FaultyShots,
    FrozenClock,
    RecordedShots,
    ReplayedShots,
    Script,
    ShotDevices,
    inject,
)
from qrng_hub.testing.faults import (
    PRIMITIVE,
    CopiedRows,
    Copies,
    Decay,
    Drift,
    Fault,
    Ghz,
    Memory,
    MSequence,
    Parity,
    Period,
)

_BIASED = (0.5, 0.6, 0.45)


def _likeliest(source: FaultyShots | ReplayedShots, first: int, shots: int, jobs: int = 4000) -> float:
    """Finds how often the commonest outcome of a small job comes, each time from another seed."""
    seen: Counter[bytes] = Counter()
    for seed in range(jobs):
        table = (
            FaultyShots(source.p_one, source.faults, seed).sample(first, shots)
            if isinstance(source, FaultyShots)
            else ReplayedShots(source.source, source.rows, source.flips, seed).sample(first, shots)
        )
        seen[table.tobytes()] += 1
    return seen.most_common(1)[0][1] / jobs


@pytest.mark.parametrize(
    ("fault", "first", "shots"),
    [
        (Period(0, (0.9, 0.2, 0.5)), 1, 2),
        (Drift(1, 0.1, 0.8), 0, 2),
        (Decay(2, 2.0), 3, 2),
        (Copies(0, 1, 0, 0.8), 0, 2),
        (Copies(1, 2, 1, 0.7), 0, 2),
        (Memory(1, 1, 0.6), 0, 3),
        (Ghz((0, 2), 0.1), 0, 2),
        (Parity(0, 1, 2), 0, 2),
        (CopiedRows(0.5), 0, 2),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fault) else str(value),
)
def test_the_min_entropy_of_a_fault_is_that_of_its_likeliest_job(fault: Fault, first: int, shots: int) -> None:
    source = FaultyShots(_BIASED, [fault], 0)
    expected = 2 ** -source.min_entropy(first, shots).sum()
    jobs = 4000
    assert abs(_likeliest(source, first, shots, jobs) - expected) < 6 * math.sqrt(expected * (1 - expected) / jobs)


def test_the_min_entropy_of_a_replay_is_the_choice_of_its_flips() -> None:
    source = ReplayedShots(FaultyShots(_BIASED, (), 0), 4, 2, 0)
    assert source.min_entropy(4, 2).sum() == pytest.approx(math.log2(math.comb(6, 2)))
    assert source.min_entropy(2, 2).sum() == pytest.approx(source.source.min_entropy(2, 2).sum())
    jobs, expected = 4000, 1 / math.comb(6, 2)
    assert _likeliest(source, 4, 2, jobs) < expected + 6 * math.sqrt(expected / jobs)


@pytest.mark.parametrize("degree", PRIMITIVE)
def test_a_shift_register_has_its_full_period_and_so_its_min_entropy(degree: int) -> None:
    period = 2**degree - 1
    source = FaultyShots([0.5], [MSequence(0, degree)], 7)
    sequence = source.sample(0, 2 * period)[:, 0]
    states = np.lib.stride_tricks.sliding_window_view(sequence[: period + degree - 1], degree)
    assert len({int("".join(map(str, state)), 2) for state in states.tolist()}) == period
    assert (sequence[:period] == sequence[period:]).all()
    assert source.min_entropy(0, 1024).sum() == pytest.approx(math.log2(period))


def test_a_memory_reaches_back_by_its_lag() -> None:
    table = FaultyShots([0.5, 0.5], [Memory(1, 700, 0.9)], 3).sample(0, 20_000)
    assert (table[700:, 1] == table[:-700, 1]).mean() > 0.93
    assert abs((table[699:, 1] == table[:-699, 1]).mean() - 0.5) < 0.05


def test_a_replay_differs_from_the_first_job_by_its_flips_only() -> None:
    source = ReplayedShots(FaultyShots(np.full(16, 0.5), (), 1), 1024, 3, 1)
    first, second, third = (source.sample(1024 * number, 1024) for number in range(3))
    assert [(first != second).sum(), (first != third).sum()] == [3, 3]
    assert (second != third).any()


def test_a_seed_says_everything_of_a_device_and_another_says_something_else() -> None:
    for name, source in inject(5, 1024).items():
        again, other = inject(5, 1024)[name], inject(6, 1024)[name]
        assert source.description == again.description
        assert (source.sample(2048, 1024) == again.sample(2048, 1024)).all()
        assert (source.sample(2048, 1024) != other.sample(2048, 1024)).any()


@pytest.mark.parametrize("seed", range(20))
def test_every_device_but_the_clean_one_lacks_min_entropy(seed: int) -> None:
    devices = inject(seed, 1024, 8)
    clean = devices.pop("clean").min_entropy(1024, 1024).sum()
    for name, source in devices.items():
        assert source.min_entropy(1024, 1024).min() >= 0
        assert source.min_entropy(1024, 1024).sum() < clean, name


def test_faults_need_their_qubits() -> None:
    with pytest.raises(ValueError, match="8 qubits or more, not 7"):
        inject(1, 1024, 7)


@pytest.mark.parametrize("name", inject(3, 1024))
def test_a_fault_concerns_the_qubits_that_it_changes(name: str) -> None:
    devices = inject(3, 1024)
    source = devices[name]
    lacking = np.flatnonzero(source.min_entropy(1024, 1024).sum(0) < devices["clean"].min_entropy(1024, 1024).sum(0))
    assert set(lacking.tolist()) <= set(source.concerned)
    assert source.concerned == tuple(sorted(set(source.concerned)))
    assert (len(source.concerned) == source.qubits) == (name in ("clean", "copied-rows", "replay"))


def test_a_trial_says_of_each_fault_what_is_there_and_what_was_bounded() -> None:
    run_file = run_file_from(
        {"version": 1, "compare": {"shots": 1024, "repeats": 2}, "backend": [{"address": "ibm:x"}]}
    )
    trial = FaultTrial(run_file, 5, FrozenClock())
    with Hub.open(trial.run_file, clock=FrozenClock(), adapters=[trial.adapter]) as hub:
        comparison = hub.compare()
        assert {job.address.partition(":")[0] for job in hub.jobs()} == {"shots"}
    verdicts = {verdict.address.partition(":")[2]: verdict for verdict in trial.verdicts(comparison)}
    assert set(verdicts) == set(trial.devices)
    assert not verdicts["clean"].is_exceeded
    for name, verdict in verdicts.items():
        assert 0 <= verdict.min_entropy_bits <= len(verdict.qubits) == len(trial.devices[name].concerned)
        assert verdict.fault == trial.devices[name].description
    both = [trial.devices["decay"].min_entropy(first, 1024)[:, verdicts["decay"].qubits].sum() for first in (0, 1024)]
    assert verdicts["decay"].min_entropy_bits == pytest.approx(sum(both) / 2048)
    (row,) = (row for row in comparison.backends if row.address == "shots:ghz")
    assert row.measures is not None
    bounds = [one.bound_bits for one in row.measures.qubits if one.qubit in trial.devices["ghz"].concerned]
    assert verdicts["ghz"].bound_bits == pytest.approx(sum(bounds))


# the adapter


def _spec(name: str, shots: int, *circuits: Circuit) -> JobSpec:
    return JobSpec(key=uuid.uuid4().hex, address=f"shots:{name}", circuits=circuits, shots=shots)


def _run(adapter: GuardedAdapter, spec: JobSpec) -> tuple[RawBlock, ...]:
    (job,) = adapter.submit([spec])
    assert job.state is JobState.DONE
    return adapter.collect(job)


def test_a_record_is_given_out_in_its_order_and_once() -> None:
    record = np.arange(24, dtype=np.uint8)[:, None]
    adapter = GuardedAdapter(ShotDevices({"device": RecordedShots(record, 8)}, FrozenClock()))
    every, some = Circuit().h(*range(8)).measure(*range(8)), Circuit().h(7).measure(7)
    (first,) = _run(adapter, _spec("device", 10, every))
    prepared, second = _run(adapter, _spec("device", 10, Circuit().x(0).measure(0, 7), some))
    assert first.outcomes[:, 0].tolist() == list(range(10))
    assert (prepared.outcomes == 0b10000000).all()
    assert second.outcomes[:, 0].tolist() == [128 * (row % 2) for row in range(10, 20)]
    (job,) = adapter.submit([_spec("device", 10, every)])
    with pytest.raises(JobFailedError, match="the record has 4 of its 24 shots left, not 10"):
        adapter.collect(job)


def test_a_job_is_collected_twice_alike_and_one_whose_reply_was_lost_is_measured() -> None:
    record = np.arange(24, dtype=np.uint8)[:, None]
    clock, script = FrozenClock(), Script(lost_replies=1)
    adapter = ShotDevices({"device": RecordedShots(record, 8)}, clock, script)
    assert adapter.is_remote("device")
    assert adapter.describe("device").origin is Origin.HARDWARE
    circuit = Circuit().h(*range(8)).measure(*range(8))
    lost, spec = _spec("device", 10, circuit), _spec("device", 10, circuit)
    with pytest.raises(ServiceUnreachableError):
        list(adapter.submit([lost]))
    (job,) = adapter.submit([spec])
    clock.advance(1000)
    (found,) = adapter.find([lost])
    assert [adapter.collect(job)[0].outcomes[0, 0] for _ in range(2)] == [10, 10]
    assert adapter.collect(found)[0].outcomes[0, 0] == 0
    adapter.purge(found)
    (third,) = adapter.submit([_spec("device", 4, circuit)])
    clock.advance(1000)
    assert adapter.collect(third)[0].outcomes[0, 0] == 20


def test_faults_are_injected_without_a_test_framework() -> None:
    probe = "import sys; from qrng_hub.testing import ShotDevices, inject; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe]).returncode == 0


def test_a_record_given_out_as_a_device_is_drawn_from_in_order_and_paid_for() -> None:
    """For tests alone: what a record is worth as a device's, whose outcomes are credited."""
    table = FaultyShots(np.full(32, 0.5), (), 9).sample(0, 6000)
    record = RecordedShots(np.packbits(table, axis=1), 32, "a record of a device")
    run_file = {
        "version": 1,
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd": 10, "usd_per_job": 1},
        "backend": [{"address": "shots:device"}],
    }
    clock = FrozenClock()
    device = ShotDevices({"device": record}, clock, Script())
    with Hub.open(run_file, clock=clock, adapters=[device]) as hub:
        receipts = [hub.draw(1024).receipt for _ in range(2)]
    first, second = (receipt.sources[0] for receipt in receipts)
    assert [receipt.origin for receipt in receipts] == ["hardware", "hardware"]
    assert receipts[0].credit.bits == 8 * 1024
    ones = table[: first.shots].mean(axis=0), table[first.shots : first.shots + second.shots].mean(axis=0)
    assert (first.p_one, second.p_one) == tuple(tuple(share.tolist()) for share in ones)
    assert (first.source, first.cost_billed) == ("a record of a device", Decimal("0.30"))
