"""The hub's faces: one generator, which the hub's draws seed."""

import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.delivery.drbg import Drbg
from qrng_hub.delivery.pool import KeyFile, Pool
from qrng_hub.errors import BackendOfflineError, ConfigError, PoolEmptyError, RequestError
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


def test_a_hub_of_simulators_has_every_face() -> None:
    with Hub.open() as hub:
        assert len(hub.secrets.token_hex()) == 64
        assert isinstance(hub.random(), random.Random)
        assert 1 <= hub.random().randint(1, 6) <= 6
        assert isinstance(hub.numpy(), np.random.Generator)
        assert hub.numpy_raw().random((2, 3)).shape == (2, 3)


def test_all_faces_are_on_one_generator_that_one_draw_seeds() -> None:
    with Hub.open() as hub:
        faces = hub.secrets, hub.random(), hub.numpy_raw()
        assert hub.jobs() == (), "nothing is drawn before it is needed"
        seen = {faces[0].token_bytes(32), faces[1].randbytes(32), faces[2].bytes(32), hub.numpy().bytes(32)}
        assert len(seen) == 4
        assert len(hub.jobs()) == 1


def test_the_draw_that_seeds_has_its_receipt() -> None:
    with Hub.open() as hub:
        hub.secrets.token_bytes()
        (line,) = hub.costs("run")
        receipt = hub.receipt(line.group)
        assert (receipt.origin, receipt.credit.bits) == ("simulator", 0.0)


def test_the_generator_is_made_of_the_hubs_bytes() -> None:
    asked: list[int] = []

    class Known(Hub):
        def random_bytes(self, count: int) -> bytes:
            asked.append(count)
            return bytes(range(count))

    with Known.open() as hub:
        expected = Drbg(lambda count: bytes(range(count)), personalization=b"qrng_hub").random_bytes(32)
        assert hub.secrets.token_bytes() == expected
    assert asked == [48]


def test_threads_that_come_first_together_share_one_generator() -> None:
    with Hub.open() as hub:
        start, tokens = threading.Barrier(8), set()

        def draw() -> None:
            start.wait(300)
            tokens.add(hub.secrets.token_bytes())

        threads = [threading.Thread(target=draw) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tokens) == 8
        assert len(hub.jobs()) == 1


def test_no_token_without_a_backend() -> None:
    clock = FrozenClock()
    values: dict[str, Any] = {
        "version": 1,
        "backend": [{"address": "scripted:gone"}],
        "policy": {"fallback": "hardware-only"},
        "budget": {"usd_per_job": 1},
    }
    adapter = ScriptedAdapter({"gone": Script(offline=True)}, clock)
    with Hub.open(values, clock=clock, adapters=[adapter]) as hub:
        for use in (hub.secrets.token_bytes, hub.random().random, hub.numpy, hub.numpy_raw().random):
            with pytest.raises(BackendOfflineError):
                use()


def test_a_closed_hub_gives_nothing_more() -> None:
    with Hub.open() as hub:
        used, secrets = hub.random(), hub.secrets
        secrets.token_bytes()
    generator = hub._drbg
    assert repr(generator).endswith("closed>")
    for use in (secrets.token_bytes, used.random, hub.secrets.token_bytes, hub.numpy):
        with pytest.raises(RequestError, match="closed"):
            use()
    with Hub.open() as unused:
        pass
    with pytest.raises(RequestError, match="this hub is closed"):
        unused.secrets.token_bytes()


