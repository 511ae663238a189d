"""The results.json of a task on Braket: its measurements, if the device gave any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qrng_hub.bits import pack_shots
from qrng_hub_replay.settings import RecordSettings
from qrng_hub_replay.shots import ShotTable, counts_in, load_json, refused, table_of

_SCHEMA = "braket.task_result.gate_model_task_result"


def read_braket(path: Path, content: bytes, settings: RecordSettings) -> ShotTable:
    """Reads the measurements of a gate-model task, whose columns are the qubits that it names.

    Raises `ReconstructedMeasurementsError` where there are probabilities only, and `ConfigError` for other results.
    """
    document = load_json(path, content)
    if not isinstance(document, dict) or _schema_of(document) != _SCHEMA:
        raise refused(path, "is not the results.json of one gate-model circuit")
    measured = document.get("measuredQubits")
    if not isinstance(measured, list) or not all(type(qubit) is int and qubit >= 0 for qubit in measured):
        raise refused(path, "does not name the qubits that were measured")
    if not document.get("measurements"):
        raise counts_in(path)
    try:
        digits = np.array(document["measurements"])
    except ValueError:
        raise refused(path, "has shots of different lengths") from None
    if digits.ndim != 2 or digits.dtype.kind != "i" or not np.isin(digits, (0, 1)).all():
        raise refused(path, "has measurements that are no rows of zeros and ones")
    if digits.shape[1] != len(measured) or settings.qubits not in (None, len(measured)):
        stated = settings.qubits or len(measured)
        raise refused(path, f"has shots of {digits.shape[1]} qubits and names {len(measured)}; {stated} are stated")
    return table_of(path, pack_shots(digits), tuple(measured), _device_of(document))


def _schema_of(document: dict[str, Any]) -> object:
    header = document.get("braketSchemaHeader")
    return header.get("name") if isinstance(header, dict) else None


def _device_of(document: dict[str, Any]) -> str:
    metadata = document.get("taskMetadata")
    return str(metadata.get("deviceId") or "") if isinstance(metadata, dict) else ""
