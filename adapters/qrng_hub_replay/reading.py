"""Reads a file of recorded shots in the format that it has, or is said to have; nothing is unpickled."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qrng_hub.adapter import load_sdk
from qrng_hub.bits import pack_shots
from qrng_hub.data_files import read_npy
from qrng_hub.errors import ConfigError, RequestError, UnknownBackendError
from qrng_hub_replay.braket_results import read_braket
from qrng_hub_replay.comma_separated import read_csv
from qrng_hub_replay.settings import Format, RecordSettings
from qrng_hub_replay.shots import ShotTable, columns_of, counts_in, load_json, refused, require_padding, table_of

_FORMATS: dict[str, Format] = {".npy": "npy", ".csv": "csv"}
_NPY_MAGIC = b"\x93NUMPY"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COUNT = re.compile(rb"""["']?[01 ]+["']?\s*[:,;\t ]\s*\d*[2-9]\d*,?""")


def read_record(path: Path, settings: RecordSettings) -> ShotTable:
    """Reads the shots of a file.

    Raises `UnknownBackendError` if there is none, `ReconstructedMeasurementsError` for counts and sorted shots,
    `AdapterUnavailableError` if a package that reads it is missing, and `ConfigError` for anything else that is no
    record of shots as described.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnknownBackendError(f"replay has no record {str(path)!r}: there is no such file") from None
    except OSError as error:
        raise refused(path, f"cannot be read: {error.strerror}") from error
    if not content:
        raise refused(path, "is empty")
    chosen = settings.format or _FORMATS.get(path.suffix.lower()) or _by_content(path, content)
    readers: dict[Format, Callable[[Path, bytes, RecordSettings], ShotTable]] = {
        "npy": _read_npy,
        "bits": _read_bits,
        "csv": read_csv,
        "ibm": _read_ibm,
        "braket": read_braket,
    }
    return readers[chosen](path, content.removeprefix(_BYTE_ORDER_MARK), settings)


def _by_content(path: Path, content: bytes) -> Format:
    start = content.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if content.startswith(_NPY_MAGIC):
        return "npy"
    if not start.startswith((b"{", b"[")):
        return "bits"
    document = load_json(path, start)
    if isinstance(document, dict) and document.get("__type__") == "PrimitiveResult":
        return "ibm"
    if isinstance(document, dict) and "braketSchemaHeader" in document:
        return "braket"
    if isinstance(document, dict) and document and all(isinstance(value, int | float) for value in document.values()):
        raise counts_in(path)
    raise refused(path, "is JSON, and neither a SamplerV2 job's result nor Braket's results.json")


def _read_npy(path: Path, content: bytes, settings: RecordSettings) -> ShotTable:
    """Reads shots packed as numpy.packbits packs rows; `qubits` says how many columns are meant."""
    try:
        packed = read_npy(io.BytesIO(content), str(path))
    except RequestError as error:
        raise ConfigError(str(error)) from error
    if packed.dtype != np.uint8 or packed.ndim != 2:
        raise refused(
            path, "is no .npy file of packed shots: uint8, a row a shot, eight qubits a byte (numpy.packbits)"
        )
    if settings.qubits is None:
        raise refused(path, "does not say how many qubits a shot has: set qubits")
    require_padding(path, packed, settings.qubits)
    return table_of(path, packed, columns_of(path, settings.qubits, settings.qubit_0))


def _read_bits(path: Path, content: bytes, settings: RecordSettings) -> ShotTable:
    """Reads a line of digits a shot, or all shots in one line, which `qubits` cuts."""
    lines = [line.replace(b" ", b"").replace(b"\t", b"") for line in content.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise refused(path, "is empty")
    digits = np.frombuffer(b"".join(lines), np.uint8) - ord("0")
    if (digits > 1).any():
        if all(_COUNT.fullmatch(line.strip(b"{}")) for line in content.split(b"\n", 2)[:1]):
            raise counts_in(path)
        raise refused(path, "holds other characters than 0 and 1")
    qubits = _qubits_of(path, lines, settings)
    if digits.size % qubits:
        raise refused(path, f"has {digits.size:,} digits, no multiple of its {qubits} qubits: some are missing")
    packed = pack_shots(digits.reshape(-1, qubits))
    return table_of(path, packed, columns_of(path, qubits, settings.qubit_0))


def _qubits_of(path: Path, lines: list[bytes], settings: RecordSettings) -> int:
    """Returns how many digits a shot has; raises `ConfigError` where lines differ from one another or from `qubits`."""
    width = len(lines[0])
    if len(lines) == 1:
        if settings.qubits is None:
            raise refused(path, "holds one line of digits and does not say how many a shot has: set qubits")
        return settings.qubits
    for number, line in enumerate(lines, 1):
        if len(line) != width:
            raise refused(
                path, f"has {len(line)} digits in shot {number:,} and {width} in the first: leading zeros may be lost"
            )
    if settings.qubits not in (None, width):
        raise refused(path, f"has {width} digits a shot, and {settings.qubits} qubits are stated")
    return width


def _read_ibm(path: Path, content: bytes, settings: RecordSettings) -> ShotTable:
    sdk = load_sdk("qrng_hub_replay.ibm_results", "ibm", ("qiskit", "qiskit_ibm_runtime"))
    table: ShotTable = sdk.read_ibm(path, content, settings)
    return table
