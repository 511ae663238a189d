"""Whoever alters a pool's files is found out: nothing is handed out, and the error names the file and the cure."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from keyring.backends.null import Keyring as NullKeyring

from pools import a_pool, known_bytes
from qrng_hub.delivery.pool import KeyFile, KeyringEntry, Pool
from qrng_hub.errors import PoolFormatError, PoolIntegrityError, PoolKeyError

KNOWN = known_bytes(150_000)


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    pool = a_pool(tmp_path)
    pool.add(KNOWN, draw_id="known", origin="simulator", credited_bits=0)
    return pool


def block(pool: Pool, number: int) -> Path:
    return sorted(pool.folder.rglob("*.block"))[number]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def _flipped(pool: Pool) -> None:
    flip(block(pool, 1), 1_000)


def _flipped_tag(pool: Pool) -> None:
    flip(block(pool, 1), -1)


def _flipped_nonce(pool: Pool) -> None:
    flip(block(pool, 1), block(pool, 1).read_bytes().index(b"\n") + 1)


def _swapped(pool: Pool) -> None:
    one, other = block(pool, 0).read_bytes(), block(pool, 1).read_bytes()
    block(pool, 0).write_bytes(other)
    block(pool, 1).write_bytes(one)


def _relabelled(pool: Pool) -> None:
    block(pool, 1).write_bytes(block(pool, 1).read_bytes().replace(b'"simulator"', b'"hardware"', 1))


def _credited(pool: Pool) -> None:
    text = block(pool, 1).read_bytes()
    assert b'"credited_bits":0' in text
    block(pool, 1).write_bytes(text.replace(b'"credited_bits":0', b'"credited_bits":9', 1))


def _of_another_draw(pool: Pool) -> None:
    block(pool, 1).write_bytes(block(pool, 1).read_bytes().replace(b'"known"', b'"other"', 1))


def _cut(pool: Pool) -> None:
    os.truncate(block(pool, 1), 40_000)


def _emptied(pool: Pool) -> None:
    os.truncate(block(pool, 1), 0)


def _deleted(pool: Pool) -> None:
    block(pool, 1).unlink()


TAMPERINGS = (
    _flipped, _flipped_tag, _flipped_nonce, _swapped, _relabelled, _credited, _of_another_draw, _cut, _emptied,
    _deleted,
)  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_an_altered_block_is_named_and_nothing_is_handed_out(pool: Pool, tamper: Callable[[Pool], None]) -> None:
    tamper(pool)
    named = rf"block {0 if tamper is _swapped else 1} of the pool (was altered|is )"
    for call in (lambda: pool.take_unmixed(100_000), pool.rotate_key):
        with pytest.raises(PoolIntegrityError, match=named):
            call()
    status = pool.status()
    assert re.match(named, status.damaged[0])
    assert sum(status.bytes_by_origin.values()) == len(KNOWN) - len(status.damaged) * 65_536
    assert pool.bytes_left() == len(KNOWN)
    if tamper is not _swapped:
        assert pool.take_unmixed(65_536).data == KNOWN[:65_536], "the block before is as it was"
        with pytest.raises(PoolIntegrityError, match=named):
            pool.take(1)


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_the_blocks_that_can_be_read_are_salvaged(pool: Pool, tamper: Callable[[Pool], None]) -> None:
    pool.take(10)
    tamper(pool)
    lost = pool.salvage()
    assert [sentence.split(" of the pool")[0] for sentence in lost] == (
        ["block 0", "block 1"] if tamper is _swapped else ["block 1"]
    )
    rest = KNOWN[131_072:] if tamper is _swapped else KNOWN[10:65_536] + KNOWN[131_072:]
    assert pool.status().bytes_left == len(rest)
    taken = pool.take_unmixed(len(rest))
    assert taken.data == rest
    assert [(one.offset, one.length) for one in taken.sources][-1] == (131_072, 150_000 - 131_072)


def test_a_block_of_another_pool_is_refused_even_under_the_same_key(pool: Pool, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(pool.folder, other)
    pool.drain()
    pool.add(KNOWN[:1_000], draw_id="another", origin="simulator", credited_bits=0)
    assert block(pool, 0).name.endswith("03.block"), "numbers are not used again"
    shutil.copy(sorted(other.rglob("*.block"))[0], block(pool, 0))
    with pytest.raises(PoolIntegrityError, match=r"block 3 of the pool is block 0 of pool"):
        pool.take(1)


def test_a_block_that_was_put_back_is_not_handed_out_again(pool: Pool, tmp_path: Path) -> None:
    first = block(pool, 0)
    kept = first.read_bytes()
    taken = pool.take_unmixed(65_536).data
    first.write_bytes(kept)
    again = a_pool(tmp_path)
    assert again.take_unmixed(65_536).data == KNOWN[65_536:131_072] != taken
    assert not first.exists()


@pytest.mark.parametrize(("name", "value"), [("first_offset", 0), ("first_block", 0), ("bytes_left", 150_000)])
def test_an_edited_marker_is_refused(pool: Pool, name: str, value: int) -> None:
    pool.take(65_600)
    line, seal = (pool.folder / "pool.json").read_text().splitlines()
    (pool.folder / "pool.json").write_text(json.dumps(json.loads(line) | {name: value}) + f"\n{seal}\n")
    with pytest.raises(PoolIntegrityError, match=r"pool.json does not fit the key: .*altered"):
        pool.take(16)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": "x"}'])
def test_a_damaged_marker_is_refused(pool: Pool, text: str) -> None:
    (pool.folder / "pool.json").write_text(text)
    with pytest.raises(PoolIntegrityError, match=r"pool.json is damaged: delete the pool's folder"):
        pool.take(16)


def test_a_pool_without_its_marker_is_not_begun_anew(pool: Pool, tmp_path: Path) -> None:
    (pool.folder / "pool.json").unlink()
    with pytest.raises(PoolIntegrityError, match="nobody knows which bytes have left"):
        a_pool(tmp_path)


@pytest.mark.parametrize(("found", "cure"), [(3, "upgrade"), (0, "take or drain its bytes with that release")])
def test_a_format_of_another_release_is_refused_with_the_release_that_reads_it(
    pool: Pool, tmp_path: Path, found: int, cure: str
) -> None:
    (pool.folder / "pool.json").write_text(json.dumps({"format": found, "written_by": "9.8.7", "new": True}) + "\nseal")
    for call in (lambda: pool.take(1), lambda: a_pool(tmp_path)):
        with pytest.raises(PoolFormatError, match=rf"format {found} and was written by qrng-hub 9\.8\.7.*{cure}"):
            call()


def test_a_wrong_key_opens_nothing(pool: Pool, tmp_path: Path) -> None:
    name, key = (tmp_path / "pool.key").read_text().split()
    (tmp_path / "pool.key").write_text(f"{name} {'00' * 32}\n")
    with pytest.raises(PoolIntegrityError, match=r"pool.json does not fit the key") as caught:
        a_pool(tmp_path)
    assert key not in str(caught.value)


def test_a_missing_key_is_named(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "pool.key").unlink()
    with pytest.raises(PoolKeyError, match=r"pool.key does not exist for pool-\w+-1: bring it back"):
        a_pool(tmp_path)


@pytest.mark.parametrize("text", ["\xff", "name", "name 00", "name zz", "a b c"])
def test_a_damaged_key_file_is_refused_and_not_quoted(pool: Pool, tmp_path: Path, text: str) -> None:
    (tmp_path / "pool.key").write_text(text, encoding="latin-1")
    with pytest.raises(PoolKeyError, match=r"pool.key is damaged: bring it back from where you keep a copy$") as caught:
        a_pool(tmp_path)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o610])
def test_a_key_file_that_others_may_use_is_refused(pool: Pool, tmp_path: Path, mode: int) -> None:
    (tmp_path / "pool.key").chmod(mode)
    with pytest.raises(PoolKeyError, match=rf"has mode {mode:04o}.*chmod 600 it, then `qrng pool rotate-key`"):
        a_pool(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_key_file_of_somebody_else_is_refused(pool: Pool, tmp_path: Path) -> None:
    os.chown(tmp_path / "pool.key", 12_345, -1)
    with pytest.raises(PoolKeyError, match="belongs to user 12345, not to 0 who runs this: chown it"):
        a_pool(tmp_path)


def test_two_pools_do_not_share_a_key_file(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(PoolKeyError, match="holds the key of another pool: name another file"):
        Pool.open(tmp_path / "other", key_source=KeyFile(tmp_path / "pool.key"))


def test_a_rotated_key_keeps_the_rest_and_closes_earlier_copies(pool: Pool, tmp_path: Path) -> None:
    other = Pool.open_existing(pool.folder, key_source=KeyFile(tmp_path / "pool.key"))
    pool.take(70_000)
    shutil.copytree(pool.folder, tmp_path / "copy")
    pool.rotate_key()
    assert other.status().key_generation == 2, "another process's pool finds the new key"
    with pytest.raises(PoolKeyError, match=r"has no key for pool-\w+-1"):
        Pool.open(tmp_path / "copy", key_source=KeyFile(tmp_path / "pool.key"))
    assert sorted(path.name for path in pool.folder.iterdir()) == ["blocks-2", "draws.log", "lock", "pool.json"]
    taken = other.take_unmixed(80_000)
    assert taken.data == KNOWN[70_000:]
    assert [(one.draw_id, one.offset, one.length) for one in taken.sources] == [("known", 70_000, 80_000)]


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that forgets everything with the test."""

    priority = 5

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def test_a_key_is_kept_in_the_keyring_if_there_is_a_usable_one(memory: MemoryKeyring, tmp_path: Path) -> None:
    pool = Pool.open(tmp_path / "pool")
    pool.add(KNOWN, draw_id="known", origin="simulator", credited_bits=0)
    (((service, before), _),) = memory.entries.items()
    assert (service, before.startswith("pool-"), (tmp_path / "pool.key").exists()) == ("qrng-hub", True, False)
    pool.rotate_key()
    assert list(memory.entries) == [("qrng-hub", before[:-1] + "2")]
    assert Pool.open_existing(tmp_path / "pool").take_unmixed(16).data == KNOWN[:16]
    keyring.set_keyring(NullKeyring())  # type: ignore[no-untyped-call]
    with pytest.raises(PoolKeyError, match="the keyring has no entry qrng-hub / pool-"):
        Pool.open_existing(tmp_path / "pool")


