"""A pool is filled before it is empty, by one process at a time, and whoever goes without is told why."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pools import a_draw, a_pool, drawing, known_bytes
from qrng_hub.delivery.pool import Pool, Refiller
from qrng_hub.errors import BackendOfflineError, PoolEmptyError, RequestError
from qrng_hub.records import Draw
from qrng_hub.testing import FrozenClock

PROCESSES = Path(__file__).parents[1] / "pool_processes.py"


class Source:
    """Gives draws of known bytes, and remembers what it was asked for; fails while there is an error."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.error: Exception | None = None

    def __call__(self, count: int) -> Draw:
        self.asked.append(count)
        if self.error:
            raise self.error
        return a_draw(known_bytes(count, seed=len(self.asked)), f"draw {len(self.asked)}")


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return a_pool(tmp_path)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 23, tzinfo=UTC))


def rested(refiller: Refiller) -> None:
    """Waits until no refill is under way."""
    for thread in [one for one in threading.enumerate() if one.name == "qrng-pool-refill"]:
        thread.join(300)


def test_fills_to_the_high_water_mark_once_below_the_low_one(pool: Pool, source: Source) -> None:
    with Refiller(pool, drawing(source), 100, 1_000) as refiller:
        rested(refiller)
        assert (pool.bytes_left(), source.asked) == (1_000, [1_000])
        refiller.take(900)
        rested(refiller)
        assert source.asked == [1_000], "100 bytes are left, which is not below 100"
        taken = refiller.take_with_sources(1)
        rested(refiller)
        assert (pool.bytes_left(), source.asked) == (1_000, [1_000, 901])
        assert taken.sources[0].draw_id == "draw 1"
    assert pool.status().low_water_bytes == 100


def test_draws_again_if_a_draw_gave_too_little(pool: Pool) -> None:
    asked = []

    def draw(count: int) -> Draw:
        asked.append(count)
        return a_draw(known_bytes(60))

    with Refiller(pool, drawing(draw), 100, 1_000) as refiller:
        rested(refiller)
    assert (asked, pool.bytes_left()) == ([1_000, 940], 120)


def test_a_take_may_wait_for_the_refill(pool: Pool, source: Source) -> None:
    with Refiller(pool, drawing(source), 1, 1_000) as refiller:
        assert [len(refiller.take(600, wait_seconds=30)) for _ in range(3)] == [600, 600, 600]


def test_a_take_above_the_high_water_mark_does_not_wait(pool: Pool, source: Source) -> None:
    with (
        Refiller(pool, drawing(source), 1, 1_000) as refiller,
        pytest.raises(PoolEmptyError, match=r"1,001 were asked for; none was handed out"),
    ):
        refiller.take(1_001, wait_seconds=1_000_000)


def test_a_failure_is_reported_to_the_take_that_cannot_be_served(
    pool: Pool, source: Source, clock: FrozenClock
) -> None:
    pool.add_draw(a_draw(known_bytes(64)))
    source.error = BackendOfflineError("ibm:ibm_fez takes no jobs")
    with Refiller(pool, drawing(source), 100, 1_000, clock) as refiller:
        rested(refiller)
        assert len(refiller.take(60)) == 60, "what can be served is served"
        for _ in range(2):
            with pytest.raises(PoolEmptyError, match=r"4 bytes left.*the last refill failed: ibm:ibm_fez") as caught:
                refiller.take(16, wait_seconds=30)
            assert caught.value.__cause__ is source.error
            assert caught.value.bytes_left == 4
        assert len(source.asked) == 1, "a try may be paid for: who asks again and again does not repeat it"
        source.error = None
        clock.advance(60)
        assert len(refiller.take(16, wait_seconds=30)) == 16


def test_a_failed_refill_is_not_tried_again_for_a_minute(pool: Pool, source: Source, clock: FrozenClock) -> None:
    pool.add_draw(a_draw(known_bytes(64)))
    source.error = BackendOfflineError("ibm:ibm_fez takes no jobs")
    with Refiller(pool, drawing(source), 100, 1_000, clock) as refiller:
        for seconds, tries in ((0, 1), (59, 1), (1, 2), (0, 2)):
            clock.advance(seconds)
            refiller.take(1)
            rested(refiller)
            assert len(source.asked) == tries
        source.error = None
        clock.advance(60)
        refiller.take(1)
        rested(refiller)
        assert pool.bytes_left() == 1_000
        pool.drain()
        with pytest.raises(
            PoolEmptyError, match=r"asked for; none was handed out: fill it with `qrng pool fill 1` or more$"
        ):
            refiller.take(1)


