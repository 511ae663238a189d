"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from platformdirs import user_state_path

from qrng_hub.errors import ConfigError, DiskFullError, LedgerError, QRNGError

_WITHOUT_SPACE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of disk space is used up",
    errno.EFBIG: "the file would be larger than one may be here",
}

_OPEN_FILE = re.compile(r"/dev/(std(in|out|err)$|fd/)|/proc/")


def state_folder() -> Path:
    """Returns the folder for the ledger, receipts and raw outcomes: $QRNG_STATE_DIR or the user's own.

    Raises `ConfigError` where there is no such variable and the user has no home folder.
    """
    chosen = os.environ.get("QRNG_STATE_DIR")
    try:
        return Path(chosen) if chosen else user_state_path("qrng_hub", appauthor=False)
    except RuntimeError as error:
        raise ConfigError("no home folder is known: set QRNG_STATE_DIR to a folder for the ledger and keys") from error


def exposed(found: os.stat_result) -> str | None:
    """Says why a file of that status is not for whoever runs this alone, and the cure; None if it is.

    Where files have no owners and modes (Windows) nothing is said.
    """
    return _open_to_others(found, 0o077, "use it: chmod 600 it")


def alterable(found: os.stat_result) -> str | None:
    """Says likewise why others may change a file, or what is in a folder; they may read it."""
    return _open_to_others(found, 0o022, "change it: chmod go-w it")


def _open_to_others(found: os.stat_result, what: int, cure: str) -> str | None:
    if not hasattr(os, "geteuid"):
        return None
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}, not to {os.geteuid()} who runs this: chown it"
    mode = stat.S_IMODE(found.st_mode)
    return f"has mode {mode:04o}, so that others may {cure}" if mode & what else None


def require_writable_folder(folder: Path) -> None:
    """Makes a folder, mode 0700, and raises `ConfigError` if no file can be made in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {reason(error)}; choose another place") from error


def require_writable(path: str | Path) -> None:
    """Raises `ConfigError` if `private_file` could not write there; leaves what is there as it is."""
    try:
        with private_file(path):
            raise _AbandonedError
    except _AbandonedError:
        return


def require_new(path: str | Path, *, force: bool = False) -> None:
    """Raises `ConfigError` if a plain file is there that would be replaced, unless that is what is wanted."""
    if not force and Path(path).exists() and is_plain(Path(path)):
        raise ConfigError(f"{path} is there already: choose another name, or replace it with --force")


class _AbandonedError(Exception):
    """Ends a file that is not to be written after all."""


def write_private(path: str | Path, data: bytes) -> Path:
    """Writes a file of mode 0600 at once; raises as `private_file` does."""
    with private_file(path) as file:
        file.write(data)
    return Path(path)


@contextmanager
def private_file(path: str | Path) -> Iterator[BinaryIO]:
    """Opens a file of mode 0600 for writing, whole or not at all; makes its folder, mode 0700.

    An earlier file is replaced when the block ends well, once the new one is on the disk, and kept if it raises. Until
    then the new one has no name, where the system has such files, so that not even a kill leaves it behind. A
    link is followed, and what is not a plain file, such as a device or a stream, is written to as it stands. Raises
    `ConfigError` before the block runs if the place cannot be written, and `DiskFullError` for want of space.
    """
    try:
        draft = _draft(Path(os.path.realpath(path))) if is_plain(Path(path)) else None
        file = draft.file if draft else _open_stream(Path(path))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {reason(error)}; choose another place") from error
    kept = "what was there before is as it was" if draft else "it has what was written before"
    try:
        with saying_if_full(path, kept), file:
            yield file
            file.flush()
            if draft:
                sync(file.fileno())
                draft.put(Path(os.path.realpath(path)))
    finally:
        if draft:
            draft.discard()


def write_new_private(path: Path, data: bytes) -> None:
    """Writes such a file where there is none; raises `FileExistsError` if there is, and likewise."""
    try:
        draft = _draft(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {reason(error)}; choose another place") from error
    try:
        with saying_if_full(path, "nothing is there"), draft.file as file:
            file.write(data)
            file.flush()
            sync(file.fileno())
            draft.link(path)
    finally:
        draft.discard()


def reason(error: OSError) -> str:
    """Says in words why a file cannot be written or read."""
    return _WITHOUT_SPACE.get(error.errno or 0) or error.strerror or str(error)


@contextmanager
def saying_if_full(path: str | Path, kept: str) -> Iterator[None]:
    """Raises `DiskFullError`, which says what was kept, where the block has no space to write a file in."""
    try:
        yield
    except OSError as error:
        if error.errno not in _WITHOUT_SPACE or isinstance(error, QRNGError):
            raise
        raise DiskFullError(f"{path} cannot be written: {reason(error)}; {kept}") from error


def is_plain(path: Path) -> bool:
    """Whether a path is a plain file's, or will be; not that of a device, nor what stands for an open file."""
    return not path.exists() or (path.is_file() and not is_open_file(path))


