"""What is on record of certified runs that begin at once, fail, or die: no attempt is lost, and no setting used twice.

The devices are seeded, and honest ones are asked for less than they are worth by five standard deviations or more.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from game_device import GameDevice, constant, hub, winning
from qrng_hub import Hub
from qrng_hub.errors import CertificateMissedError, RequestError
from qrng_hub.protocols import Chances, FileBits, Work
from qrng_hub.records import RunTerms
from qrng_hub.runner.certifying import begun
from qrng_hub.testing import FrozenClock

TESTS = Path(__file__).parents[1]
CHSH = {"circuits": 100, "shots": 2, "score": 0.82}
ADDRESS = "scripted:qpu"
BITS_OF_A_RUN = 80 * 2 * 100
DIES = """
import os, signal, sys
from game_device import GameDevice, hub, winning
from qrng_hub.testing import FrozenClock

class Dying(GameDevice):
    def {method}(self, *arguments):
        os.kill(os.getpid(), signal.SIGKILL)

with hub([Dying(winning(0.85, 1), FrozenClock())], "chsh", {options}) as opened:
    opened.run()
"""


def opened(options: dict[str, Any], seed: int = 1) -> Hub:
    return hub([GameDevice(winning(0.85, seed), FrozenClock())], "chsh", CHSH | options)


def beacon(folder: Path, runs: int) -> Path:
    path = folder / "beacon.bin"
    path.write_bytes(np.random.default_rng(1).bytes(runs * BITS_OF_A_RUN // 8))
    return path


def events_of(found: Hub, kind: str) -> list[dict[str, Any]]:
    return [dict(event.detail) for event in found._ledger.events() if event.kind == kind]


def attempts_of(found: Hub) -> list[int]:
    return [event["terms"]["attempt"] for event in events_of(found, "certificate.begun")]


def drawn_of(found: Hub) -> list[tuple[int, int]]:
    return [(event["start"], event["end"]) for event in events_of(found, "settings.drawn")]


def work_with(meanwhile: Callable[[], None]) -> Callable[[Chances], Work]:
    """Makes work without circuits, and while it is made for the first time something else happens."""
    happened: list[bool] = []

    def make(chances: Chances) -> Work:
        if not happened:
            happened.append(True)
            meanwhile()
        chances.settings.take(50)
        options = {"protocol": "chsh"} | CHSH
        terms = {"options": options, "sites": [[0, 1]], "settings_origin": "", "settings_sha256": ""}
        return Work((), 2, RunTerms.model_validate(terms | {"attempt": chances.attempt}))

    return make


@pytest.mark.parametrize("file", [False, True])
def test_a_run_that_begins_while_another_is_prepared_is_a_further_attempt_with_settings_of_its_own(
    tmp_path: Path, file: bool
) -> None:
    options = {"settings": str(beacon(tmp_path, 1))} if file else {}
    with opened(options) as found:
        request = found._request(32)

        def another() -> None:
            begun(found._ledger, request, ADDRESS, "another", work_with(lambda: None))

        work = begun(found._ledger, request, ADDRESS, "own", work_with(another))
        assert work.terms is not None
        assert work.terms.attempt == 2
        assert attempts_of(found) == [1, 2]
        drawn = drawn_of(found)
    assert drawn == ([(0, 50), (50, 100), (100, 150)] if file else [])


def test_runs_that_miss_at_the_same_time_are_as_many_attempts(tmp_path: Path) -> None:
    options = CHSH | {"settings": str(beacon(tmp_path, 40))}

    def missed(_number: int) -> None:
        run = hub([GameDevice(constant, FrozenClock())], "chsh", options)
        with run as found, pytest.raises(CertificateMissedError):
            found.run()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(missed, range(6)))
    with opened({}) as found:
        assert attempts_of(found) == [1, 2, 3, 4, 5, 6]
        drawn = drawn_of(found)
        assert found.run().receipt.sources[0].certified[0].terms.attempt == 7
    assert drawn[0][0] == 0
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(drawn))


@pytest.mark.parametrize("method", ["submit", "collect"])
def test_a_run_that_is_killed_is_an_attempt_and_its_settings_are_used_up(method: str, tmp_path: Path) -> None:
    """Between the draw of its settings and the job, or when the outcomes are fetched."""
    options = CHSH | {"settings": str(beacon(tmp_path, 2))}
    script = DIES.format(method=method, options=options)
    folders = os.pathsep.join([str(TESTS), *sys.path])
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": folders}, timeout=300)
    assert done.returncode == -9
    with opened(options) as found:
        assert found.run().receipt.sources[0].certified[0].terms.attempt == 2
        assert drawn_of(found) == [(0, BITS_OF_A_RUN), (BITS_OF_A_RUN, 2 * BITS_OF_A_RUN)]
        with pytest.raises(RequestError, match="of bits that were never used"):
            found.run()


def test_settings_are_read_from_plain_files_alone(tmp_path: Path) -> None:
    """A pipe would be waited for, and the bits of a device that never ends cannot be counted."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(beacon(tmp_path, 1))
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(RequestError, match="it is no plain file"):
            FileBits(path, 0)
    with pytest.raises(RequestError, match="No such file"):
        FileBits(tmp_path / "missing", 0)
    with opened({"settings": str(tmp_path / "link")}) as found:
        found.run()
    with opened({"settings": str(tmp_path / "beacon.bin")}) as found, pytest.raises(RequestError, match="are used"):
        found.run()


def test_the_bits_of_a_file_are_given_in_its_order_from_wherever_they_begin(tmp_path: Path) -> None:
    bits = np.unpackbits(np.frombuffer(beacon(tmp_path, 1).read_bytes(), np.uint8))
    source = FileBits(tmp_path / "beacon.bin", 13)
    assert source.take(5).tolist() == bits[13:18].tolist()
    assert np.unpackbits(source.reserve(20).read(), count=20).tolist() == bits[18:38].tolist()
    assert source.take(3).tolist() == bits[38:41].tolist()
    assert (source.used.start, source.used.end) == (13, 41)
