"""Which file systems folders are on, as Linux says in /proc/self/mountinfo: some are other hosts' (proc(5))."""

from __future__ import annotations

import os
import re
from pathlib import Path

from qrng_hub.callers import warn
from qrng_hub.errors import NetworkFolderWarning

#: of these, locks, memory that processes share, or fsync may mean nothing
_NETWORK = re.compile(r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|lustre|fuse\.(sshfs|glusterfs|ceph|rclone|s3fs|cifs)")
_MOUNTS = Path("/proc/self/mountinfo")


def network_file_system(folder: Path, mounts: str) -> str | None:
    r"""Returns the type of the network file system that a folder is on, by the text of mountinfo; None if on none.

    >>> line = r"36 35 0:41 / /mnt/my\040home rw,relatime shared:1 - nfs4 host:/home rw"
    >>> network_file_system(Path("/mnt/my home/state"), line)
    'nfs4'
    """
    found, depth = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")  # between the two are fields of any number
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = Path(_unescaped(fields[4]))
        if folder.is_relative_to(point) and len(point.parts) >= depth:  # of two at one point the later one is seen
            found, depth = _unescaped(after.split(" ")[0]), len(point.parts)
    return found if _NETWORK.fullmatch(found) else None


def warn_of_network(folder: Path, what: str, cure: str) -> None:
    """Warns, with `NetworkFolderWarning`, of something in a folder of a network file system; elsewhere says nothing."""
    try:
        mounts = os.fsdecode(_MOUNTS.read_bytes())
    except OSError:  # no Linux
        return
    if kind := network_file_system(Path(os.path.realpath(folder)), mounts):
        said = f"{what} is on a network file system ({kind}), where locks of files and durable writes may not hold"
        warn(f"{said}: {cure}", NetworkFolderWarning)


def _unescaped(field: str) -> str:
    """Reads the octal escapes of a space, a tab, a line's end and a backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
