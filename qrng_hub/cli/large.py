"""Outputs too large to hold in memory: written piece by piece, to a file that goes on after a kill or to a stream."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import click

from qrng_hub.cli.output import ENCODERS, open_output
from qrng_hub.delivery.pieces import Piece, PieceOrigin
from qrng_hub.delivery.resumable import ResumableFile, Wanted, part_of, resumable
from qrng_hub.files import is_plain
from qrng_hub.hub import Hub

PieceSource = Literal["draws", "drbg"]


@dataclass(slots=True)
class _Stream:
    """What nobody can go on with: a pipe, a terminal, a device."""

    file: BinaryIO
    bytes_done: int = 0

    def append(self, encoded: bytes, piece: Piece) -> None:
        self.file.write(encoded)
        self.file.flush()
        self.bytes_done += len(piece.data)

    def written(self) -> Iterator[PieceOrigin]:
        return iter(())

    def finish(self) -> None:
        """Leaves the stream as it is."""


@dataclass(slots=True)
class _Account:
    """Where the pieces come from; writes the signed receipt of each draw as it comes, one a line."""

    hub: Hub
    receipts: BinaryIO | None
    draws: int = 0
    credited_bits: float = 0.0
    origins: set[str] = field(default_factory=set)
    last: str = ""

    def add(self, piece: PieceOrigin) -> None:
        if piece.draw_id == self.last:
            return
        self.last = piece.draw_id
        self.draws += 1
        self.credited_bits += piece.credited_bits
        self.origins.add(piece.origin)
        if self.receipts:
            self.receipts.write(self.hub.signed_receipt(piece.draw_id).model_dump_json().encode() + b"\n")

    def summary(self, count: int, source: PieceSource) -> str:
        origins, credited = " and ".join(sorted(self.origins)), f"{self.credited_bits:,.0f} bits credited"
        if source == "draws":
            return f"{count:,} bytes in {self.draws:,} draw(s): {origins}, {credited}"
        return (
            f"{count:,} bytes of a generator (CTR_DRBG with AES-256) that {self.draws:,} draw(s) seeded: {origins},"
            f" {credited} to the seed(s), and no more to all these bytes together"
        )


def write_large(
    hub: Hub,
    count: int,
    source: PieceSource,
    backend: str | None,
    encoding: str,
    out: str | None,
    receipt_path: str | None,
    stdout: BinaryIO,
    *,
    force: bool,
) -> None:
    """Writes `count` bytes piece by piece, and their receipts, one a line; says on stderr where they come from."""
    encoder, wanted = ENCODERS[encoding], Wanted(bytes=count, encoding=encoding, source=source)
    pieces = partial(hub.pieces, source=source, backend=backend)
    pieces(count)  # refuses before a file is made
    open_receipts = open_output(receipt_path, default=None, force=force or _is_unfinished(out))
    with open_receipts as receipts, _sink(out, wanted, stdout, force=force) as sink:
        account = _Account(hub, receipts if receipt_path else None)
        for earlier in sink.written():
            account.add(earlier)
        with click.progressbar(length=count, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            bar.update(sink.bytes_done)
            for piece in pieces(count - sink.bytes_done) if sink.bytes_done < count else ():
                is_last = sink.bytes_done + len(piece.data) == count
                sink.append(encoder.body(piece.data) + (encoder.end if is_last else b""), piece)
                account.add(piece)
                bar.update(len(piece.data))
        sink.finish()
    click.echo(f"qrng: {account.summary(count, source)}", err=True)


def _is_unfinished(out: str | None) -> bool:
    """Whether the same command goes on with an output, whose receipts are then written anew from its beginning."""
    return out is not None and part_of(Path(out)).exists()


@contextmanager
def _sink(out: str | None, wanted: Wanted, stdout: BinaryIO, *, force: bool) -> Iterator[ResumableFile | _Stream]:
    start = ENCODERS[wanted.encoding].start(wanted.bytes)
    if out is None or out == "-":
        stdout.write(start)
        yield _Stream(stdout)
    elif out and is_plain(Path(out)):
        with resumable(Path(out), wanted, start, force=force) as resumed:
            try:
                yield resumed
            except KeyboardInterrupt:
                click.echo(f"qrng: {out}.part is kept, and the same command goes on with it", err=True)
                raise
    else:
        with open_output(out) as file:
            file.write(start)
            yield _Stream(file)
