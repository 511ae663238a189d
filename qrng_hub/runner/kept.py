"""What the finished jobs of a run gave, on disk until the run is delivered: it need not be fetched again."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import ValidationError

from qrng_hub.extractors import DESCRIPTION
from qrng_hub.files import write_private
from qrng_hub.records import JobYield, Record


class _File(Record):
    conditioning: str
    given: JobYield


class Kept:
    """A folder of files of mode 0600, one a job; a file that cannot be read is as good as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, given: JobYield) -> None:
        """Keeps what a job gave."""
        text = _File(conditioning=DESCRIPTION, given=given).model_dump_json()
        write_private(self._path(given.job.spec.key), text.encode())

    def load(self, key: str) -> JobYield | None:
        """Returns what a job gave, if it is here and was conditioned as it would be now."""
        try:
            file = _File.model_validate_json(self._path(key).read_bytes())
        except (OSError, ValidationError):
            return None
        fits = file.conditioning == DESCRIPTION and file.given.job.spec.key == key
        return file.given if fits else None

    def forget(self) -> None:
        """Deletes everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"
