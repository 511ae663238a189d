"""What a pool promises while nothing breaks: every byte once, in order, with its source."""

import hmac
import json
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pools import a_draw, a_pool, known_bytes, require_each_once
from qrng_hub.delivery.keys import Seed
from qrng_hub.delivery.pool import KeyFile, Pool
from qrng_hub.delivery.pool.keys import PoolKeys
from qrng_hub.delivery.pool.marker import SealedMarker
from qrng_hub.errors import ConfigError, PoolEmptyError, PoolError, PoolIntegrityError, RequestError

KNOWN = known_bytes(200_000)


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    pool = a_pool(tmp_path)
    pool.add(KNOWN, draw_id="known", origin="hardware", credited_bits=8 * len(KNOWN))
    return pool


def test_hands_out_what_was_put_in_once_and_in_order(pool: Pool) -> None:
    sizes = (1, 31, 65_536, 65_535, 1, 3, 68_893)
    assert b"".join(pool.take_unmixed(size).data for size in sizes) == KNOWN
    assert pool.bytes_left() == 0


def test_says_which_bytes_of_which_draw_they_are(tmp_path: Path) -> None:
    pool = a_pool(tmp_path)
    pool.add_draw(a_draw(KNOWN[:70_000], "one"))
    pool.add_draw(a_draw(KNOWN[70_000:70_100], "two"))
    pool.take(10)
    taken = pool.take_with_sources(70_000)
    assert [(one.draw_id, one.offset, one.length) for one in taken.sources] == [("one", 10, 69_990), ("two", 0, 10)]
    assert [one.credited_bits for one in taken.sources] == [8 * 69_990, 80]


def test_mixes_with_the_operating_system_unless_the_other_method_is_called(pool: Pool) -> None:
    assert KNOWN.find(pool.take(64)) == -1
    assert KNOWN.find(pool.take_with_sources(64).data) == -1
    assert pool.take_unmixed(64).data == KNOWN[128:192], "a mixed take uses up as many bytes"


def test_hands_out_nothing_if_there_is_too_little_and_says_what_to_do(pool: Pool) -> None:
    pool.take(199_000)
    with pytest.raises(
        PoolEmptyError, match=r"1,000 bytes left, and 1,001 were asked for.*`qrng pool fill 1`"
    ) as caught:
        pool.take(1_001)
    assert caught.value.bytes_left == 1_000
    assert pool.take_unmixed(1_000).data == KNOWN[199_000:]


@pytest.mark.parametrize("count", [0, -1, True, 1.0])
def test_refuses_a_count_that_is_none(pool: Pool, count: Any) -> None:
    with pytest.raises(RequestError, match="hands out 1 byte or more"):
        pool.take(count)


def test_credit_is_shared_in_proportion_and_rounded_down(tmp_path: Path) -> None:
    pool = a_pool(tmp_path)
    pool.add(KNOWN[:100], draw_id="known", origin="mixed", credited_bits=401.9)
    assert pool.status().credited_bits_left == 401
    parts = [pool.take_with_sources(count).sources[0].credited_bits for count in (33, 33)]
    assert parts == [132, 132]  # floor(401 * 33 / 100)
    assert pool.status().credited_bits_left == 136  # floor(401 * 34 / 100)
    assert sum(parts) + 136 <= 401


def test_shares_of_many_blocks_never_add_up_to_more_than_the_credit(tmp_path: Path) -> None:
    pool = a_pool(tmp_path)
    pool.add(KNOWN, draw_id="known", origin="hardware", credited_bits=1_000_003)
    assert 1_000_000 <= pool.status().credited_bits_left <= 1_000_003
    shares = [pool.take_with_sources(9_999).sources[0].credited_bits for _ in range(20)]
    assert max(shares) <= 1_000_003 * 9_999 // len(KNOWN)
    assert sum(shares) + pool.status().credited_bits_left <= 1_000_003


@pytest.mark.parametrize(
    ("data", "origin", "credited", "complaint"),
    [
        (b"", "hardware", 0, "there are no bytes"),
        (b"12", "hardware", 17, "2 bytes cannot be credited with 17 bits"),
        (b"12", "hardware", -1, "cannot be credited"),
        (b"12", "hardware", float("nan"), "cannot be credited"),
        (b"12", "simulator", 1, "bytes of a simulator are credited with no bits"),
    ],
)
def test_refuses_bytes_whose_credit_cannot_be(
    tmp_path: Path, data: bytes, origin: Any, credited: float, complaint: str
) -> None:
    with pytest.raises(RequestError, match=complaint):
        a_pool(tmp_path).add(data, draw_id="known", origin=origin, credited_bits=credited)


