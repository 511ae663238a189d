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
        self._ledger, self._draw_id, self._path = ledger, seed.draw, Path(seed.file)
        receipt = ledger.receipt(seed.draw)
        self._bytes = receipt.bytes
        self.origin = f"draw {seed.draw} ({receipt.origin}), each byte of which is a seed once"
        if receipt.sha256 is None:
            raise ConfigError(f"request.seed: draw {seed.draw} is of {receipt.bytes} bytes, too few for a seed")
        if hashlib.sha256(self._read()).hexdigest() != receipt.sha256:
            raise ConfigError(
                f"request.seed: {seed.file} is not what draw {seed.draw} gave: its SHA-256 is another. It has to hold"
                " the bytes as such, which --format raw writes"
            )

    def __call__(self, count: int) -> bytes:
        """Returns the next bytes, and uses them up before; raises `LedgerError` if fewer are left."""
        start = self._ledger.spend(self._draw_id, count, self._bytes)
        return self._read()[start : start + count]

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise ConfigError(f"request.seed: {self._path} cannot be read: {error.strerror}") from error


def seeds_of(ledger: Ledger, seed: SeedDraw | None) -> SeedSource:
    """Returns what a request asks for; raises as `EarlierDraw` does."""
    return OSSeeds() if seed is None else EarlierDraw(ledger, seed)
