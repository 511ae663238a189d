"""Outputs too large to hold in memory: written piece by piece, to a file that goes on after a kill or to a stream."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Literal

import click

from qrng_hub.cli.output import ENCODERS, open_output
from qrng_hub.clock import SystemClock
from qrng_hub.delivery.pieces import Piece, PieceOrigin
from qrng_hub.delivery.resumable import ResumableFile, Wanted, part_of, resumable
from qrng_hub.errors import LedgerError
from qrng_hub.files import is_plain
from qrng_hub.hub import Hub
from qrng_hub.records import GeneratorSeed, OutputReceipt, common_origin

_DIGEST_FROM_BYTES = 32
#: what a generator takes to be reseeded
_RESEED_BYTES = 32
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
    """Where the pieces come from; writes the signed receipt of each draw as it comes, one a line.

    Of a generator it writes that of the whole output, when it is there.
    """

    hub: Hub
    receipts: BinaryIO | None
    source: PieceSource
    draws: int = 0
    credited_bits: float = 0.0
    origins: set[str] = field(default_factory=set)
    seeds: list[GeneratorSeed] = field(default_factory=list)
    last: str = ""

    def add(self, piece: PieceOrigin) -> None:
        if piece.draw_id == self.last:
            return
        self.last = piece.draw_id
        self.draws += 1
        self.credited_bits += piece.credited_bits
        self.origins.add(piece.origin)
        if self.receipts is None:
            return
        if self.source == "drbg":
            size, said = self.hub.receipt(piece.draw_id).bytes, piece.model_dump(include={*PieceOrigin.model_fields})
            self.seeds.append(GeneratorSeed(bytes=size, **said))
            return
        self.receipts.write(self.hub.signed_receipt(piece.draw_id).model_dump_json().encode() + b"\n")

    def finish(self, count: int, sha256: str) -> None:
        """Writes the receipt of the whole output of a generator, signed."""
        if self.receipts is None or self.source == "draws":
            return
        from qrng_hub.signing import OUTPUT_DOMAIN, receipt_keys, signed  # loads cryptography

        receipt = OutputReceipt(
            created_utc=SystemClock().now(),
            code_version=version("qrng-hub"),
            bytes=count,
            sha256=sha256 if count >= _DIGEST_FROM_BYTES else None,
            seeds=tuple(self.seeds),
            reseeds=sum(seed.bytes == _RESEED_BYTES for seed in self.seeds),
            origin=common_origin(seed.origin for seed in self.seeds),
            credited_bits=min(8.0 * count, math.fsum(seed.credited_bits for seed in self.seeds)),
        )
        self.receipts.write(signed(receipt.model_dump_json(), receipt_keys().current(), OUTPUT_DOMAIN).text())

    def summary(self, count: int) -> str:
        origins, credited = " and ".join(sorted(self.origins)), f"{self.credited_bits:,.0f} bits credited"
        if self.source == "draws":
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
    hub.pieces(count, source=source, backend=backend)  # refuses before a file is made
    open_receipts = open_output(receipt_path, default=None, force=force or _is_unfinished(out))
    with open_receipts as receipts, _sink(hub, out, wanted, stdout, force=force) as sink:
        account = _Account(hub, receipts if receipt_path else None, source)
        resumed, digest = sink.bytes_done > 0, hashlib.sha256()
        for earlier in sink.written():
            account.add(earlier)
        with click.progressbar(length=count, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            bar.update(sink.bytes_done)

            def store(piece: Piece) -> None:
                is_last = sink.bytes_done + len(piece.data) == count
                sink.append(encoder.body(piece.data) + (encoder.end if is_last else b""), piece)

            left = count - sink.bytes_done
            for piece in hub.pieces(left, source=source, backend=backend, deliver=store) if left else ():
                account.add(piece)
                digest.update(piece.data)
                bar.update(len(piece.data))
        account.finish(count, _digest_of(str(out), count) if resumed and receipt_path else digest.hexdigest())
        sink.finish()
    click.echo(f"qrng: {account.summary(count)}", err=True)


def _digest_of(out: str, count: int) -> str:
    """Reads again what an earlier process wrote of an output."""
    from qrng_hub.verification import digests_of

    return digests_of(out, [count])[0].sha256


def _is_unfinished(out: str | None) -> bool:
    """Whether the same command goes on with an output, whose receipts are then written anew from its beginning."""
    return out is not None and part_of(Path(out)).exists()


def _is_recorded(hub: Hub, draw_id: str) -> bool:
    """Whether a draw has its receipt."""
    try:
        hub.receipt(draw_id)
    except LedgerError:
        return False
    return True


@contextmanager
def _sink(
    hub: Hub, out: str | None, wanted: Wanted, stdout: BinaryIO, *, force: bool
) -> Iterator[ResumableFile | _Stream]:
    start = ENCODERS[wanted.encoding].start(wanted.bytes)
    if out is None or out == "-":
        stdout.write(start)
        yield _Stream(stdout)
    elif out and is_plain(Path(out)):
        with resumable(Path(out), wanted, start, partial(_is_recorded, hub), force=force) as resumed:
            try:
                yield resumed
            except KeyboardInterrupt:
                click.echo(f"qrng: {out}.part is kept, and the same command goes on with it", err=True)
                raise
    else:
        with open_output(out) as file:
            file.write(start)
            yield _Stream(file)