def test_a_clock_that_is_set_back_does_not_put_the_next_refill_off(
    pool: Pool, source: Source, clock: FrozenClock
) -> None:
    source.error = BackendOfflineError("ibm:ibm_fez takes no jobs")
    with Refiller(pool, drawing(source), 1, 10, clock) as refiller:
        rested(refiller)
        source.error = None
        clock.advance(-86_400)
        assert len(refiller.take(10, wait_seconds=30)) == 10


def test_a_failure_that_a_later_refill_made_good_is_not_reported(
    pool: Pool, source: Source, clock: FrozenClock
) -> None:
    source.error = BackendOfflineError("ibm:ibm_fez takes no jobs")
    with Refiller(pool, drawing(source), 1, 10, clock) as refiller:
        rested(refiller)
        pool.add_draw(a_draw(known_bytes(16)))
        source.error = None
        clock.advance(60)
        refiller.take(16)
        rested(refiller)
        assert (source.asked, pool.drain()) == ([10, 10], 10)
        with pytest.raises(PoolEmptyError) as caught:
            refiller.take(10)
        assert caught.value.__cause__ is None


def test_closing_waits_for_the_draw_that_is_under_way_and_starts_no_other(pool: Pool) -> None:
    began, go = threading.Event(), threading.Event()

    def draw(count: int) -> Draw:
        began.set()
        go.wait(300)
        return a_draw(known_bytes(16))

    refiller = Refiller(pool, drawing(draw), 100, 1_000)
    with pytest.raises(PoolEmptyError):
        refiller.take(1)
    assert began.wait(300)
    closing = threading.Thread(target=refiller.close)
    closing.start()
    go.set()
    closing.join(300)
    rested(refiller)
    assert pool.bytes_left() == 16
    refiller.take(16)
    rested(refiller)
    assert pool.bytes_left() == 0


@pytest.mark.parametrize("marks", [(0, 10), (11, 10), (-1, -1)])
def test_refuses_marks_that_cannot_be(pool: Pool, source: Source, marks: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match="low-water mark of 1 byte or more"):
        Refiller(pool, drawing(source), *marks)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate(timeout=300)


def start(name: str, folder: Path, processes: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(PROCESSES), name, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    processes.append(process)
    return process


def line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def go_on(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


def test_two_processes_do_not_both_pay_for_a_refill(
    pool: Pool, source: Source, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    other = start("refill", tmp_path, processes)
    assert line(other) == b"drawing\n"
    with Refiller(pool, drawing(source), 100, 1_000) as refiller:
        rested(refiller)
        with pytest.raises(PoolEmptyError):
            refiller.take(1)
        rested(refiller)
        assert source.asked == []
        go_on(other)
        assert len(refiller.take(901, wait_seconds=60)) == 901
        assert other.wait(300) == 0
        assert len(refiller.take(901, wait_seconds=60)) == 901
    assert source.asked[0] == 901


def test_a_process_that_is_killed_leaves_the_refill_to_others_though_its_child_lives(
    pool: Pool, source: Source, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    other = start("refill_and_fork", tmp_path, processes)
    said = {line(other), line(other)}
    assert b"drawing\n" in said
    (child,) = (int(text.split()[1]) for text in said if text.startswith(b"child"))
    other.kill()
    other.wait(300)
    os.kill(child, 0)
    with Refiller(pool, drawing(source), 100, 1_000) as refiller:
        rested(refiller)
    assert (source.asked, pool.bytes_left()) == ([1_000], 1_000)


def test_a_forked_child_fills_the_pool_with_a_thread_of_its_own(
    pool: Pool, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    process = start("child_refills", tmp_path, processes)
    assert line(process) == b"refused\n", "its parent draws, and nobody else"
    go_on(process)
    go_on(process)
    assert line(process) == b"500\n"
    assert process.wait(300) == 0
