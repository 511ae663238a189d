"""The result of a SamplerV2 job as JSON, by the decoder of IBM's SDK, which makes objects of what it is told to."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from qiskit.primitives import BitArray
from qiskit_ibm_runtime import RuntimeDecoder

from qrng_hub.bits import Packed, from_integer_shots, pack_shots, unpack_shots
from qrng_hub.errors import QRNGError, ReconstructedMeasurementsError
from qrng_hub_replay.settings import RecordSettings
from qrng_hub_replay.shots import ShotTable, load_json, refused, table_of

MOST_BYTES = 2**28
"""Of an array of shots, unpacked: the shots of two billion bits."""
#: What a sampler's result is made of. The decoder would also make circuits, operators and noise models, and imports
#: modules by their names for some: a file of somebody else's names none of these.
_ALLOWED = frozenset({
    "PrimitiveResult", "SamplerPubResult", "PubResult", "DataBin", "BitArray", "ndarray", "datetime",
    "ExecutionSpans", "ExecutionSpanCollection", "ExecutionSpan", "DoubleSliceSpan",
})  # fmt: skip


def read_ibm(path: Path, content: bytes, settings: RecordSettings) -> ShotTable:
    """Reads the shots of one circuit; column i is its classical bit i, of one register after the other.

    Raises `ReconstructedMeasurementsError` for twirled outcomes and those that are not classified, and `ConfigError`
    for what is no result of a sampler or names none of several circuits.
    """
    document = load_json(path, content)
    if not isinstance(document, dict) or document.get("__type__") != "PrimitiveResult":
        raise refused(path, "is not the result of a SamplerV2 job")
    _require_allowed(path, document)
    try:
        result = json.loads(content, cls=RuntimeDecoder)
        registers = _registers(path, result, settings.part)
        packed = _joined(path, registers)
    except QRNGError:
        raise
    except Exception as error:
        raise refused(path, f"is a result that Qiskit does not read: {type(error).__name__}") from error
    count = sum(register.num_bits for register in registers)
    if settings.qubits not in (None, count):
        raise refused(path, f"has shots of {count} bits, and {settings.qubits} qubits are stated")
    return table_of(path, packed, tuple(range(count)))


def _require_allowed(path: Path, value: Any) -> None:
    """Refuses whatever a sampler's result has no need of, before anything is made of it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            kind = one.get("__type__")
            if kind is not None and kind not in _ALLOWED:
                raise refused(path, f"holds a {str(kind)[:40]!r}, which the shots of a sampler have no need of")
            if kind == "ndarray" and isinstance(one.get("__value__"), str):
                _require_small(path, one["__value__"])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _require_small(path: Path, encoded: str) -> None:
    """Refuses an array that unpacks to more than shots can be: what is packed may hold a thousand times its size."""
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(base64.b64decode(encoded), MOST_BYTES)
    except (ValueError, zlib.error):
        raise refused(path, "holds an array that cannot be unpacked") from None
    if unpacking.unconsumed_tail:
        raise refused(path, f"holds an array of more than {MOST_BYTES:,} bytes")


def _registers(path: Path, result: Any, part: int | None) -> list[BitArray]:
    if part is None and len(result) > 1:
        raise refused(path, f"holds the outcomes of {len(result)} circuits: set part, from 0 to {len(result) - 1}")
    if part is not None and part >= len(result):
        raise refused(path, f"holds the outcomes of {len(result)} circuits and has no part {part}")
    options = (result.metadata or {}).get("options", {})
    kind, twirling = options.get("execution", {}).get("meas_type"), options.get("twirling", {})
    if kind not in (None, "classified") or twirling.get("enable_measure") or twirling.get("enable_gates"):
        raise ReconstructedMeasurementsError(
            f"{path} holds outcomes that are {kind}, or twirled, and not one bit a shot"
        )
    registers = list(result[part or 0].data.values())
    if not registers or not all(isinstance(one, BitArray) and one.ndim == 0 for one in registers):
        raise refused(path, "holds no shots of one circuit with its parameters set")
    return registers


def _joined(path: Path, registers: list[BitArray]) -> Packed:
    if len({register.num_shots for register in registers}) > 1:
        raise refused(path, "has registers of different numbers of shots")
    tables = [from_integer_shots(register.array, register.num_bits) for register in registers]
    if len(tables) == 1:
        return tables[0]
    widths = [register.num_bits for register in registers]
    return pack_shots(np.hstack([unpack_shots(table, width) for table, width in zip(tables, widths, strict=True)]))