def test_without_a_usable_keyring_the_key_is_in_a_file_beside_the_folder(memory: MemoryKeyring, tmp_path: Path) -> None:
    keyring.set_keyring(NullKeyring())  # type: ignore[no-untyped-call]
    Pool.open(tmp_path / "pool").add(KNOWN, draw_id="known", origin="simulator", credited_bits=0)
    assert (tmp_path / "pool.key").exists()
    keyring.set_keyring(memory)
    assert Pool.open(tmp_path / "pool").take_unmixed(16).data == KNOWN[:16], "a keyring that came later changes nothing"
    assert memory.entries == {}


def test_a_keyring_that_keeps_nothing_is_found_out_before_anything_is_put_in(
    memory: MemoryKeyring, tmp_path: Path
) -> None:
    keyring.set_keyring(NullKeyring())  # type: ignore[no-untyped-call]
    with pytest.raises(PoolKeyError, match="does not keep what it is given: use a key file"):
        Pool.open(tmp_path / "pool", key_source=KeyringEntry())
    assert not (tmp_path / "pool" / "pool.json").exists()


def test_a_list_of_draws_that_was_altered_lets_nothing_in_and_everything_out(pool: Pool, tmp_path: Path) -> None:
    listed = pool.folder / "draws.log"
    for tamper in (lambda: listed.write_bytes(b'"other"\n'), listed.unlink):
        tamper()
        with pytest.raises(PoolIntegrityError, match=r"draws\.log.*is missing or altered, and nothing more is put in"):
            a_pool(tmp_path).add(b"x", draw_id="known", origin="simulator", credited_bits=0)
    assert pool.take_unmixed(16).data == KNOWN[:16]
