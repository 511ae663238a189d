import stat
from pathlib import Path

import pytest

from qrng_hub.errors import ConfigError
from qrng_hub.files import write_private


def test_a_file_is_its_owner_s_alone_and_replaced_whole(tmp_path: Path) -> None:
    path = write_private(tmp_path / "deep" / "key", b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/key cannot be written: .*choose another place"):
        write_private(tmp_path / "file" / "key", b"")
