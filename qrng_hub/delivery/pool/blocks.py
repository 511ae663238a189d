"""Blocks of a pool: one file each, sealed with AES-256-GCM (NIST SP 800-38D) under a random nonce of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from pydantic import ValidationError

from qrng_hub.delivery.pool.keys import PoolKeys
from qrng_hub.delivery.pool.records import PoolSource
from qrng_hub.delivery.pool.storage import sync_folder, write_durably
from qrng_hub.errors import PoolIntegrityError
from qrng_hub.records import CommonOrigin, Record

#: Small, since a block is decrypted whole whatever is taken from it, and deleted when all of it has left.
BLOCK_BYTES = 65_536
_NONCE_BYTES = 12


class BlockHeader(Record):
    """What a block is; it stands in clear before the ciphertext and is authenticated with it."""

    format: int = 1
    pool_id: str
    number: int
    bytes: int
    draw_id: str
    draw_offset: int
    """Where in what the draw put in the block begins, in bytes."""
    origin: CommonOrigin
    credited_bits: int

    def source(self, start: int, end: int) -> PoolSource:
        """Says where bytes `start` to `end` of the block come from."""
        return PoolSource(
            draw_id=self.draw_id,
            offset=self.draw_offset + start,
            length=end - start,
            origin=self.origin,
            credited_bits=self.credited_bits * (end - start) // self.bytes,
        )


def block_path(folder: Path, number: int) -> Path:
    """Returns the file of a block."""
    return folder / f"{number:012d}.block"


def number_of(path: Path) -> int | None:
    """Returns the number of a block's file; None for any other file."""
    return int(path.stem) if path.suffix == ".block" and path.stem.isdecimal() else None


def split(whole: BlockHeader, data: bytes) -> Iterator[tuple[BlockHeader, bytes]]:
    """Cuts bytes into blocks, numbered from that of `whole` on, each with its share of the credit."""
    for index, start in enumerate(range(0, len(data), BLOCK_BYTES)):
        part = data[start : start + BLOCK_BYTES]
        credited = whole.source(start, start + len(part)).credited_bits
        described = {"number": whole.number + index, "bytes": len(part), "draw_offset": start}
        yield whole.model_copy(update=described | {"credited_bits": credited}), part


def seal_all(folder: Path, blocks: Iterator[tuple[BlockHeader, bytes]], keys: PoolKeys) -> int:
    """Writes blocks, durably, into a folder that it makes if need be; returns how many."""
    folder.mkdir(mode=0o700, exist_ok=True)
    count = 0
    for header, data in blocks:
        line, nonce = header.model_dump_json().encode(), os.urandom(_NONCE_BYTES)
        sealed = keys.blocks.encrypt(nonce, data, line)
        write_durably(block_path(folder, header.number), line + b"\n" + nonce + sealed)
        count += 1
    sync_folder(folder)
    return count


def unseal(folder: Path, pool_id: str, number: int, keys: PoolKeys) -> tuple[BlockHeader, bytes]:
    """Reads a block; raises `PoolIntegrityError`, which names it, if it is missing, altered or not this one."""
    path = block_path(folder, number)
    try:
        line, _, sealed = path.read_bytes().partition(b"\n")
        data = keys.blocks.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], line)
        header = BlockHeader.model_validate_json(line)
    except FileNotFoundError:
        raise UnreadableBlockError(number, path, "is missing") from None
    except (InvalidTag, ValidationError, ValueError):
        raise UnreadableBlockError(number, path, "was altered or cut, or sealed with another key") from None
    if (header.pool_id, header.number, header.bytes) != (pool_id, number, len(data)):
        raise UnreadableBlockError(number, path, f"is block {header.number} of pool {header.pool_id}")
    return header, data


class UnreadableBlockError(PoolIntegrityError):
    """A block that cannot be read; `problem` says so without what to do."""

    def __init__(self, number: int, path: Path, what: str) -> None:
        self.problem = f"block {number} of the pool {what}"
        super().__init__(
            f"{self.problem}, and nothing was handed out: bring back {path}, or give up what cannot be read with"
            " `qrng pool salvage`"
        )