def is_open_file(path: str | Path) -> bool:
    """Whether a path stands for a file that a process has open, as /dev/stdin does; /dev/shm holds plain files."""
    return _OPEN_FILE.match(str(path)) is not None


def _open_stream(path: Path) -> BinaryIO:
    """Opens what is not a plain file, or stands for an open one as /dev/stdout does."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb")


@dataclass(slots=True)
class _Draft:
    """An open file that is to be put into a place; until then it has no name, or a hidden one."""

    file: BinaryIO
    hidden: Path | None

    def link(self, place: Path) -> None:
        """Gives it that name; raises `FileExistsError` if there is a file of it."""
        if self.hidden is not None:
            os.link(self.hidden, place)
            return
        folder = os.open(place.parent, os.O_RDONLY)
        try:  # the folder has no other use than that Python then follows the link to the file
            os.link(f"/proc/self/fd/{self.file.fileno()}", place, src_dir_fd=folder)
        finally:
            os.close(folder)

    def put(self, place: Path) -> None:
        """Puts it in the place of whatever is there."""
        if self.hidden is None:
            try:
                return self.link(place)
            except FileExistsError:
                hidden = place.with_name(f".{uuid.uuid4().hex}")
                self.link(hidden)
                self.hidden = hidden
        self.hidden.replace(place)
        return None

    def discard(self) -> None:
        """Deletes it unless it was put somewhere."""
        self.file.close()
        if self.hidden is not None:
            self.hidden.unlink(missing_ok=True)


def _draft(place: Path) -> _Draft:
    """Opens a file of mode 0600 that may take a place, without a name where the file system and /proc allow it."""
    folder = place.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").is_dir():
        with suppress(OSError):  # of many kinds; whatever else is wrong, the next try says
            descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            return _Draft(os.fdopen(descriptor, "wb"), None)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{place.name}.")
    return _Draft(os.fdopen(descriptor, "wb"), Path(temporary))


def sync(descriptor: int) -> None:
    """Waits until an open file or folder is on the disk; on macOS fsync() only hands it to the disk."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


@contextmanager
def claimed(path: Path, what: str) -> Iterator[None]:
    """Holds a file locked while the block runs, or until the process ends; raises `LedgerError` if another holds it.

    The file is deleted at the end, and stays where the process is killed. Processes of one host see one another's
    claims; without locks of files (Windows) nobody's are seen. Raises `ConfigError` if it cannot be made.
    """
    require_writable_folder(path.parent)
    try:
        descriptor = _claim(path)
    except BlockingIOError:
        raise LedgerError(f"another process is working on {what}: wait for it, or end it first") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be locked: {reason(error)}; delete it, or choose another place") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is locked: whoever waits for this file finds it gone
        os.close(descriptor)


def _claim(path: Path) -> int:
    """Opens and locks a file, and no link; raises `BlockingIOError` if another process holds it."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ModuleNotFoundError:
            return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # who held it deleted it in the meantime, and others may hold another by now
