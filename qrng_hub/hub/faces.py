"""The hub in the shapes of `secrets`, `random` and numpy, all on one generator that the hub's draws seed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from qrng_hub.errors import RequestError

if TYPE_CHECKING:  # what nobody asks for is not loaded
    from numpy.random import Generator

    from qrng_hub.delivery.drbg import Drbg
    from qrng_hub.delivery.source_generator import SourceGenerator
    from qrng_hub.delivery.source_random import SourceRandom
    from qrng_hub.delivery.tokens import Secrets


class Faces(ABC):
    """What a hub offers on top of its draws.

    The generator draws 48 bytes of the hub when it is first used and 32 when it is reseeded; these draws,
    with their receipts, are in the ledger, and what they raise is raised by whoever needs the bytes.
    """

    @abstractmethod
    def random_bytes(self, count: int) -> bytes:
        """Returns `count` bytes of a draw."""

    @property
    def secrets(self) -> Secrets:
        """The functions of the standard library's `secrets`.

        >>> import os, tempfile
        >>> from qrng_hub.hub import Hub
        >>> os.environ["QRNG_STATE_DIR"] = tempfile.mkdtemp()
        >>> with Hub.open() as hub:
        ...     len(hub.secrets.token_bytes())
        32
        """
        from qrng_hub.delivery.tokens import Secrets

        return Secrets(self._drbg.random_bytes)

    def random(self) -> SourceRandom:
        """Returns a `random.Random` that cannot be seeded, saved or copied."""
        from qrng_hub.delivery.source_random import SourceRandom

        return SourceRandom(self._drbg.random_bytes)

    def numpy(self, *, record: str | Path | None = None, replay: str | Path | None = None) -> Generator:
        """Returns a numpy Generator seeded by the hub; not for secrets.

        With `record` its seed is first written to that new file, mode 0600; with `replay` it is read from there, the
        stream is the same again, and nothing is drawn. Raises `ConfigError` for a file that does not serve.
        """
        from qrng_hub.delivery.numpy_seeding import recorded, replayed, seeded

        if record is not None and replay is not None:
            raise RequestError("a stream is either recorded or replayed: name one file")
        if replay is not None:
            return replayed(replay)
        return seeded(self._drbg.random_bytes) if record is None else recorded(self._drbg.random_bytes, record)

    def numpy_raw(self) -> SourceGenerator:
        """Returns numpy's `bytes`, `random` and `integers` without a bit generator of numpy's; fit for secrets."""
        from qrng_hub.delivery.source_generator import SourceGenerator

        return SourceGenerator(self._drbg.random_bytes)

    @property
    def _drbg(self) -> Drbg:
        """The generator of this hub, made at first use; `setdefault` lets threads agree on one."""
        made = vars(self).get("_generator")
        if made is None:
            from qrng_hub.delivery.drbg import Drbg

            made = vars(self).setdefault("_generator", Drbg(self.random_bytes, personalization=b"qrng_hub"))
        generator: Drbg = made
        return generator

    def _close_faces(self) -> None:
        """Wipes the generator's state."""
        if "_generator" in vars(self):
            self._drbg.close()
