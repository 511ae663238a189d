"""Whether a folder is on a network file system, as mountinfo of proc(5) says."""

from pathlib import Path

import pytest

from pools import a_pool
from qrng_hub import mounts
from qrng_hub.clock import SystemClock
from qrng_hub.errors import NetworkFolderWarning
from qrng_hub.ledger import open_ledger
from qrng_hub.mounts import network_file_system

LINES = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /home rw,relatime - nfs4 host:/home rw,vers=4.2
31 30 254:1 / /home/ann/local rw,relatime master:2 propagate_from:3 - xfs /dev/vdb rw
32 22 0:26 / /mnt/two\040words\011and\134more rw - fuse.sshfs ann@host: rw
33 22 0:27 / /srv rw - cifs //host/share rw
34 33 254:2 / /srv rw - ext4 /dev/vdc rw
35 22 0:28 / /mnt/c rw - 9p C: rw
36 22 0:29 / /mnt/d rw - smb3 //host/d rw
a line that is none
37 22 0:30 / /nfs rw - tmpfs nfs rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib", None),
        ("/home/ann/state", "nfs4"),
        ("/home/ann/local/state", None),
        ("/home/ann/local2", "nfs4"),
        ("/homes", None),
        ("/mnt/two words\tand\\more/x", "fuse.sshfs"),
        ("/srv/x", None),  # what was mounted there later is what is seen
        ("/mnt/c/Users", "9p"),
        ("/mnt/d", "smb3"),
        ("/nfs/x", None),
    ],
)
def test_the_innermost_and_latest_mount_decides(folder: str, kind: str | None) -> None:
    assert network_file_system(Path(folder), LINES) == kind


def test_a_ledger_and_a_pool_on_a_network_folder_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(f"30 22 0:25 / {tmp_path.resolve()} rw - nfs4 host:/ rw\n")
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "mountinfo")
    with pytest.warns(NetworkFolderWarning, match=r"the ledger sqlite:.* network file system \(nfs4\).*PostgreSQL"):
        open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", SystemClock()).close()
    with pytest.warns(NetworkFolderWarning, match=r"the pool .* network file system \(nfs4\)"):
        a_pool(tmp_path / "folder")


def test_without_mountinfo_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "none")
    open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", SystemClock()).close()
