"""A file that is written piece by piece and goes on where it was after the process was killed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import ValidationError

from qrng_hub.delivery.pieces import Piece, PieceOrigin
from qrng_hub.errors import ConfigError
from qrng_hub.files import claimed, exposed, reason, require_new, saying_if_full, sync
from qrng_hub.records import Record


class Wanted(Record):
    """What a file is to hold; the first line of its `.part`."""

    version: Literal[1] = 1
    bytes: int
    encoding: str
    source: str


class Written(PieceOrigin):
    """A piece that is in the file: another line of its `.part`."""

    bytes_done: int
    """The bytes of the output up to its end, before they are encoded."""
    position: int
    """Where in the file it ends."""


class ResumableFile:
    """The file, whose pieces are on the disk before `FILE.part` says so: what it does not say is made anew."""

    def __init__(self, path: Path, part: Path, file: BinaryIO, lines: BinaryIO, bytes_done: int) -> None:
        self.path, self._part = path, part
        self._file, self._lines = file, lines
        self.bytes_done = bytes_done

    def append(self, encoded: bytes, piece: Piece) -> None:
        """Writes a piece, in the form in which it stands in the file."""
        self._file.write(encoded)
        _flush(self._file)
        self.bytes_done += len(piece.data)
        written = Written(
            draw_id=piece.draw_id,
            origin=piece.origin,
            credited_bits=piece.credited_bits,
            bytes_done=self.bytes_done,
            position=self._file.tell(),
        )
        _append(self._lines, written)

    def written(self) -> Iterator[Written]:
        """Reads what is said of every piece, also of those of earlier processes."""
        with self._part.open("rb") as lines:
            lines.readline()
            for line in lines:
                yield Written.model_validate_json(line)

    def finish(self) -> None:
        """Deletes `FILE.part`: the file is whole."""
        self._part.unlink()


def part_of(path: Path) -> Path:
    """Names the file beside an output that says how far it is."""
    path = Path(os.path.realpath(path))
    return path.with_name(f"{path.name}.part")


@contextmanager
def resumable(
    path: Path, wanted: Wanted, start: bytes, is_recorded: Callable[[str], bool] = lambda _draw: True, *,
    force: bool = False,
) -> Iterator[ResumableFile]:  # fmt: skip
    """Opens a new file of mode 0600, which begins with `start`, or goes on with one of which there is a `.part`.

    A last piece whose draw is not on record as delivered, since a kill came between, is taken out and made anew.

    Raises `ConfigError` for a place that cannot be written, a file that is there whole unless `force` says to
    replace it, or a `.part` that does not fit; `LedgerError` while another process writes the file; `DiskFullError`.
    """
    path = Path(os.path.realpath(path))
    part = part_of(path)
    with claimed(path.with_name(f".{path.name}.lock"), str(path)):
        last = _last_written(part, wanted, is_recorded) if part.exists() else None
        if not part.exists():
            require_new(path, force=force)
        kept = "what it has stays, and the same command goes on from there"
        with saying_if_full(path, kept), _opened(part) as lines, _opened(path) as file:
            if last is None:
                _begin(file, lines, start, wanted)
            else:
                _go_on(path, part, file, last)
            lines.seek(0, os.SEEK_END)
            yield ResumableFile(path, part, file, lines, last.bytes_done if last else 0)


def _begin(file: BinaryIO, lines: BinaryIO, start: bytes, wanted: Wanted) -> None:
    lines.truncate(0)
    _append(lines, wanted)
    file.truncate(0)
    file.write(start)
    file.flush()


def _go_on(path: Path, part: Path, file: BinaryIO, last: Written) -> None:
    if path.stat().st_size < last.position:
        raise ConfigError(f"{path} is shorter than {part.name} says: delete both to begin anew")
    file.truncate(last.position)
    file.seek(last.position)


def _last_written(part: Path, wanted: Wanted, is_recorded: Callable[[str], bool]) -> Written | None:
    """Reads how far the file is, and cuts off a line that a kill left torn, or whose draw it left unrecorded.

    Returns None if no piece is in the file.
    """
    whole, last = 0, None
    before: tuple[int, Written | None] = (0, None)
    with _opened(part) as lines:
        for number, line in enumerate(lines):
            if not line.endswith(b"\n"):
                break
            before, whole = (whole, last), whole + len(line)
            try:
                if number:
                    last = Written.model_validate_json(line)
                elif Wanted.model_validate_json(line) != wanted:
                    raise ConfigError(f"{part} is of another output ({line.decode().strip()}): repeat the command that"
                                      " began it, or delete it and its file")  # fmt: skip
            except ValidationError:
                raise ConfigError(f"{part} is damaged: delete it and its file to begin anew") from None
        if last is not None and not is_recorded(last.draw_id):
            whole, last = before
        lines.truncate(whole)
    return last


def _opened(path: Path) -> BinaryIO:
    """Opens a file of its owner's alone, and no link: what somebody else has laid there is not gone on with."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        file = os.fdopen(os.open(path, flags, 0o600), "r+b")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {reason(error)}; choose another place") from error
    if how := exposed(os.fstat(file.fileno())):
        file.close()
        raise ConfigError(f"{path} {how}, or choose another place")
    return file


def _append(lines: BinaryIO, record: Record) -> None:
    lines.write(record.model_dump_json().encode() + b"\n")
    lines.flush()


def _flush(file: BinaryIO) -> None:
    file.flush()
    sync(file.fileno())
