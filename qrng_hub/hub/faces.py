"""The hub in the shapes of `secrets`, `random` and numpy, all on one generator that draws seed; keys; large outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qrng_hub.config import MAX_DRAW_BYTES, PoolSettings, RunFile
from qrng_hub.errors import RequestError
from qrng_hub.hub.opening import require_hardware
from qrng_hub.integers import whole
from qrng_hub.records import Draw, Request

if TYPE_CHECKING:  # what nobody asks for is not loaded
    from numpy.random import Generator

    from qrng_hub.delivery.drbg import Drbg
    from qrng_hub.delivery.keys import Key, KeyKind
    from qrng_hub.delivery.pieces import Piece
    from qrng_hub.delivery.pool import Pool, Refiller
    from qrng_hub.delivery.source_generator import SourceGenerator
    from qrng_hub.delivery.source_random import SourceRandom
    from qrng_hub.delivery.tokens import Secrets


_MAX_OUTPUT_BYTES = 2**50


class Faces(ABC):
    """What a hub offers on top of its draws.

    The generator draws 48 bytes of the hub when it is first used and 32 when it is reseeded, out of the pool if the
    run file has one; the draws, with their receipts, are in the ledger, and what they raise is raised by whoever
    needs the bytes.
    """

    run_file: RunFile

    @abstractmethod
    def random_bytes(self, count: int) -> bytes:
        """Returns `count` bytes of a draw."""

    @abstractmethod
    def draw(
        self, count: int, *, backend: str | None = None, deliver: Callable[[Draw], None] = lambda _draw: None
    ) -> Draw:
        """Draws `count` bytes, or from one backend only; calls `deliver` before they are on record as delivered."""

    @abstractmethod
    def _request(self, count: int, backend: str | None = None) -> Request:
        """Makes the request of such a draw."""

    def keygen(
        self,
        kind: KeyKind,
        *,
        backend: str | None = None,
        pool: Pool | None = None,
        allow_simulated: bool = False,
        allow_low_credit: bool = False,
        deliver: Callable[[Key], None] = lambda _key: None,
    ) -> Key:
        """Makes a key of a pool's bytes, by default the run file's, or of a draw's if there is none, with its receipt.

        `deliver` is called with the key before a draw's bytes are on record as delivered. Raises
        `InsufficientEntropyError` unless all of the bytes come from hardware and their credit suffices, or less is
        allowed by name; `UnknownNameError` for a kind that there is not; else as `draw` or `Pool.take`.
        """
        from qrng_hub.delivery.keys import Seed, make_key, seed_bytes

        keys: list[Key] = []

        def make(seed: Seed) -> None:
            keys.append(make_key(kind, seed, allow_simulated=allow_simulated, allow_low_credit=allow_low_credit))
            deliver(keys[0])

        count = seed_bytes(kind)
        if pool is not None and backend is not None:
            raise RequestError("a key is made of a pool's bytes or of a backend's: name one of them")
        if pool is not None:
            make(Seed.of_pool(pool.take_with_sources(count)))
        elif self.run_file.pool is not None and backend is None:
            wait_seconds = self.run_file.pool.wait_seconds
            make(Seed.of_pool(self._refiller(self.run_file.pool).take_with_sources(count, wait_seconds=wait_seconds)))
        else:
            if not allow_simulated:
                require_hardware(self._request(count, backend))
            self.draw(count, backend=backend, deliver=lambda draw: make(Seed.of_draw(draw)))
        return keys[0]

    def pieces(
        self,
        count: int,
        *,
        source: Literal["draws", "drbg"] = "draws",
        backend: str | None = None,
        deliver: Callable[[Piece], None] = lambda _piece: None,
    ) -> Iterator[Piece]:
        """Yields `count` bytes, of any number, in pieces of 3 MiB, each a draw with its receipt.

        `deliver` is called with each piece before its draw is on record as delivered.
        With `drbg` they are the output of a CTR_DRBG that draws seed, one every 64 GiB. Where the run file lets draws
        cost money, all is one draw, of 1 GiB at most, since a budget is that of a draw. Raises `RequestError` unless
        1 <= count <= 1 PiB, else as `draw`.
        """
        from qrng_hub.delivery.pieces import PIECE_BYTES, pieces_of_draws, pieces_of_generator

        count = whole(count, f"an output is of 1 to {_MAX_OUTPUT_BYTES:,} bytes", 1, _MAX_OUTPUT_BYTES)
        draw = partial(self.draw, backend=backend)
        if source == "drbg":
            return pieces_of_generator(draw, count, deliver=deliver)
        if not self.run_file.budget.may_spend:
            return pieces_of_draws(draw, count, deliver=deliver)
        if count > MAX_DRAW_BYTES:
            raise RequestError(
                f"{count:,} bytes take several draws, and each may cost what the budget of this run file allows one:"
                " take a generator's output (--source drbg), or draw 1 GiB at a time"
            )
        return pieces_of_draws(draw, count, max(count, PIECE_BYTES), deliver=deliver)

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

            made = vars(self).setdefault("_generator", Drbg(self._entropy, personalization=b"qrng_hub"))
        generator: Drbg = made
        return generator

    def _entropy(self, count: int) -> bytes:
        """Returns what the generator is seeded with."""
        settings = self.run_file.pool
        if settings is None:
            return self.random_bytes(count)
        refiller, wait_seconds = self._refiller(settings), settings.wait_seconds
        if self.run_file.request.mix_os_entropy:
            return bytes(refiller.take(count, wait_seconds=wait_seconds))
        return bytes(refiller.take_unmixed(count, wait_seconds=wait_seconds).data)

    def _refiller(self, settings: PoolSettings) -> Refiller:
        """Opens the pool of the run file at first use; `setdefault` lets threads agree on one."""
        made = vars(self).get("_pool")
        if made is None:
            from qrng_hub.delivery.pool import KeyFile, Pool, Refiller

            key_source = KeyFile(Path(settings.key_file)) if settings.key_file else None
            pool = Pool.open(settings.folder, key_source=key_source)
            made = Refiller(pool, self.draw, settings.low_water_bytes, settings.high_water_bytes)
            made = vars(self).setdefault("_pool", made)
        refiller: Refiller = made
        return refiller

    def _close_faces(self) -> None:
        """Wipes the generator's state, and waits for a refill that is under way."""
        if "_generator" in vars(self):
            self._drbg.close()
        if "_pool" in vars(self):
            vars(self)["_pool"].close()
