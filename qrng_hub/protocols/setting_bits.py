"""Where the settings of a certified run come from: the operating system, or a file of random bytes.

Never a seeded generator: whoever knows the seed of one knows every setting. A file may be the record of a public
beacon, or what a device gave; every bit of it is used once, which the ledger keeps count of.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from stat import S_ISREG

import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Packed
from qrng_hub.errors import RequestError
from qrng_hub.records import Record


class BitRange(Record):
    """Bits of a file, from the first on that is counted in `start` to before the one counted in `end`."""

    path: str
    start: int
    end: int

    def read(self) -> Packed:
        """Reads them as packed bytes; raises `RequestError` if the file does not hold them any more."""
        return np.packbits(_bits_of(Path(self.path), self.start, self.end))


class SettingBits(ABC):
    """A source of settings; each bit is given once."""

    description: str

    @abstractmethod
    def take(self, count: int) -> Packed:
        """Returns that many zeros and ones, uint8 of shape (count,); raises `RequestError` if there are not so many."""

    def below(self, limit: int) -> int:
        """Returns a whole number from 0 to below `limit`, each alike if the bits are uniform."""
        width = (limit - 1).bit_length()
        while True:
            number = int(self.take(width) @ (1 << np.arange(width)))
            if number < limit:
                return number

    def choose(self, count: int, total: int) -> npt.NDArray[np.int64]:
        """Chooses `count` different numbers from 0 to below `total`, every set of so many alike (Fisher and Yates)."""
        order = np.arange(total)
        for index in range(count):
            other = index + self.below(total - index)
            order[[index, other]] = order[[other, index]]
        return order[:count]


class OperatingSystemBits(SettingBits):
    """The operating system's generator."""

    description = "the operating system's generator"

    def __init__(self) -> None:
        self._left = np.zeros(0, np.uint8)

    def take(self, count: int) -> Packed:
        """Returns fresh bits."""
        if self._left.size < count:
            more = np.unpackbits(np.frombuffer(os.urandom(max(4096, -(-count // 8))), np.uint8))
            self._left = np.concatenate([self._left, more])
        given, self._left = self._left[:count], self._left[count:]
        return given


class FileBits(SettingBits):
    """The bits of a file, from the first one that was not used before.

    Raises `RequestError` for what cannot be read or is no plain file: the bits of a pipe cannot be counted.
    """

    def __init__(self, path: Path, start: int) -> None:
        self._path, self._start, self._at = path, start, start
        self.description = f"the file {path.name}, a source of the user's choosing"
        self._size = _size_of(path)

    @property
    def used(self) -> BitRange:
        """The bits given so far."""
        return BitRange(path=str(self._path), start=self._start, end=self._at)

    def take(self, count: int) -> Packed:
        """Returns the next bits."""
        taken = self.reserve(count)
        return _bits_of(self._path, taken.start, taken.end)

    def reserve(self, count: int) -> BitRange:
        """Sets the next bits aside, to be read later; raises as `take`."""
        if self._at + count > self._size:
            raise RequestError(
                f"{self._path} has {self._size:,} bits, of which {self._at:,} are used, and {count:,} more are "
                "needed: give a longer file, of bits that were never used"
            )
        self._at += count
        return BitRange(path=str(self._path), start=self._at - count, end=self._at)


def _size_of(path: Path) -> int:
    try:
        found = path.stat()
    except OSError as error:
        raise RequestError(f"the settings cannot be read from {path}: {error.strerror}") from error
    if not S_ISREG(found.st_mode):
        raise RequestError(f"the settings cannot be read from {path}: it is no plain file, whose bits can be counted")
    return 8 * found.st_size


def _bits_of(path: Path, start: int, end: int) -> Packed:
    try:
        with path.open("rb") as file:
            file.seek(start // 8)
            data = file.read(-(-end // 8) - start // 8)
    except OSError as error:
        raise RequestError(f"the settings cannot be read from {path}: {error.strerror}") from error
    bits = np.unpackbits(np.frombuffer(data, np.uint8))[start % 8 :][: end - start]
    if bits.size != end - start:
        raise RequestError(f"{path} does not hold the bits {start:,} to {end:,} any more, which were set aside")
    return bits
