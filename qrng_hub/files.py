"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from platformdirs import user_state_path

from qrng_hub.errors import ConfigError


def state_folder() -> Path:
    """Returns the folder for the ledger, receipts and raw outcomes: $QRNG_STATE_DIR or the user's own."""
    chosen = os.environ.get("QRNG_STATE_DIR")
    return Path(chosen) if chosen else user_state_path("qrng_hub", appauthor=False)


def write_private(path: str | Path, data: bytes) -> Path:
    """Writes a file of mode 0600, replacing an earlier one at once; makes the folder, mode 0700.

    Raises `ConfigError` if the place cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; choose another place") from error
    return path