def test_a_stream_is_replayed_without_a_draw(tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    with Hub.open() as hub:
        first = hub.numpy(record=file).random(5).tolist()
        before = len(hub.jobs())
        assert hub.numpy(replay=file).random(5).tolist() == first
        assert len(hub.jobs()) == before
        with pytest.raises(ConfigError, match="there already"):
            hub.numpy(record=file)
        with pytest.raises(RequestError, match="one file"):
            hub.numpy(record=tmp_path / "other", replay=file)


FORK = """
import os
from qrng_hub import Hub

with Hub.open() as hub:
    faces = hub.secrets, hub.random()
    hub.secrets.token_bytes(), faces[1].random()
    read, write = os.pipe()
    if not (child := os.fork()):
        os.write(write, faces[0].token_bytes() + faces[1].randbytes(32))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    theirs = os.read(read, 64)
    assert len(theirs) == 64
    assert len({theirs[:32], theirs[32:], faces[0].token_bytes(), faces[1].randbytes(32)}) == 4
    assert len(hub.jobs()) == 2, "the child drew a seed of its own"
print("fine")
"""


def test_same_numbers_after_fork_never() -> None:
    """In a process of its own, since forking one that has threads may hang in other people's code."""
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_a_hub_that_is_not_asked_for_faces_does_not_load_them() -> None:
    code = "import sys; from qrng_hub import Hub; Hub.open().close(); print('qrng_hub.delivery.drbg' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# with a pool


def with_pool(tmp_path: Path, **sections: Any) -> dict[str, Any]:
    pool = {"folder": str(tmp_path / "pool"), "key_file": str(tmp_path / "key"), "wait_seconds": 60.0}
    marks = {"low_water_bytes": 200, "high_water_bytes": 1000}
    return {"version": 1, "pool": pool | marks | sections.pop("pool", {})} | sections


def pool_of(tmp_path: Path) -> Pool:
    return Pool.open_existing(tmp_path / "pool", key_source=KeyFile(tmp_path / "key"))


def test_with_a_pool_the_generator_is_seeded_out_of_it_and_it_is_filled(tmp_path: Path) -> None:
    with Hub.open(with_pool(tmp_path)) as hub:
        hub.secrets.token_bytes()
        hub.secrets.token_bytes()
        assert pool_of(tmp_path).bytes_left() == 1000 - 48
        assert len(hub.jobs()) == 1
    with Hub.open(with_pool(tmp_path)) as hub:
        hub.secrets.token_bytes()
        assert len(hub.jobs()) == 1, "what is in the pool is used first"
    assert pool_of(tmp_path).bytes_left() == 1000 - 2 * 48


def test_with_a_pool_keys_are_made_out_of_it_unless_a_backend_is_named(tmp_path: Path) -> None:
    with Hub.open(with_pool(tmp_path)) as hub:
        key = hub.keygen("ed25519", allow_simulated=True)
        assert pool_of(tmp_path).bytes_left() == 1000 - 32
        assert key.receipt.sources[0].draw_id == hub.costs("run")[0].group
        hub.keygen("ed25519", backend="local:stim", allow_simulated=True)
        assert pool_of(tmp_path).bytes_left() == 1000 - 32


def test_a_pool_that_cannot_be_filled_says_why(tmp_path: Path) -> None:
    adapter = ScriptedAdapter({"device": Script(offline=True)}, FrozenClock())
    values = with_pool(tmp_path, backend=[{"address": "scripted:device"}], policy={"fallback": "hardware-only"})
    with (
        Hub.open(values, adapters=[adapter]) as hub,
        pytest.raises(PoolEmptyError, match=r"refill failed.*offline"),
    ):
        hub.secrets.token_bytes()


def test_a_pool_without_the_systems_entropy_takes_two_words(tmp_path: Path) -> None:
    unmixed = {"bytes": 64, "mix_os_entropy": False}
    with pytest.raises(ConfigError, match=r"restored copy of a pool.*pool.allow_unmixed"):
        Hub.open(with_pool(tmp_path, request=unmixed))
    known = bytes(range(100))
    key_source = KeyFile(tmp_path / "key")
    Pool.open(tmp_path / "pool", key_source=key_source).add(known, draw_id="x", origin="simulator", credited_bits=0)
    values = with_pool(tmp_path, request=unmixed, pool={"allow_unmixed": True, "low_water_bytes": 1})
    with Hub.open(values) as hub:
        expected = Drbg(lambda count: known[:count], personalization=b"qrng_hub").random_bytes(32)
        assert hub.secrets.token_bytes() == expected


def test_marks_of_a_pool_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="low_water_bytes is 2,000, above high_water_bytes, 1,000"):
        Hub.open(with_pool(tmp_path, pool={"low_water_bytes": 2000}))
