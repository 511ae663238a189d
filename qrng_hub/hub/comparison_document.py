"""The document of a comparison: read again, and checked as far as it can be, for it is not signed."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from qrng_hub import __version__
from qrng_hub.errors import ConfigError
from qrng_hub.files import write_private
from qrng_hub.records import Comparison
from qrng_hub.validation import first_problem

DOCUMENT = "comparison.json"


def load_comparison(folder: Path) -> Comparison:
    """Reads the document of a comparison; raises `ConfigError` if there is none that can be relied on."""
    path = folder / DOCUMENT
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; name the folder of a comparison") from None
    try:
        return Comparison.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(
            f"{path} is not the document of a comparison{_of_version(text)}: {first_problem(error)}"
        ) from None


def write_document(comparison: Comparison, folder: Path) -> None:
    """Writes the document of a comparison; raises `ConfigError` if it cannot be written."""
    write_private(folder / DOCUMENT, comparison.model_dump_json(indent=2).encode() + b"\n")


def _of_version(text: bytes) -> str:
    """Says of which version of the hub a document is, if of another."""
    try:
        version = str(json.loads(text)["versions"]["qrng_hub"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return ""
    return "" if version == __version__ else f" that qrng_hub {__version__} reads (it is of {version[:40]!r})"
