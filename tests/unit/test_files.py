import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import pytest

from qrng_hub.delivery.pieces import Piece
from qrng_hub.delivery.resumable import Wanted, resumable
from qrng_hub.errors import ConfigError, DiskFullError, LedgerError
from qrng_hub.files import claimed, write_new_private, write_private
from qrng_hub.signing.keys import ReceiptKeys


def test_a_file_is_its_owner_s_alone_and_replaced_whole(tmp_path: Path) -> None:
    path = write_private(tmp_path / "deep" / "key", b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no such folder here")
def test_a_file_in_shared_memory_is_replaced_whole_as_any_other() -> None:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        path = write_private(Path(folder) / "prices.toml", b"one")
        write_private(path, b"two")
        assert path.read_bytes() == b"two"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/key cannot be written: .*choose another place"):
        write_private(tmp_path / "file" / "key", b"")


def test_a_claim_leaves_no_file_behind_and_harms_none(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(RuntimeError), claimed(lock, "it"):
        raise RuntimeError
    assert not lock.exists()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    lock.symlink_to(victim)
    with pytest.raises(ConfigError, match="cannot be locked"), claimed(lock, "it"):
        pass
    assert victim.read_text() == "precious"


def test_a_claim_on_a_file_that_its_holder_deleted_is_none(tmp_path: Path) -> None:
    """Many threads claim one file again and again: who opened it before its holder deleted it must look again."""
    inside, most = 0, 0

    def claim(_number: int) -> None:
        nonlocal inside, most
        with suppress(LedgerError), claimed(tmp_path / "lock", "it"):
            inside += 1
            most = max(most, inside)
            sleep(0)
            inside -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(claim, range(4000)))
    assert most == 1


WRITER = """
import sys
from qrng_hub.files import private_file
with private_file(sys.argv[1]) as file:
    file.write(b"secret")
    file.flush()
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="every file of this system has a name")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("earlier", [None, b"earlier"])
def test_a_writer_that_is_killed_leaves_nothing(tmp_path: Path, number: int, earlier: bytes | None) -> None:
    place = tmp_path / "out" / "key"
    if earlier:
        write_private(place, earlier)
    command = [sys.executable, "-c", WRITER, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"written\n"
        process.send_signal(number)
        assert process.wait(60) == -number
    assert {path: path.read_bytes() for path in place.parent.iterdir()} == ({place: earlier} if earlier else {})


@pytest.mark.parametrize("named", [True, False])
def test_files_are_written_alike_where_they_must_have_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    if named:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    write_new_private(tmp_path / "new", b"one")
    with pytest.raises(FileExistsError):
        write_new_private(tmp_path / "new", b"two")
    write_private(tmp_path / "old", b"one")
    write_private(tmp_path / "old", b"two")
    (tmp_path / "link").symlink_to("old")
    write_private(tmp_path / "link", b"three")
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {"new": b"one", "old": b"three", "link": b"three"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert (tmp_path / "link").is_symlink()


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Stands for a disk with so much space."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_for_which_there_is_no_space_leaves_the_earlier_one(tmp_path: Path) -> None:
    write_private(tmp_path / "file", b"earlier")
    said = r"file cannot be written: .*; what was there before is as it was"
    with files_of_at_most(1000), pytest.raises(DiskFullError, match=said):
        write_private(tmp_path / "file", bytes(100_000))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"earlier"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_a_full_disk_is_said_to_be_full() -> None:
    with pytest.raises(DiskFullError, match=r"^/dev/full cannot be written: the disk is full; it has what was written"):
        write_private("/dev/full", b"bytes")


def test_a_key_for_which_there_is_no_space_is_not_there_in_part(tmp_path: Path) -> None:
    with files_of_at_most(10), pytest.raises(DiskFullError, match=r"receipt-key.pem cannot be written: .*; nothing is"):
        ReceiptKeys(tmp_path).current()
    assert list(tmp_path.iterdir()) == []


def test_a_large_file_for_which_there_is_no_space_goes_on_later(tmp_path: Path) -> None:
    path, wanted = tmp_path / "large", Wanted(bytes=200_000, encoding="raw", source="draws")
    piece = Piece(data=bytes(100_000), draw_id="d", origin="simulator", credited_bits=0)
    said = r"large cannot be written: .*; what it has stays, and the same command goes on from there$"
    with files_of_at_most(10), pytest.raises(DiskFullError, match=said), resumable(path, wanted, b"head"):
        pass
    with resumable(path, wanted, b"") as file:
        file.append(piece.data, piece)
    with files_of_at_most(150_000), pytest.raises(DiskFullError, match=said), resumable(path, wanted, b"") as file:
        file.append(piece.data, piece)
    with resumable(path, wanted, b"") as file:
        assert file.bytes_done == 100_000
        file.append(piece.data, piece)
        file.finish()
    assert [one.stat().st_size for one in tmp_path.iterdir()] == [200_000]
