"""Reads a task's results: the SDK's `result()` takes hundreds of times as long.

The shots are most of results.json, and in a fixed form: numpy reads them, the json module the rest. The SDK
also makes up shots, sorted, where a device gave probabilities only: here that is refused. Of a
program set the parts may stand in objects of their own, each named relative to the one that names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Packed, pack_shots
from qrng_hub.errors import JobFailedError, ReconstructedMeasurementsError, VendorError

RESULTS = "results.json"
_FOLDER_OF = f"/{RESULTS}"
_SPACES, _QUOTES = b" \t\r\n", b'"'
_KEY, _END = re.compile(rb'"measurements"\s*:\s*\[\s*\['), re.compile(rb"\]\s*\]")
Fetch = Callable[[str], bytes]


@dataclass(frozen=True)
class Expected:
    """What a circuit's outcomes are to be: `shots` of `width` qubits, on these ascending `labels` if they are known."""

    shots: int
    width: int
    labels: tuple[int, ...] | None

    @classmethod
    def of(cls, measured: Sequence[int], shots: int, labels: Mapping[int, int]) -> Expected:
        """Expects the labels of the qubits that a circuit measures; any of the right number if they are not known."""
        return cls(shots, len(measured), tuple(labels[qubit] for qubit in measured) if labels else None)


def tables(fetch: Fetch, arn: str, expected: Sequence[Expected]) -> list[Packed]:
    """Returns a shot table a circuit, its columns in the order of the labels.

    `fetch` reads an object of the results by its name. Raises `ReconstructedMeasurementsError` where
    there are no shots, `JobFailedError` where a circuit of a set failed, and `VendorError` for what
    is not whole or not understood: it may be read again.
    """
    circuits = _circuits(fetch, arn)
    if len(circuits) != len(expected):
        raise VendorError(f"{arn} has results of {len(circuits)} circuits, not {len(expected)}")
    return [_table(one, arn, wanted) for one, wanted in zip(circuits, expected, strict=True)]


def simulator_seconds(fetch: Fetch, arn: str) -> Decimal | None:
    """Returns how long a simulator says that it took, or None where it does not say."""
    metadata = _load(fetch, RESULTS, arn).get("additionalMetadata") or {}
    milliseconds = (metadata.get("simulatorMetadata") or {}).get("executionDuration")
    return None if milliseconds is None else Decimal(milliseconds) / 1000


def _circuits(fetch: Fetch, arn: str) -> list[Mapping[str, Any]]:
    result = _load(fetch, RESULTS, arn)
    metadata = _resolved(fetch, result.get("taskMetadata"), "", arn)
    if metadata.get("id") != arn:
        raise VendorError(f"the results of {arn} say that they are those of {metadata.get('id')!r}")
    if "programResults" not in result:
        return [result]
    circuits: list[Mapping[str, Any]] = []
    for program in result["programResults"]:
        folder = program.removesuffix(_FOLDER_OF) + "/" if isinstance(program, str) else ""
        executables = _resolved(fetch, program, "", arn)["executableResults"]
        circuits += [_resolved(fetch, executable, folder, arn) for executable in executables]
    return circuits


def _resolved(fetch: Fetch, value: Any, folder: str, arn: str) -> dict[str, Any]:
    return _load(fetch, folder + value, arn) if isinstance(value, str) else value or {}


def _load(fetch: Fetch, name: str, arn: str) -> dict[str, Any]:
    try:
        content = parse(fetch(name))
    except (ValueError, IndexError) as error:
        raise VendorError(f"{name} of {arn} is not whole or not understood: {error}; it may be read again") from None
    if not isinstance(content, dict):
        raise VendorError(f"{name} of {arn} is not understood")
    return content


def parse(body: bytes) -> Any:
    """Parses JSON in which `measurements` are arrays, uint8 of shape (shots, qubits).

    Raises `ValueError` for what is not JSON, and for outcomes that are not zeros and ones in rows of
    one length. A quotation mark inside a JSON string is escaped, so that the key is no part of one.
    """
    tables: list[npt.NDArray[np.uint8]] = []
    rest, at = [], 0
    while (start := _KEY.search(body, at)) and (end := _END.search(body, start.end())):
        rest += [body[at : start.start()], b'"measurements":', str(len(tables)).encode()]
        tables.append(_zeros_and_ones(_bare(body[start.end() - 1 : end.start() + 1])))
        at = end.end()

    def with_tables(value: dict[str, Any]) -> dict[str, Any]:
        return value | {"measurements": tables[value["measurements"]]} if _refers(value) else value

    return json.loads(b"".join([*rest, body[at:]]), object_hook=with_tables)


def _bare(rows: bytes) -> bytes:
    """Takes the white space from rows of outcomes, and the quotation marks where every outcome is a text."""
    bare = rows.translate(None, _SPACES)
    if b'"' not in bare:
        return bare
    if bare.replace(b'"0"', b"0").replace(b'"1"', b"1").count(b'"') or re.search(rb"[\[,][01]", bare):
        raise ValueError("outcomes that are not 0 or 1")
    return bare.translate(None, _QUOTES)


def _refers(value: Mapping[str, Any]) -> bool:
    return type(value.get("measurements")) is int


def _zeros_and_ones(rows: bytes) -> npt.NDArray[np.uint8]:
    """Reads `[0,1],[1,1]` by place: the digits stand in every second column, and all else is as it must be."""
    width = rows.index(b"]") + 2
    characters = np.frombuffer(rows + b",", np.uint8)
    if characters.size % width:
        raise ValueError("shots of several lengths")
    table = characters.reshape(-1, width)
    digits = table[:, 1:-1:2] - ord("0")
    frame = b"[" + b"0," * (digits.shape[1] - 1) + b"0],"
    if width < len(b"[0],") or (digits > 1).any() or (table[:, ::2] != np.frombuffer(frame, np.uint8)[::2]).any():
        raise ValueError("outcomes that are not 0 or 1")
    return digits


def _table(result: Mapping[str, Any], arn: str, expected: Expected) -> Packed:
    table, measured = result.get("measurements"), result.get("measuredQubits") or []
    if not isinstance(table, np.ndarray):
        if result.get("measurementProbabilities"):
            raise ReconstructedMeasurementsError(f"{arn} gave probabilities and no shots; there is no order to restore")
        raise JobFailedError(f"a circuit of {arn} has no outcomes: {result.get('failureReason', 'no reason given')}")
    if table.shape != (expected.shots, len(measured)):
        raise VendorError(f"{arn} has {table.shape[0]:,} shots of {table.shape[1]} qubits, not {expected.shots:,}")
    wanted = sorted(measured) if expected.labels is None else list(expected.labels)
    if len(set(measured)) != len(measured) or len(wanted) != expected.width or not set(wanted) <= set(measured):
        raise VendorError(f"{arn} measured the qubits {measured}, not {wanted} or not {expected.width} of them")
    return pack_shots(table if wanted == measured else table[:, [measured.index(label) for label in wanted]])
