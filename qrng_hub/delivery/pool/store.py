"""A pool of delivered bytes: encrypted at rest, safe for threads, forks and processes; each byte leaves once.

The marker that says what has left is replaced durably before any byte is returned: what a crash
catches in between is lost, and is never handed out again. A backup or a snapshot of the folder holds
the old marker with the old blocks, and whoever restores it hands the same bytes out again: drain a
restored pool, or rotate its key before, which makes earlier copies unreadable (docs/pool.md).
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from qrng_hub.delivery.mixing import mix_with_os
from qrng_hub.delivery.pool.blocks import (
    BlockHeader,
    UnreadableBlockError,
    block_path,
    number_of,
    seal_all,
    split,
    unseal,
)
from qrng_hub.delivery.pool.entered import EnteredDraws
from qrng_hub.delivery.pool.keys import KEY_BYTES, KeySource, PoolKeys, default_key_source, key_name, key_source_at
from qrng_hub.delivery.pool.marker import Marker, SealedMarker, write_marker
from qrng_hub.delivery.pool.records import PoolStatus, Taken, merged
from qrng_hub.delivery.pool.storage import erase, exclusive
from qrng_hub.errors import PoolEmptyError, PoolError, PoolIntegrityError, PoolKeyError, RequestError
from qrng_hub.files import alterable, reason, require_writable_folder, state_folder
from qrng_hub.integers import whole
from qrng_hub.mounts import warn_of_network
from qrng_hub.records import CommonOrigin, Draw, Origin


def default_folder() -> Path:
    """Returns the folder of the user's own pool."""
    return state_folder() / "pool"


