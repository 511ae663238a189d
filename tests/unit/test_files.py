import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import pytest

from qrng_hub.errors import ConfigError, LedgerError
from qrng_hub.files import claimed, write_private


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
