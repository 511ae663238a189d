"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from platformdirs import user_state_path

from qrng_hub.errors import ConfigError, LedgerError

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
        raise ConfigError(f"{folder} cannot be written: {error.strerror}; choose another place") from error


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

    An earlier file is replaced when the block ends well, once the new one is on the disk, and kept if it raises. A
    link is followed, and what is not a plain file, such as a device or a stream, is written to as it stands. Raises
    `ConfigError` before the block runs if the place cannot be written.
    """
    try:
        temporary, file = _open_stream(Path(path)) or _open_beside(Path(os.path.realpath(path)))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; choose another place") from error
    try:
        with file:
            yield file
            file.flush()
            if temporary:
                sync(file.fileno())
        if temporary:
            temporary.replace(os.path.realpath(path))
    except BaseException:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise


def is_plain(path: Path) -> bool:
    """Whether a path is a plain file's, or will be; not that of a device, nor what stands for an open file."""
    return not path.exists() or (path.is_file() and not is_open_file(path))


def is_open_file(path: str | Path) -> bool:
    """Whether a path stands for a file that a process has open, as /dev/stdin does; /dev/shm holds plain files."""
    return _OPEN_FILE.match(str(path)) is not None


def _open_stream(path: Path) -> tuple[None, BinaryIO] | None:
    """Opens what is not a plain file, or stands for an open one as /dev/stdout does; None for any other path."""
    if not is_plain(path):
        return None, os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb")
    return None


def _open_beside(path: Path) -> tuple[Path, BinaryIO]:
    """Opens a file that may take the place of `path`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    return Path(temporary), os.fdopen(descriptor, "wb")


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
        raise ConfigError(f"{path} cannot be locked: {error.strerror}; delete it, or choose another place") from error
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
