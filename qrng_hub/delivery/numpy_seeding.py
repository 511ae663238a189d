"""numpy's own generators, seeded from bytes of one's own; recorded and replayed for science that can be repeated.

What such a Generator gives is the output of its bit generator, which is not a cryptographic one: whoever sees
enough of it can compute the rest. Only the seed comes from the source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64DXSM, Generator, Philox, SeedSequence
from numpy.random.bit_generator import ISeedSequence, ISpawnableSeedSequence
from pydantic import Field, ValidationError

from qrng_hub.delivery.source import Source, drawn
from qrng_hub.errors import ConfigError, RequestError, StatelessError
from qrng_hub.files import write_private
from qrng_hub.integers import whole
from qrng_hub.records import Record
from qrng_hub.validation import first_problem

BitGeneratorName = Literal["PCG64DXSM", "Philox"]

_BIT_GENERATORS: dict[str, type[PCG64DXSM] | type[Philox]] = {"PCG64DXSM": PCG64DXSM, "Philox": Philox}
#: 256 bits, as many as a SeedSequence is then told to keep; numpy's default of 128 would lose half of them.
_SEED_WORDS = 8


class SourceSeed(ISpawnableSeedSequence):
    """A numpy seed sequence whose words are the source's next bytes, and whose children draw on the same source.

    Unlike numpy's own it gives other words each time. Copied or pickled, as part of a Generator, it leaves
    the source behind: the copy goes on with the same stream, and raises `StatelessError` when it should spawn.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def generate_state(self, n_words: int, dtype: npt.DTypeLike = np.uint32) -> npt.NDArray[Any]:
        """Returns `n_words` words, shape (n_words,), uint32 or uint64; raises the source's error."""
        kind = np.dtype(dtype)
        if kind not in (np.uint32, np.uint64):
            raise ValueError(f"seed words are uint32 or uint64, not {kind}")
        n_words = whole(n_words, "a number of words is 0 or more", 0)
        return np.frombuffer(drawn(self._source, n_words * kind.itemsize), kind).copy()

    def spawn(self, n_children: int) -> list[SourceSeed]:
        """Returns seed sequences on the same source, each of which draws words of its own."""
        return [SourceSeed(self._source) for _ in range(whole(n_children, "a number of children is 0 or more", 0))]

    def __repr__(self) -> str:
        return "<SourceSeed>"

    def __reduce__(self) -> tuple[type[SourceSeed], tuple[Source]]:
        return SourceSeed, (_left_behind,)


class SeedRecord(Record):
    """The file of a recorded seed: whoever has it has every number of the stream."""

    version: Literal[1] = 1
    bit_generator: BitGeneratorName
    words: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], Field(min_length=1)]
    numpy: str
    """The release it was made with: bit generators keep their streams, distributions may change (NEP 19)."""


def seeded(source: Source, bit_generator: BitGeneratorName = "PCG64DXSM") -> Generator:
    """Returns a numpy Generator whose whole state is the source's bytes, and so is that of each it spawns.

    Raises `RequestError` for another bit generator, or the source's error.

    >>> import os
    >>> seeded(os.urandom).integers(6, size=3).shape
    (3,)
    """
    return _generator(bit_generator, SourceSeed(source))


def recorded(source: Source, file: str | Path, bit_generator: BitGeneratorName = "PCG64DXSM") -> Generator:
    """Returns a numpy Generator seeded with 256 bits of the source, which are first written to `file`, mode 0600.

    Raises `ConfigError` if the file is there already or cannot be written, else as `seeded` does.
    """
    if Path(file).exists():
        raise ConfigError(f"{file} is there already: replay it, or choose another name")
    if bit_generator not in _BIT_GENERATORS:
        raise _unknown(bit_generator)
    words = SourceSeed(source).generate_state(_SEED_WORDS)
    record = SeedRecord(bit_generator=bit_generator, words=tuple(words.tolist()), numpy=np.__version__)
    write_private(file, record.model_dump_json(indent=2).encode() + b"\n")
    return _replay(record)


def replayed(file: str | Path) -> Generator:
    """Returns a numpy Generator with the stream that was recorded in `file`, and the same children.

    Its numbers are not secret: they are those of every other replay. Raises `ConfigError` if the file
    cannot be read or is no such record.
    """
    try:
        record = SeedRecord.model_validate_json(Path(file).read_bytes())
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigError(f"{file} is no record of a seed that this release knows: {first_problem(error)}") from error
    return _replay(record)


def _replay(record: SeedRecord) -> Generator:
    return _generator(record.bit_generator, SeedSequence(record.words, pool_size=_SEED_WORDS))


def _generator(name: str, seed: ISeedSequence) -> Generator:
    if name not in _BIT_GENERATORS:
        raise _unknown(name)
    return Generator(_BIT_GENERATORS[name](seed))  # type: ignore[arg-type]  # its stubs forget ISeedSequence


def _unknown(name: str) -> RequestError:
    return RequestError(f"a bit generator is {' or '.join(_BIT_GENERATORS)}, not {name!r}")


def _left_behind(_count: int) -> bytes:
    raise StatelessError("this Generator was copied or pickled, and its source was not: spawn from the first one")
