"""The marker of a pool: which bytes are still to be handed out, sealed so that none can be put back by editing it."""

from __future__ import annotations

import hmac
import json
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qrng_hub.delivery.pool.keys import KeyPlace, PoolKeys
from qrng_hub.delivery.pool.storage import replace_durably
from qrng_hub.errors import PoolFormatError, PoolIntegrityError
from qrng_hub.records import Record

#: 1 had no list of the draws that were put in
FORMAT = 2
_READ = (1, FORMAT)


class Marker(Record):
    """Everything from `first_offset` of block `first_block` to the end of block `next_block - 1` is still there."""

    format: int = FORMAT
    written_by: str
    """The release that wrote it."""
    pool_id: str
    created_utc: datetime
    key_place: KeyPlace
    key_generation: int
    first_block: int = 0
    first_offset: int = 0
    next_block: int = 0
    bytes_left: int = 0
    low_water_bytes: int = 0
    draws_bytes: int | None = None
    """How long the list of the draws that were put in is; None of a pool that has none yet."""
    draws_sha256: str = ""


class SealedMarker:
    """A marker as it stands in its file: a line of JSON, and a line with its HMAC-SHA-256 in hex.

    Raises `PoolFormatError` if another release wrote it and `PoolIntegrityError` if it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._line, _, self._seal = path.read_bytes().partition(b"\n")
        try:
            fields = json.loads(self._line)
            _require_format(path, fields)
            self.unverified = Marker.model_validate(fields)
        except (ValueError, ValidationError, AttributeError, RecursionError):
            raise _damaged(path) from None

    def verified(self, keys: PoolKeys) -> Marker:
        """Returns the marker; raises `PoolIntegrityError` if its seal is not of these keys."""
        if not hmac.compare_digest(self._seal.strip(), _seal(self._line, keys)):
            raise PoolIntegrityError(
                f"{self._path} does not fit the key: the key is another pool's, or the file was altered; bring back"
                " the right key, or delete the pool's folder to give up what is in it"
            )
        return self.unverified


def write_marker(path: Path, marker: Marker, keys: PoolKeys) -> None:
    """Seals a marker and replaces the one before it, durably."""
    line = marker.model_copy(update={"format": FORMAT, "written_by": _release()}).model_dump_json().encode()
    replace_durably(path, line + b"\n" + _seal(line, keys) + b"\n")


@cache
def _release() -> str:
    return version("qrng-hub")


def _seal(line: bytes, keys: PoolKeys) -> bytes:
    return hmac.digest(keys.marker, line, "sha256").hex().encode()


def _require_format(path: Path, fields: dict[str, Any]) -> None:
    found = fields.get("format")
    if isinstance(found, int) and found not in _READ:
        writer, ours = fields.get("written_by", "another release"), _release()
        cure = "upgrade" if found > FORMAT else "take or drain its bytes with that release"
        raise PoolFormatError(
            f"{path} has format {found} and was written by qrng-hub {writer}, which reads it; this is qrng-hub {ours},"
            f" which reads formats {_READ[0]} to {FORMAT}: {cure}, or use another folder"
        )


def _damaged(path: Path) -> PoolIntegrityError:
    return PoolIntegrityError(f"{path} is damaged: delete the pool's folder to give up what is in it")
