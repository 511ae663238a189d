"""Runs damaged inputs through the commands, in forks of a process that has all loaded, and judges the ends."""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import pkgutil
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from socketserver import BaseServer
from threading import Thread
from typing import Any

import pytest

from fuzz.answers import serving
from fuzz.corpus import Kind, lay
from fuzz.mutating import mutate
from qrng_hub import cli
from qrng_hub.clock import SystemClock

CPU_SECONDS, WALL_SECONDS, MEMORY_BYTES = 20, 120, 12 * 2**30
_DOCUMENTED = (0, 1, 2, 3)
_LONGEST_LINE = 5000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BATCH, _VENDOR_BATCH = 500, 150


@dataclass(frozen=True)
class Case:
    """One damaged input: its kind, its number and what became of it."""

    kind: str
    number: int
    outcome: str
    detail: str = ""
    seconds: float = 0.0

    @property
    def is_find(self) -> bool:
        """Whether it ended in another way than it may."""
        return not self.outcome.startswith("exit ")


def fuzz(kinds: Mapping[str, Kind], count: int, seed: int, only: str = "") -> Iterator[Case]:
    """Runs `count` cases, shared among the kinds; yields each as it ends. `only` names one kind, or one case of it."""
    name, _, number = only.partition(":")
    chosen = {name: kinds[name]} if name else kinds
    total = sum(kind.share for kind in chosen.values())
    batches: list[tuple[str, range]] = []
    for one, kind in chosen.items():
        cases = range(max(1, round(count * kind.share / total)))
        size = _VENDOR_BATCH if kind.serving else _BATCH
        batches += [(one, cases[at : at + size]) for at in range(0, len(cases), size)]
    if number:
        batches = [(name, range(int(number), int(number) + 1))]
    Random(seed).shuffle(batches)
    _load_all()
    in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        yield from _share(kinds, batches, seed, Path(folder))


def _share(kinds: Mapping[str, Kind], batches: list[tuple[str, range]], seed: int, folder: Path) -> Iterator[Case]:
    """Runs batches in a fork a processor; where one dies, the case at which it did is a find, and the rest goes on."""
    running: dict[int, tuple[str, range]] = {}
    while batches or running:
        while batches and len(running) < (os.cpu_count() or 1):
            name, cases = batches.pop()
            running[_fork(kinds[name], name, cases, seed, folder)] = name, cases
        process, status = os.wait()
        name, cases = running.pop(process)
        ended = list(_read(folder / f"{process}.cases"))
        yield from ended
        if status != 0:
            log = (folder / f"{process}.log").read_text(errors="replace")[-3000:]
            left = cases[len(ended) :]
            yield Case(name, left[0] if left else -1, "killed", f"{_ended_by(status)}\n{log}")
            if left[1:]:
                batches.append((name, left[1:]))
        shutil.rmtree(folder / f"{process}.d", ignore_errors=True)


def _ended_by(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"ended with the code {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    why = {signal.SIGPROF: f", after {CPU_SECONDS} CPU seconds", signal.SIGALRM: f", after {WALL_SECONDS} seconds"}
    return f"killed by the signal {number}{why.get(signal.Signals(number), '')}"


def _load_all() -> None:
    """Loads all there is, so that forks have it."""
    for name in ("qrng_hub", "qrng_hub_braket", "qrng_hub_cirq", "qrng_hub_ibm", "qrng_hub_local", "qrng_hub_replay"):
        for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            if not module.name.endswith(("__main__", ".env")) and ".versions." not in module.name:
                importlib.import_module(module.name)


def _read(path: Path) -> Iterator[Case]:
    for line in path.read_text().splitlines():
        yield Case(*json.loads(line))


def _fork(kind: Kind, name: str, cases: range, seed: int, folder: Path) -> int:
    process = os.fork()
    if process:
        return process
    try:
        _work(kind, name, cases, seed, folder)
    except BaseException:  # noqa: BLE001 - a fork must end here
        Path(folder / f"{os.getpid()}.log").write_text(traceback.format_exc())
        os._exit(9)
    os._exit(0)


def _work(kind: Kind, name: str, cases: range, seed: int, folder: Path) -> None:
    own = folder / str(os.getpid())
    place = Path(f"{own}.d")
    lay(kind.files, place)
    os.chdir(place)
    log = Path(f"{own}.log").open("w")  # noqa: SIM115 - open as long as the process lives
    faulthandler.enable(log)
    for ending in (signal.SIGPROF, signal.SIGALRM):
        faulthandler.register(ending, log, chain=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.environ |= {"HOME": str(place), "QRNG_STATE_DIR": str(place / "state")}
    warnings.resetwarnings()
    sys.addaudithook(_stay_on_loopback)
    _make_time_pass()
    with Path(f"{own}.cases").open("w", buffering=1) as written, ExitStack() as stack:
        begin = stack.enter_context(_served(kind.serving, place))
        for number in cases:
            random = Random(f"{seed}:{name}:{number}")
            arguments = _prepare(kind, place, random)
            begin(random)
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
            began = time.monotonic()
            outcome, detail = _run(arguments)
            seconds = round(time.monotonic() - began, 3)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            detail = f"qrng {' '.join(arguments)}\n{detail}"
            written.write(json.dumps([name, number, outcome, detail, seconds]) + "\n")


@contextmanager
def _served(what: str, place: Path) -> Iterator[Any]:
    if what == "files":

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_arguments: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(place)))
        Thread(target=server.serve_forever, daemon=True).start()
        os.environ["BRAKET_PRICE_OFFERS_URL"] = f"http://127.0.0.1:{server.server_port}/index.csv"
        yield lambda _random: None
    elif what:
        with serving(what) as begin:
            yield begin
    else:
        yield lambda _random: None


