"""What a comparison was given so far, in a folder: it can be gone on with, and measured again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from qrng_hub.data_files import read_npy
from qrng_hub.errors import ConfigError
from qrng_hub.files import write_private
from qrng_hub.records import Backend, Finished, JobPrice, RawBlock, Record, Request
from qrng_hub.runner.processing import retain
from qrng_hub.validation import first_problem


class Started(Record):
    """What a comparison asks of whom: its backends are the request's candidates, each with its setting."""

    version: Literal[1] = 1
    comparison_id: str
    created_utc: datetime
    request: Request
    settings: tuple[str, ...]
    shots: Annotated[int, Field(ge=1)]
    repeats: Annotated[int, Field(ge=1)]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    by: Literal["entropy", "cost", "time"]

    @model_validator(mode="after")
    def _each_backend_has_a_setting(self) -> Self:
        if len(self.settings) != len(self.request.candidates):
            raise ValueError("settings: one for each of the request's candidates")
        return self

    def asks_as(self, other: Started) -> bool:
        """Whether another comparison asks the same of the same backends."""
        free = {"comparison_id", "created_utc", "by"}
        return self.model_dump(exclude=free) == other.model_dump(exclude=free)


class Given(Record):
    """What one repeat gave; the outcomes themselves are in files of their own, named by their digests."""

    backend: Backend
    price: JobPrice | None
    finished: Finished
    blocks: tuple[dict[str, Any], ...]
    digests: tuple[str, ...]


class Store:
    """A folder with started.json, and raw/ with a description and the outcomes of every repeat; files of mode 0600."""

    def __init__(self, folder: Path) -> None:
        self._started = folder / "started.json"
        self._raw = folder / "raw"

    def begin(self, started: Started) -> None:
        """Notes what is asked; raises `ConfigError` if another comparison's outcomes are here."""
        if self._raw.exists():
            raise ConfigError(
                f"{self._raw} holds the outcomes of a comparison: go on with it (--resume), or choose another folder"
            )
        write_private(self._started, started.model_dump_json(indent=2).encode() + b"\n")

    def started(self) -> Started:
        """Reads what was asked; raises `ConfigError` if no comparison that can be gone on with is here."""
        try:
            return Started.model_validate_json(self._started.read_bytes())
        except (OSError, ValidationError) as error:
            raise ConfigError(f"{self._started.parent} holds no comparison that was begun by this version") from error

    @property
    def has_outcomes(self) -> bool:
        """Whether there is anything to measure again."""
        return any(self._raw.glob("*.json"))

    def save(self, entry: int, number: int, given: Given, blocks: Sequence[RawBlock]) -> None:
        """Keeps a repeat; its description is written last, and without it there is none."""
        for block in blocks:
            retain(block, self._raw)
        write_private(self._path(entry, number), given.model_dump_json().encode())

    def load(self, entry: int, number: int) -> tuple[Given, tuple[RawBlock, ...]] | None:
        """Reads a repeat, if it is here; raises `ConfigError` if its outcomes are not those that were kept."""
        path = self._path(entry, number)
        if not path.exists():
            return None
        try:
            given = Given.model_validate_json(path.read_bytes())
            pairs = zip(given.blocks, given.digests, strict=True)
            return given, tuple(self._block(described, digest) for described, digest in pairs)
        except (OSError, ValueError) as error:
            reason = first_problem(error) if isinstance(error, ValidationError) else error
            raise ConfigError(f"{path} and its outcomes cannot be read: {reason}") from error

    def forget_outcomes(self) -> None:
        """Deletes the outcomes."""
        shutil.rmtree(self._raw, ignore_errors=True)

    def _block(self, described: dict[str, Any], digest: str) -> RawBlock:
        with (self._raw / f"{digest}.npy").open("rb") as file:
            outcomes = read_npy(file, file.name)
        block = RawBlock.model_validate(described | {"outcomes": outcomes})
        if block.sha256 != digest:
            raise ValueError(f"the outcomes have the SHA-256 {block.sha256}, not {digest}")
        return block

    def _path(self, entry: int, number: int) -> Path:
        return self._raw / f"{entry:03d}-{number:04d}.json"
