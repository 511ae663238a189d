"""Processes that use one pool and are killed: started by the tests as `python pool_processes.py NAME ARGUMENTS`."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import qrng_hub.delivery.pool
from pools import WINDOW, a_draw, a_pool, drawing, known_bytes
from qrng_hub.delivery.pool import Pool, Refiller
from qrng_hub.errors import PoolEmptyError
from qrng_hub.records import Draw

_PACKAGE = str(Path(qrng_hub.delivery.pool.__file__).parent)
_LONGEST_TAKE_SECONDS = 0.01


def nursery(folder: Path, seed: int, deaths: int) -> None:
    """Brings up one worker after another, lets each take some times, and kills it at a moment that the seed says."""
    pool, chance = a_pool(folder), random.Random(seed)
    for number in range(deaths):
        told, tell = os.pipe()
        if (child := os.fork()) == 0:
            _work(pool, folder / "received", f"{seed}-{number}", tell)
        os.close(tell)
        for _ in range(chance.randint(0, 3)):
            os.read(told, 1)
        time.sleep(chance.uniform(0, _LONGEST_TAKE_SECONDS))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)


def _work(pool: Pool, received: Path, name: str, tell: int) -> None:
    """Takes, and writes down what it got before it takes again, until it is killed or the pool is empty."""
    chance = random.Random(name)
    for number in itertools.count():
        try:
            data = pool.take_unmixed(chance.randint(WINDOW, 600)).data
        except PoolEmptyError:
            os._exit(0)
        (received / f"{name}-{number}").write_bytes(data)
        os.write(tell, b".")


def forks(folder: Path, children: int) -> None:
    """Forks again and again while threads take; the children take as well."""
    pool, over = a_pool(folder), threading.Event()

    def take_on(name: str) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            _take(pool, folder, f"{name}-{number}")

    threads = [threading.Thread(target=take_on, args=(f"thread-{one}",)) for one in range(2)]
    for thread in threads:
        thread.start()
    for number in range(children):
        if (child := os.fork()) == 0:
            _take(pool, folder, f"child-{number}")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    over.set()
    for thread in threads:
        thread.join()


def _take(pool: Pool, folder: Path, name: str) -> None:
    (folder / "received" / name).write_bytes(pool.take_unmixed(100).data)


def every_line(folder: Path, name: str, step: int) -> None:
    """Lets a call be killed at every `step`-th line of the pool's code, and sees each time that the pool is sound."""
    known = known_bytes(70_100)
    line = killed = 0
    while True:
        line += step
        pool = a_pool(folder / str(line))
        pool.add(known, draw_id="known", origin="hardware", credited_bits=8 * len(known))
        pool.take(50)
        if not _is_killed(line, partial(_CALLS[name], pool)):
            break
        killed += 1
        left = a_pool(folder / str(line)).status().bytes_left
        assert left in _LEFT[name], f"killed at line {line}: {left} bytes are left"
        rest = a_pool(folder / str(line)).take_unmixed(left).data if left else b""
        assert rest == (known + known)[50:][-left or len(known) * 2 :], f"killed at line {line}: other bytes"
        assert pool.bytes_left() == 0
    say(killed)


def _add_again(pool: Pool) -> None:
    pool.add(known_bytes(70_100), draw_id="again", origin="hardware", credited_bits=0)


_CALLS: dict[str, Callable[[Pool], Any]] = {
    "take": lambda pool: pool.take_unmixed(70_000),
    "add": _add_again,
    "rotate": lambda pool: pool.rotate_key(),
    "drain": lambda pool: pool.drain(),
}
#: how many bytes may be left when a call was killed
_LEFT = {"take": {70_050, 50}, "add": {70_050, 140_150}, "rotate": {70_050}, "drain": {70_050, 0}}


def _is_killed(line: int, call: Callable[[], Any]) -> bool:
    """Makes a call in a child that is killed at the line-th line; returns whether it came that far."""
    if (child := os.fork()) == 0:
        lines = itertools.count(1)

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            if not frame.f_code.co_filename.startswith(_PACKAGE):
                return None
            if event == "line" and next(lines) == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        call()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def refill(folder: Path) -> None:
    """Begins a refill that goes on until there is something to read."""
    began = threading.Event()

    def draw(count: int) -> Draw:
        began.set()
        return _slow_draw(count)

    with Refiller(a_pool(folder), drawing(draw), 100, 1_000):
        began.wait()


def refill_and_fork(folder: Path) -> None:
    """Begins a refill, and has a child that lives until nobody can write to it."""
    began = threading.Event()

    def draw(count: int) -> Draw:
        began.set()
        return _slow_draw(count)

    with Refiller(a_pool(folder), drawing(draw), 100, 1_000):
        began.wait()
        if os.fork() == 0:
            say("child", os.getpid())
            os.read(0, 1)
            os._exit(0)


def child_refills(folder: Path) -> None:
    """Uses a refiller up in a child that was born while its parent's thread drew."""
    began, go = threading.Event(), threading.Event()
    parent = os.getpid()

    def draw(count: int) -> Draw:
        if os.getpid() == parent:
            began.set()
            go.wait()
        return a_draw(known_bytes(count))

    with Refiller(a_pool(folder), drawing(draw), 100, 1_000) as refiller:
        began.wait()
        if (child := os.fork()) == 0:
            say("refused" if _is_empty(refiller) else "served")
            os.read(0, 1)
            say(len(refiller.take(500, wait_seconds=30)))
            refiller.close()
            os._exit(0)
        os.read(0, 1)
        go.set()
        os.waitpid(child, 0)


def _is_empty(refiller: Refiller) -> bool:
    try:
        refiller.take(500)
    except PoolEmptyError:
        return True
    return False


def _slow_draw(count: int) -> Draw:
    say("drawing")
    os.read(0, 1)
    return a_draw(known_bytes(count))


def say(*words: object) -> None:
    """Writes a line at once, whichever thread says it."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    _, name, place, *numbers = sys.argv
    globals()[name](Path(place), *(int(number) if number.isdecimal() else number for number in numbers))
