"""Seeds of the extraction that come from an earlier draw."""

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.clock import SystemClock
from qrng_hub.errors import ConfigError, LedgerError
from qrng_hub.ledger import open_ledger
from qrng_hub.records import Job, RawBlock
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


def seeded(draw_id: str, file: Path, **request: Any) -> dict[str, Any]:
    seed = {"draw": draw_id, "file": str(file)}
    return {"version": 1, "request": {"bytes": 64, "retain_raw": True, "seed": seed} | request}


def an_earlier_draw(folder: Path, count: int = 100_000) -> tuple[str, bytes, Path]:
    with Hub.open() as hub:
        draw = hub.draw(count)
    file = folder / "seed.bin"
    file.write_bytes(draw.data)
    return draw.receipt.draw_id, draw.data, file


def test_the_seed_is_the_earlier_draw_byte_by_byte_and_none_of_it_serves_twice(tmp_path: Path, state: Path) -> None:
    draw_id, data, file = an_earlier_draw(tmp_path)
    with Hub.open(seeded(draw_id, file)) as hub:
        first, second = hub.run().receipt, hub.run().receipt
    used = b""
    for receipt in (first, second):
        (source,) = receipt.sources
        assert source.extraction is not None
        assert source.extraction.seed_origin == f"draw {draw_id} (simulator), each byte of which is a seed once"
        (digest,) = source.extraction.seed_sha256
        used += (state / "raw" / f"{digest}.seed").read_bytes()
    assert len(used) > 100
    assert data.startswith(used)


def test_by_plan_the_seeds_come_from_it_as_well(tmp_path: Path) -> None:
    draw_id, _data, file = an_earlier_draw(tmp_path)
    with Hub.open(seeded(draw_id, file, mode="plan")) as hub:
        (source,) = hub.run().receipt.sources
    assert source.extraction is not None
    assert source.extraction.seed_origin.startswith(f"draw {draw_id}")


def test_when_it_is_used_up_nothing_is_extracted_with_it(tmp_path: Path) -> None:
    draw_id, _data, file = an_earlier_draw(tmp_path, 600)
    with Hub.open(seeded(draw_id, file)) as hub, pytest.raises(LedgerError, match=r"600 bytes left that never were a"):
        hub.run()
    with Hub.open({"version": 1, "request": {"bytes": 64}}) as hub:
        assert len(hub.run().data) == 64


@pytest.mark.parametrize("mode", ["first", "plan"])
def test_too_short_a_seed_is_refused_before_a_job_is_paid_for(tmp_path: Path, mode: str) -> None:
    draw_id, _data, file = an_earlier_draw(tmp_path, 600)
    clock = FrozenClock()
    vendor = ScriptedAdapter({"device": Script()}, clock)
    values = seeded(draw_id, file, mode=mode) | {"budget": {"usd": 1}, "policy": {"fallback": "hardware-only"}}
    backend = {"backend": [{"address": "scripted:device", "shots": 1024}]}
    with (
        Hub.open(values | backend, clock=clock, adapters=[vendor]) as hub,
        pytest.raises(LedgerError, match=r"600 bytes left that never were a seed, and (4,096|8,192) are needed"),
    ):
        hub.run()
    assert vendor.jobs == {}


def test_what_becomes_of_the_file_after_it_was_checked_is_of_no_account(tmp_path: Path, state: Path) -> None:
    class Meanwhile(ScriptedAdapter):
        def collect(self, job: Job) -> tuple[RawBlock, ...]:
            file.write_bytes(bytes(100_000))
            return super().collect(job)

    draw_id, data, file = an_earlier_draw(tmp_path)
    clock = FrozenClock()
    vendor = Meanwhile({"device": Script()}, clock)
    values = seeded(draw_id, file) | {"budget": {"usd": 1}, "policy": {"fallback": "hardware-only"}}
    with Hub.open(values | {"backend": [{"address": "scripted:device"}]}, clock=clock, adapters=[vendor]) as hub:
        (source,) = hub.run().receipt.sources
    assert source.extraction is not None
    (digest,) = source.extraction.seed_sha256
    assert data.startswith((state / "raw" / f"{digest}.seed").read_bytes())


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    draw_id, _data, file = an_earlier_draw(tmp_path)
    file.unlink()
    os.mkfifo(file)
    with Hub.open(seeded(draw_id, file)) as hub, pytest.raises(ConfigError, match="is no plain file"):
        hub.run()


@pytest.mark.parametrize(
    ("text", "problem"),
    [(b"something else", "is not what draw .* gave: its SHA-256 is another"), (None, "cannot be read: No such file")],
)
def test_a_file_that_does_not_hold_the_draw_is_refused(tmp_path: Path, text: bytes | None, problem: str) -> None:
    draw_id, _data, file = an_earlier_draw(tmp_path)
    file.unlink()
    if text is not None:
        file.write_bytes(text)
    with Hub.open(seeded(draw_id, file)) as hub:
        before = hub.jobs()
        with pytest.raises(ConfigError, match=problem):
            hub.run()
        assert hub.jobs() == before


def test_a_draw_that_nobody_knows_or_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with Hub.open(seeded("20260101T000000-nobody", tmp_path)) as hub, pytest.raises(LedgerError, match="no draw"):
        hub.run()
    draw_id, _data, file = an_earlier_draw(tmp_path, 16)
    with Hub.open(seeded(draw_id, file)) as hub, pytest.raises(ConfigError, match="16 bytes, too few for a seed"):
        hub.run()


def test_other_processes_cannot_use_it(tmp_path: Path) -> None:
    draw_id, _data, file = an_earlier_draw(tmp_path)
    executor = ProcessPoolExecutor(1, get_context("spawn"))
    hub = Hub.open(seeded(draw_id, file), executor=executor)
    with executor, hub, pytest.raises(ConfigError, match="use threads"):
        hub.run()


def test_threads_that_take_at_once_never_take_the_same(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", SystemClock())
    with ThreadPoolExecutor(8) as threads:
        starts = list(threads.map(lambda _: ledger.spend("draw", 10, 1000), range(100)))
    assert sorted(starts) == list(range(0, 1000, 10))
    with pytest.raises(LedgerError, match="has 0 bytes left that never were a seed, and 1 are needed"):
        ledger.spend("draw", 1, 1000)
    ledger.close()


def test_a_certified_run_is_extracted_with_it_and_one_with_a_weak_source_takes_none(tmp_path: Path) -> None:
    draw_id, _data, file = an_earlier_draw(tmp_path)
    certificate = {"score": 0.82, "circuits": 300, "shots": 4, "epsilon": 1e-6}
    values = seeded(draw_id, file, protocol="chsh", epsilon=1e-12, certificate=certificate)
    with Hub.open(values | {"backend": [{"address": "cirq:simulator", "qubits": 30}]}) as hub:
        (source,) = hub.run().receipt.sources
    assert source.extraction is not None
    assert source.extraction.seed_origin.startswith(f"draw {draw_id}")
    with pytest.raises(ConfigError, match="a mermin run is extracted with bits of its weak source"):
        Hub.open(seeded(draw_id, file, protocol="mermin", certificate={"score": 3.4, "source_rate": 0.95}))