def _prepare(kind: Kind, place: Path, random: Random) -> list[str]:
    """Lays the files of a case, one of them damaged, and returns the arguments of a command that reads it."""
    files = {name: os.path.expandvars(data) if kind.serving else data for name, data in kind.files.items()}
    target = random.choice(list(kind.targets or ["run.toml"]))
    if kind.targets:
        others = [kind.files[name] for name in kind.targets]
        damaged = mutate(files[target], others, random)
        files[target] = kind.finish(damaged, random) if kind.finish else damaged
    lay(files, place)
    os.chdir(place)
    return random.choice(kind.commands).replace("@", target).split()


def _run(arguments: list[str]) -> tuple[str, str]:
    """Runs a command and judges its end."""
    sys.argv = ["qrng", *arguments]
    with _captured() as said:
        failure = ""
        code: Any = None
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
        except BaseException as error:  # noqa: BLE001 - this is what is looked for
            failure = "".join(traceback.format_exception(error))
    out, err = said()
    detail = f"exit {code}\n{out[-500:]}\n{err[-2500:]}{failure[-4000:]}"
    return _judged(code, out, err, failure), detail


def _judged(code: Any, out: str, err: str, failure: str) -> str:
    if failure or "Traceback (most recent" in out + err:
        return "traceback"
    if code not in _DOCUMENTED:
        return "code"
    if code in (1, 2) and not (out + err).strip():
        return "silence"
    if "not enough memory" in err:
        return "memory"
    if "the output cannot be written" in err:
        return "misplaced"
    if _CONTROL.search(out + err):
        return "control"
    return "long" if max(map(len, err.split("\n"))) > _LONGEST_LINE else f"exit {code}"


@contextmanager
def _captured() -> Iterator[Any]:
    """Catches what is written to the two streams, past Python too; yields what reads it."""
    files = [os.memfd_create(name) for name in ("out", "err")]
    for number, file in zip((1, 2), files, strict=True):
        os.dup2(file, number)
    sys.stdout, sys.stderr = (
        open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as Python opens its own
        for number in (1, 2)
    )
    texts: list[str] = []
    try:
        yield lambda: texts
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for file in files:
            texts.append(os.pread(file, 2**22, 0).decode(errors="replace"))
            os.close(file)


def _stay_on_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuses every way out of this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in ("127.0.0.1", "::1"):
        raise ConnectionRefusedError("only loopback is allowed")
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", "::1", None):
        raise ConnectionRefusedError("only loopback is allowed")


def _make_time_pass() -> None:
    """Lets waiting take no time: the hub's clock goes on by what it sleeps, and others sleep a thousandth."""
    slept = timedelta(0)
    sleep = time.sleep

    def pass_by(_clock: SystemClock, seconds: float, wake: Any) -> bool:
        nonlocal slept
        slept += timedelta(seconds=max(0.0, seconds))
        return bool(wake.is_set())

    patch = pytest.MonkeyPatch()
    patch.setattr(SystemClock, "sleep", pass_by)
    patch.setattr(SystemClock, "now", lambda _clock: datetime.now(UTC) + slept)
    patch.setattr(BaseServer, "handle_error", lambda *_: None)  # of a service, whose client may hang up
    patch.setattr(time, "sleep", lambda seconds: sleep(min(seconds / 1000, 0.01)))


def summary(cases: Sequence[Case]) -> str:
    """Counts outcomes by kind, with the seconds that the commands took."""
    outcomes = sorted({case.outcome for case in cases})
    lines = [_row("kind", [*outcomes, "all", "seconds"])]
    for kind in [*sorted({case.kind for case in cases}), "all"]:
        own = [case for case in cases if kind in (case.kind, "all")]
        counted = Counter(case.outcome for case in own)
        seconds = round(sum(case.seconds for case in own))
        lines.append(_row(kind, [*(f"{counted[one]:,}" for one in outcomes), f"{len(own):,}", f"{seconds:,}"]))
    return "\n".join(lines)


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<16}" + "".join(f"{cell:>11}" for cell in cells)
