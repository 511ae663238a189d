"""Seeds of the extractions out of an earlier draw that serves nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

from qrng_hub.errors import ConfigError
from qrng_hub.ledger import Ledger
from qrng_hub.protocols import OSSeeds, SeedSource
from qrng_hub.records import SeedDraw


class EarlierDraw:
    """The bytes of an earlier draw; the ledger says which of them are used up, in whatever process.

    Raises `ConfigError` unless the file holds the very output of that draw, and `LedgerError` if there is no
    such draw.
    """

    def __init__(self, ledger: Ledger, seed: SeedDraw) -> None:
        self._ledger, self._draw_id = ledger, seed.draw
        receipt = ledger.receipt(seed.draw)
        self.origin = f"draw {seed.draw} ({receipt.origin}), each byte of which is a seed once"
        if receipt.sha256 is None:
            raise ConfigError(
                f"request.seed: draw {seed.draw} is of {receipt.bytes} bytes, too few for a seed, which takes thousands"
            )
        self._data = _read(Path(seed.file), receipt.bytes)
        if hashlib.sha256(self._data).hexdigest() != receipt.sha256:
            raise ConfigError(
                f"request.seed: {seed.file} is not what draw {seed.draw} gave: its SHA-256 is another. It has to hold"
                " the bytes as such, which --format raw writes"
            )

    def __call__(self, count: int) -> bytes:
        """Returns the next bytes, and uses them up before; raises `LedgerError` if fewer are left."""
        start = self._ledger.spend(self._draw_id, count, len(self._data))
        return self._data[start : start + count]

    def require(self, count: int) -> None:
        """Raises `LedgerError` if fewer bytes are left."""
        self._ledger.require_unspent(self._draw_id, count, len(self._data))


def _read(path: Path, most: int) -> bytes:
    """Reads a file once: what was compared with the receipt is what is used, whoever writes to the file."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"request.seed: {path} is no plain file")
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise ConfigError(f"request.seed: {path} cannot be read: {error.strerror}") from error


def seeds_of(ledger: Ledger, seed: SeedDraw | None) -> SeedSource:
    """Returns what a request asks for; raises as `EarlierDraw` does."""
    return OSSeeds() if seed is None else EarlierDraw(ledger, seed)