def test_status_says_what_is_left(pool: Pool, tmp_path: Path) -> None:
    pool.add(KNOWN[:100], draw_id="two", origin="simulator", credited_bits=0)
    pool.set_low_water(200_050)
    assert not pool.status().is_low
    pool.take(65_586)
    status = a_pool(tmp_path).status()
    assert (status.bytes_left, status.blocks) == (134_514, 4)
    assert status.bytes_by_origin == {"hardware": 134_414, "simulator": 100}
    assert status.credited_bits_left == 8 * 134_414
    assert (status.low_water_bytes, status.is_low, status.key_place) == (200_050, True, "file")


@pytest.mark.parametrize("since", [Pool.rotate_key, Pool.salvage, Pool.drain, lambda pool: pool.take(200_000)])
def test_a_draw_enters_a_pool_once_for_good(pool: Pool, tmp_path: Path, since: Callable[[Pool], object]) -> None:
    since(pool)
    left = pool.bytes_left()
    program = "import sys; from pools import *; a_pool(Path(sys.argv[1])).add_draw(a_draw(b'abc', 'known'))"
    there = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(there, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert "draw known was put into this pool before" in done.stderr
    with pytest.raises(RequestError, match="draw known was put into this pool before"):
        a_pool(tmp_path).add_draw(a_draw(KNOWN[:16], "known"))
    assert pool.bytes_left() == left


def test_a_draw_enters_one_pool_and_makes_one_key(tmp_path: Path) -> None:
    draw = a_draw(KNOWN[:32])
    Pool.open(tmp_path / "a", key_source=KeyFile(tmp_path / "a.key")).add_draw(draw)
    other = Pool.open(tmp_path / "b", key_source=KeyFile(tmp_path / "b.key"))
    for use in (other.add_draw, Seed.of_draw):
        with pytest.raises(RequestError, match="its bytes are used once"):
            use(draw)
    assert other.bytes_left() == 0


def test_a_draw_that_could_not_be_put_in_can_be_put_in_later(pool: Pool) -> None:
    draw, listed = a_draw(KNOWN[:16]), pool.folder / "draws.log"
    text = listed.read_bytes()
    listed.unlink()
    with pytest.raises(PoolIntegrityError):
        pool.add_draw(draw)
    listed.write_bytes(text)
    pool.add_draw(draw)


def test_a_pool_of_the_first_format_begins_its_list_with_the_draws_that_are_left(pool: Pool, tmp_path: Path) -> None:
    """The first release wrote format 1, a marker without the list."""
    (pool.folder / "draws.log").unlink()
    sealed, keys = SealedMarker(pool.folder / "pool.json"), PoolKeys.derive(_key_of(tmp_path))
    fields = sealed.unverified.model_dump(mode="json", exclude={"draws_bytes", "draws_sha256"}) | {"format": 1}
    line = json.dumps(fields).encode()
    seal = hmac.digest(keys.marker, line, "sha256").hex().encode()
    (pool.folder / "pool.json").write_bytes(line + b"\n" + seal + b"\n")
    reopened = a_pool(tmp_path)
    with pytest.raises(RequestError, match="draw known was put into this pool before"):
        reopened.add(b"x", draw_id="known", origin="simulator", credited_bits=0)
    assert reopened.take_unmixed(16).data == KNOWN[:16]


def _key_of(folder: Path) -> bytes:
    return bytes.fromhex((folder / "pool.key").read_text().split()[1])


def test_drained_bytes_are_gone(pool: Pool) -> None:
    pool.take(70_000)
    assert (pool.drain(), pool.drain(), pool.bytes_left()) == (130_000, 0, 0)
    assert list(pool.folder.rglob("*.block")) == []
    pool.add(KNOWN[:16], draw_id="new", origin="hardware", credited_bits=0)
    assert pool.take_unmixed(16).data == KNOWN[:16]


def test_the_disk_holds_no_byte_in_clear_and_others_may_read_nothing(pool: Pool, tmp_path: Path) -> None:
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len([path for path in files if path.suffix == ".block"]) == 4
    for path in files:
        stored = path.read_bytes()
        assert not any(KNOWN[start : start + 8] in stored for start in range(0, 200_000, 65_536))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(pool.folder.stat().st_mode) == 0o700


def test_a_block_that_has_left_is_deleted(pool: Pool) -> None:
    pool.take(65_535)
    assert len(list(pool.folder.rglob("*.block"))) == 4
    pool.take(1)
    assert len(list(pool.folder.rglob("*.block"))) == 3


def test_every_block_has_its_own_nonce(tmp_path: Path) -> None:
    pool = a_pool(tmp_path)
    for number in range(3):
        pool.add(KNOWN[:64], draw_id=str(number), origin="hardware", credited_bits=0)
    ciphertexts = {path.read_bytes().partition(b"\n")[2] for path in pool.folder.rglob("*.block")}
    assert len({text[:12] for text in ciphertexts}) == len({text[12:] for text in ciphertexts}) == 3


def test_the_marker_is_on_the_disk_before_a_byte_is_returned(pool: Pool) -> None:
    calls: list[str] = []

    def seen(_frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called.__module__ in ("fcntl", "posix"):
            calls.append(called.__name__)

    sys.setprofile(seen)
    try:
        pool.take_unmixed(16)
    finally:
        sys.setprofile(None)
    watched = [call for call in calls if call in ("flock", "fsync", "replace", "rename", "write")]
    assert watched == ["flock", "fsync", "replace", "fsync"], "the file, its name, and the folder that has the name"


def test_one_pool_serves_many_threads(pool: Pool) -> None:
    found: list[bytes] = []

    def take_some() -> None:
        found.extend(bytes(pool.take_unmixed(1_000 + number).data) for number in range(10))

    threads = [threading.Thread(target=take_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert require_each_once(KNOWN, found) == 6 * sum(range(1_000, 1_010)) == len(KNOWN) - pool.bytes_left()


def test_a_pool_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"there is no pool in .*: `qrng pool fill BYTES` makes one"):
        Pool.open_existing(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_open_pool_follows_its_folder_when_another_is_made_there(pool: Pool, tmp_path: Path) -> None:
    shutil.rmtree(pool.folder)
    with pytest.raises(PoolError, match=r"cannot be used, and handed nothing out: .*No such file"):
        pool.take(1)
    (tmp_path / "pool.key").unlink()
    a_pool(tmp_path).add(KNOWN[:16], draw_id="new", origin="hardware", credited_bits=0)
    assert pool.take_unmixed(16).data == KNOWN[:16]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/pool cannot be written: .*choose another place"):
        Pool.open(tmp_path / "file" / "pool", key_source=KeyFile(tmp_path / "key"))


def test_a_full_disk_loses_and_hands_out_nothing(pool: Pool) -> None:
    """A process that may not write, by a limit on its files, fails; the next one gets the bytes."""
    code = """
import resource, sys
from pathlib import Path
from qrng_hub.delivery.pool import KeyFile, Pool
from qrng_hub.errors import PoolError
folder = Path(sys.argv[1])
pool = Pool.open_existing(folder, key_source=KeyFile(folder.with_name("pool.key")))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
for call in (lambda: pool.take_unmixed(16), lambda: pool.add(b"new", draw_id="n", origin="mixed", credited_bits=0)):
    try:
        print(call())
    except PoolError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code, pool.folder], capture_output=True, text=True, timeout=60)
    assert done.stdout.count("and handed nothing out: the file would be larger than one may be") == 2, done.stderr
    assert pool.take_unmixed(16).data == KNOWN[:16]
    assert (pool.bytes_left(), pool.status().blocks) == (len(KNOWN) - 16, 4)


def test_no_repr_shows_a_byte_or_a_key(pool: Pool, tmp_path: Path) -> None:
    taken = pool.take_unmixed(16)
    shown = repr([pool, vars(pool), taken, pool.status(), KeyFile(tmp_path / "pool.key")])
    key = (tmp_path / "pool.key").read_text().split()[1]
    assert key not in shown
    assert repr(bytes.fromhex(key))[2:-1] not in shown
    assert bytes(taken.data).hex() not in shown
    assert repr(taken) == "<Taken: 16 bytes from 1 draw(s)>"
