"""The draws that were ever put into a pool: their ids in a file that grows, whose digest the marker has.

Whatever happens to the bytes, and to the key, a draw that has entered is not taken in again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qrng_hub.delivery.pool.marker import Marker
from qrng_hub.delivery.pool.storage import append_durably
from qrng_hub.errors import PoolIntegrityError, RequestError


class EnteredDraws:
    """The list as the marker knows it; what an interrupted call wrote behind that does not count."""

    def __init__(self, folder: Path, marker: Marker) -> None:
        self._path = folder / "draws.log"
        self._known = self._read(marker) if marker.draws_bytes else b""

    def require_new(self, draw_id: str) -> None:
        """Raises `RequestError` for a draw that was put in before."""
        if _line(draw_id) in self._known.splitlines(keepends=True):
            raise RequestError(
                f"draw {draw_id} was put into this pool before: its bytes leave once, so that another draw is needed"
            )

    def enter(self, draw_ids: Iterable[str]) -> dict[str, Any]:
        """Writes draws down, durably; returns what the marker is to say of the list."""
        new = b"".join(map(_line, dict.fromkeys(draw_ids)))
        append_durably(self._path, new, len(self._known))
        whole = self._known + new
        return {"draws_bytes": len(whole), "draws_sha256": hashlib.sha256(whole).hexdigest()}

    def _read(self, marker: Marker) -> bytes:
        try:
            known = self._path.read_bytes()[: marker.draws_bytes]
        except FileNotFoundError:
            known = b""
        if hashlib.sha256(known).hexdigest() != marker.draws_sha256:
            raise PoolIntegrityError(
                f"{self._path}, which says which draws were put in, is missing or altered, and nothing more is put in:"
                " bring it back, or take what is left and use another folder"
            )
        return known


def _line(draw_id: str) -> bytes:
    return json.dumps(draw_id).encode() + b"\n"
