"""Processes that share a pool, fork, and are killed: no byte is handed out twice, and none that nobody put in."""

import subprocess
import sys
from pathlib import Path

import pytest

from pools import a_pool, known_bytes, require_each_once

PROCESSES = Path(__file__).parents[1] / "pool_processes.py"


def start(*arguments: object) -> subprocess.Popen[str]:
    """Starts a process of `pool_processes`."""
    command = [sys.executable, str(PROCESSES), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> str:
    """Waits for a process to end well; returns what it printed."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


def fill(folder: Path, count: int) -> bytes:
    known = known_bytes(count)
    a_pool(folder).add(known, draw_id="known", origin="hardware", credited_bits=0)
    (folder / "received").mkdir()
    return known


def received(folder: Path) -> list[bytes]:
    """What the processes got and could still write down; a kill may leave a file that is empty."""
    return [data for path in (folder / "received").iterdir() if (data := path.read_bytes())]


def require_no_byte_twice(folder: Path, known: bytes) -> int:
    """Sees that nothing left twice, not even with what is still there; returns how many takes were written down."""
    found = received(folder)
    pool = a_pool(folder)
    left = pool.status().bytes_left
    rest = [bytes(pool.take_unmixed(left).data)] if left else []
    assert require_each_once(known, [*found, *rest]) <= len(known)
    assert not rest or rest == [known[-left:]]
    return len(found)


def kill_workers(folder: Path, nurseries: int, deaths: int, count: int) -> None:
    known = fill(folder, count)
    running = [start("nursery", folder, seed, deaths) for seed in range(nurseries)]
    for process in running:
        finished(process)
    assert require_no_byte_twice(folder, known) >= nurseries * deaths, "1.5 takes of each worker were waited for"


def test_workers_that_are_killed_at_any_moment_hand_no_byte_out_twice(tmp_path: Path) -> None:
    kill_workers(tmp_path, nurseries=3, deaths=30, count=500_000)


@pytest.mark.slow
def test_many_workers_that_are_killed_at_any_moment_hand_no_byte_out_twice(tmp_path: Path) -> None:
    kill_workers(tmp_path, nurseries=6, deaths=600, count=6_000_000)


def test_a_whole_process_is_killed_with_all_its_threads(tmp_path: Path) -> None:
    known = fill(tmp_path, 300_000)
    for _ in range(2):
        process = start("forks", tmp_path, 1_000_000)
        while not any((tmp_path / "received").glob("child-*")):
            assert process.poll() is None
        process.kill()
        process.communicate(timeout=300)
        for path in (tmp_path / "received").glob("*-*"):
            path.rename(path.with_name(f"{process.pid}{path.name.replace('-', '_')}"))
    assert require_no_byte_twice(tmp_path, known) > 2


def test_forks_and_threads_hand_no_byte_out_twice(tmp_path: Path) -> None:
    known = fill(tmp_path, 500_000)
    finished(start("forks", tmp_path, 30))
    require_no_byte_twice(tmp_path, known)
    names = [path.name for path in (tmp_path / "received").iterdir()]
    assert len([name for name in names if name.startswith("child")]) == 30
    assert {name.rpartition("-")[0] for name in names} == {"child", "thread-0", "thread-1"}


@pytest.mark.parametrize("call", ["take", "add", "rotate", "drain"])
def test_a_call_that_is_killed_anywhere_leaves_a_sound_pool(tmp_path: Path, call: str) -> None:
    assert int(finished(start("every_line", tmp_path, call, 13))) > 3


@pytest.mark.slow
@pytest.mark.parametrize("call", ["take", "add", "rotate", "drain"])
def test_a_call_that_is_killed_at_any_line_leaves_a_sound_pool(tmp_path: Path, call: str) -> None:
    assert int(finished(start("every_line", tmp_path, call, 1))) > 40
