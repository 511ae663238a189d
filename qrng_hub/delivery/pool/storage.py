"""Files that survive the end of the power, leave no bytes behind, and are worked on by one at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qrng_hub.errors import PoolError
from qrng_hub.files import sync

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
#: A fork waits for it: a child that is born during the work would hold its parent's locks for as long as it lives.
#: Reentrant, since a keyring that is asked during the work may fork.
no_fork = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=no_fork.acquire, after_in_parent=no_fork.release, after_in_child=no_fork.release)


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Lets one thread of one process into the block at a time, and no fork happen during it.

    The operating system lets go of the lock when the process ends, however it ends. Raises `PoolError`
    where files cannot be locked.
    """
    with no_fork:
        descriptor = open_lock(lock)
        try:
            _flock(descriptor, blocking=True)
            yield
        finally:
            os.close(descriptor)


def open_lock(lock: Path) -> int:
    """Opens a file to lock, making it; returns its descriptor."""
    return os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)


def try_lock(descriptor: int) -> bool:
    """Locks an open file until it is closed or the process ends; returns whether no other process holds it."""
    try:
        _flock(descriptor, blocking=False)
    except BlockingIOError:
        return False
    return True


def _flock(descriptor: int, *, blocking: bool) -> None:
    try:
        import fcntl
    except ModuleNotFoundError:
        raise PoolError("a pool needs the file locks of a POSIX system, and this one has none") from None
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))


def write_durably(path: Path, data: bytes) -> None:
    """Writes a file of mode 0600 in the place of any other; its name is durable after `sync_folder`."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, _NEW_FILE, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        sync(file.fileno())


def append_durably(path: Path, data: bytes, at: int) -> None:
    """Writes data at a place in a file of mode 0600, made if need be, and ends the file there; durable on return."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600), "r+b") as file:
        file.truncate(at)
        file.seek(at)
        file.write(data)
        file.flush()
        sync(file.fileno())
    sync_folder(path.parent)


def replace_durably(path: Path, data: bytes) -> None:
    """Replaces a file by another of mode 0600, whole or not at all; the new one is durable on return."""
    temporary = path.with_name(f".{path.name}.new")
    write_durably(temporary, data)
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def erase(path: Path) -> None:
    """Overwrites a file with zeros and deletes it, as far as that can be done: file systems and disks keep copies."""
    with suppress(OSError), path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        sync(file.fileno())
    with suppress(OSError):
        path.unlink()