class Pool:
    """An open pool; every call looks at the files afresh, so that any number of processes may share one."""

    def __init__(self, folder: Path, key_source: KeySource) -> None:
        self.folder = folder
        self._key_source = key_source
        self._keys: tuple[str, PoolKeys] | None = None
        warn_of_network(folder, f"the pool {folder}", "choose a folder on a local disk")
        with self._held() as (marker, keys):
            self._sweep(marker)
            if marker.draws_bytes is None:
                self._list_draws(marker, keys)

    @classmethod
    def open(cls, folder: str | Path | None = None, *, key_source: KeySource | None = None) -> Self:
        """Opens the pool in a folder, by default `pool` in the state folder, and makes it if there is none.

        A new key is kept in the keyring if that has a usable backend, else in a file of mode 0600 beside the
        folder, unless `key_source` says where. Raises `ConfigError` for a folder that cannot be written,
        `PoolKeyError`, `PoolIntegrityError` or `PoolFormatError`.
        """
        path = _absolute(folder)
        require_writable_folder(path)
        with _translated(path), exclusive(path / "lock"):
            if not _marker_path(path).exists():
                _make(path, key_source or default_key_source(_key_path(path)))
        return cls.open_existing(path, key_source=key_source)

    @classmethod
    def open_existing(cls, folder: str | Path | None = None, *, key_source: KeySource | None = None) -> Self:
        """Opens a pool likewise, and raises `PoolError` if there is none."""
        path = _absolute(folder)
        if not _marker_path(path).exists():
            raise PoolError(f"there is no pool in {path}: `qrng pool fill BYTES` makes one")
        with _translated(path):
            place = SealedMarker(_marker_path(path)).unverified.key_place
        return cls(path, key_source or key_source_at(place, _key_path(path)))

    def add_draw(self, draw: Draw) -> None:
        """Puts the bytes of a draw in, as its receipt describes them; use them nowhere else.

        Raises as `add` does, and for a draw that this process has put into another pool or made a key of.
        """
        receipt = draw.receipt
        with draw.spent():
            self.add(draw.data, draw_id=receipt.draw_id, origin=receipt.origin, credited_bits=receipt.credit.bits)

    def add(self, data: bytes, *, draw_id: str, origin: CommonOrigin, credited_bits: float) -> None:
        """Puts bytes in, durably; use them nowhere else.

        `credited_bits` is the min-entropy credited to all of them, of which every part gets its share. Raises
        `RequestError` if there are no bytes, the credit is more than their bits or not of hardware, or the draw was
        ever put in before; `PoolIntegrityError` if the list of those that were is missing or altered.
        """
        credited = _whole_credit(len(data), origin, credited_bits)
        with self._held() as (marker, keys):
            entered = EnteredDraws(self.folder, marker)
            entered.require_new(draw_id)
            self._sweep(marker)
            template = BlockHeader(
                pool_id=marker.pool_id,
                number=marker.next_block,
                bytes=len(data),
                draw_id=draw_id,
                draw_offset=0,
                origin=origin,
                credited_bits=credited,
            )
            try:
                blocks = seal_all(self._blocks(marker), split(template, data), keys)
            except BaseException:
                self._sweep(marker)
                raise
            added = {"next_block": marker.next_block + blocks, "bytes_left": marker.bytes_left + len(data)}
            self._write(marker.model_copy(update=added | entered.enter([draw_id])), keys)

    def take(self, count: int) -> bytearray:
        """Hands out `count` bytes, XORed with as many of the operating system's; overwrite them after use.

        Raises `PoolEmptyError`, and hands out none, if fewer are left; `PoolIntegrityError`, naming the block,
        if one was altered.
        """
        return self.take_with_sources(count).data

    def take_with_sources(self, count: int) -> Taken:
        """Hands out bytes as `take` does, with where they come from."""
        taken = self.take_unmixed(count)
        return Taken(bytearray(mix_with_os(bytes(taken.data))), taken.sources)

    def take_unmixed(self, count: int) -> Taken:
        """Hands out bytes as they were put in, with nothing of the operating system's; raises as `take` does.

        The sharp tool: who could read the bytes on their way, as a vendor can, knows them, and a pool that was
        restored from a copy hands them out again.
        """
        count = whole(count, "a pool hands out 1 byte or more", 1)
        with self._held() as (marker, keys):
            if count > marker.bytes_left:
                raise _too_few(self.folder, count, marker.bytes_left)
            taken, end = self._cut(marker, keys, count)
            self._write(end, keys)
            for number in range(marker.first_block, end.first_block):
                erase(block_path(self._blocks(marker), number))
        return taken

    def bytes_left(self) -> int:
        """Returns how many bytes are left."""
        with self._held() as (marker, _):
            return marker.bytes_left

    def status(self) -> PoolStatus:
        """Reads and authenticates every block and says what is left, and which blocks cannot be read."""
        origins: Counter[CommonOrigin] = Counter()
        damaged: list[str] = []
        with self._held() as (marker, keys):
            headers = [header for header, _ in self._readable(marker, keys, damaged)]
        for header in headers:
            origins[header.origin] += header.bytes
        return PoolStatus(
            folder=str(self.folder),
            blocks=len(_live(marker)),
            bytes_by_origin=dict(origins),
            credited_bits_left=sum(header.credited_bits for header in headers),
            damaged=tuple(damaged),
            **marker.model_dump(include=_SHOWN),
        )

    def set_low_water(self, low_water_bytes: int) -> None:
        """Records below how many bytes the pool is to be filled."""
        low_water_bytes = whole(low_water_bytes, "a low-water mark is of 0 bytes or more", 0)
        with self._held() as (marker, keys):
            if low_water_bytes != marker.low_water_bytes:
                self._write(marker.model_copy(update={"low_water_bytes": low_water_bytes}), keys)

    def drain(self) -> int:
        """Destroys everything that is left, as far as disks do; returns how many bytes that was."""
        with self._held() as (marker, keys):
            emptied = marker.model_copy(update={"first_block": marker.next_block, "first_offset": 0, "bytes_left": 0})
            self._write(emptied, keys)
            self._sweep(emptied)
        return marker.bytes_left

    def rotate_key(self) -> None:
        """Encrypts what is left under a new key and deletes the old one: copies made before are unreadable.

        Raises `PoolIntegrityError`, and changes nothing, if a block cannot be read, and `PoolKeyError` if the new key
        cannot be kept or the old one not be deleted.
        """
        with self._held() as (marker, keys):
            self._reencrypt(marker, (self._rest(marker, keys, number) for number in _live(marker)))

    def salvage(self) -> tuple[str, ...]:
        """Gives up the blocks that cannot be read, and encrypts the others under a new key; names those given up."""
        lost: list[str] = []
        with self._held() as (marker, keys):
            self._reencrypt(marker, self._readable(marker, keys, lost))
        return tuple(lost)

    def __repr__(self) -> str:
        return f"<Pool {self.folder}>"

    @contextmanager
    def _held(self) -> Iterator[tuple[Marker, PoolKeys]]:
        """Gives the marker and the keys, to this thread of this process alone."""
        with _translated(self.folder), exclusive(self.folder / "lock"):
            if how := alterable(self.folder.stat()):
                raise PoolIntegrityError(f"the pool {self.folder} {how}, or choose another folder")
            sealed = SealedMarker(_marker_path(self.folder))
            keys = self._keys_of(sealed.unverified)
            yield sealed.verified(keys), keys

    def _keys_of(self, marker: Marker) -> PoolKeys:
        name = key_name(marker.pool_id, marker.key_generation)
        if self._keys is None or self._keys[0] != name:
            self._keys = name, PoolKeys.derive(self._key_source.load(name))
        return self._keys[1]

    def _cut(self, marker: Marker, keys: PoolKeys, count: int) -> tuple[Taken, Marker]:
        """Reads the next bytes; returns them, and the marker of when they have left."""
        data, sources = bytearray(), []
        number, offset = marker.first_block, marker.first_offset
        while len(data) < count:
            header, block = unseal(self._blocks(marker), marker.pool_id, number, keys)
            end = min(header.bytes, offset + count - len(data))
            data += block[offset:end]
            sources.append(header.source(offset, end))
            number, offset = (number + 1, 0) if end == header.bytes else (number, end)
        left = {"first_block": number, "first_offset": offset, "bytes_left": marker.bytes_left - count}
        return Taken(data, merged(sources)), marker.model_copy(update=left)

    def _rest(self, marker: Marker, keys: PoolKeys, number: int) -> tuple[BlockHeader, bytes]:
        """Reads what is left of a block, as a block of its own."""
        header, data = unseal(self._blocks(marker), marker.pool_id, number, keys)
        offset = marker.first_offset if number == marker.first_block else 0
        rest = header.source(offset, header.bytes)
        described = {"bytes": rest.length, "draw_offset": rest.offset, "credited_bits": rest.credited_bits}
        return header.model_copy(update=described), data[offset:]

    def _readable(self, marker: Marker, keys: PoolKeys, damaged: list[str]) -> Iterator[tuple[BlockHeader, bytes]]:
        """Reads what is left, and puts into `damaged` what is wrong with the blocks that cannot be read."""
        for number in _live(marker):
            try:
                yield self._rest(marker, keys, number)
            except UnreadableBlockError as error:
                damaged.append(error.problem)

    def _reencrypt(self, marker: Marker, blocks: Iterator[tuple[BlockHeader, bytes]]) -> None:
        self._sweep(marker)
        generation, key = marker.key_generation + 1, os.urandom(KEY_BYTES)
        keys, turned = PoolKeys.derive(key), marker.model_copy(update={"key_generation": generation})
        left = 0

        def renumbered() -> Iterator[tuple[BlockHeader, bytes]]:
            nonlocal left
            for number, (header, data) in enumerate(blocks, start=marker.first_block):
                left += header.bytes
                yield header.model_copy(update={"number": number}), data

        count = seal_all(self._blocks(turned), renumbered(), keys)
        self._key_source.store(key_name(marker.pool_id, generation), key)
        place = {"first_offset": 0, "next_block": marker.first_block + count, "bytes_left": left}
        turned = turned.model_copy(update=place | {"key_place": self._key_source.place})
        self._write(turned, keys)
        self._sweep(turned)
        self._forget_keys(turned)

    def _list_draws(self, marker: Marker, keys: PoolKeys) -> None:
        """Begins the list of draws of a pool of an earlier release with those of which something is left."""
        left = [header.draw_id for header, _ in self._readable(marker, keys, [])]
        self._write(marker.model_copy(update=EnteredDraws(self.folder, marker).enter(left)), keys)

    def _forget_keys(self, marker: Marker) -> None:
        """Deletes the keys of the generations before, also the one that an earlier rotation may have left."""
        try:
            for generation in range(max(marker.key_generation - 2, 1), marker.key_generation):
                self._key_source.forget(key_name(marker.pool_id, generation))
        except PoolKeyError as error:
            raise PoolKeyError(f"the pool has a new key, but the old one could not be deleted: {error}") from error

    def _sweep(self, marker: Marker) -> None:
        """Erases what an interrupted call left: blocks that have all left, or were never counted in."""
        for folder in self.folder.glob("blocks-*"):
            live = _live(marker) if folder == self._blocks(marker) else range(0)
            for path in folder.glob("*.block"):
                if number_of(path) not in live:
                    erase(path)
            if not live:
                with suppress(OSError):  # somebody keeps something else there
                    folder.rmdir()

    def _write(self, marker: Marker, keys: PoolKeys) -> None:
        write_marker(_marker_path(self.folder), marker, keys)

    def _blocks(self, marker: Marker) -> Path:
        return self.folder / f"blocks-{marker.key_generation}"


_SHOWN = {"pool_id", "created_utc", "bytes_left", "low_water_bytes", "key_place", "key_generation"}


def _make(folder: Path, key_source: KeySource) -> None:
    """Makes an empty pool with a key of its own."""
    if any(folder.glob("blocks-*")):
        raise PoolIntegrityError(
            f"{_marker_path(folder)} is missing, and without it nobody knows which bytes have left: bring it back,"
            " or delete the folder to give up what is in it"
        )
    pool_id, key = os.urandom(8).hex(), os.urandom(KEY_BYTES)
    key_source.store(key_name(pool_id, 1), key)
    marker = Marker(
        written_by="",
        pool_id=pool_id,
        created_utc=datetime.now(UTC),
        key_place=key_source.place,
        key_generation=1,
        draws_bytes=0,
    )
    write_marker(_marker_path(folder), marker, PoolKeys.derive(key))


def _live(marker: Marker) -> range:
    """The numbers of the blocks of which something is left."""
    return range(marker.first_block, marker.next_block)


def _whole_credit(count: int, origin: CommonOrigin, credited_bits: float) -> int:
    if not count:
        raise RequestError("there are no bytes to put into the pool")
    if not 0 <= credited_bits <= 8 * count:
        raise RequestError(f"{count} bytes cannot be credited with {credited_bits} bits")
    if origin not in ("hardware", "mixed") and credited_bits:
        raise RequestError(f"bytes of {Origin(origin).noun} are credited with no bits")
    return math.floor(credited_bits)


def _too_few(folder: Path, count: int, left: int) -> PoolEmptyError:
    return PoolEmptyError(
        f"the pool {folder} has {left:,} bytes left, and {count:,} were asked for; none was handed out: fill it with"
        f" `qrng pool fill {count - left}` or more",
        left,
    )


def _absolute(folder: str | Path | None) -> Path:
    return default_folder().absolute() if folder is None else Path(folder).absolute()


def _marker_path(folder: Path) -> Path:
    return folder / "pool.json"


def _key_path(folder: Path) -> Path:
    """Beside the folder and not in it: a copy of the folder does not take the key along."""
    return folder.with_name(f"{folder.name}.key")


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PoolError(f"the pool {folder} cannot be used, and handed nothing out: {reason(error)}") from error
