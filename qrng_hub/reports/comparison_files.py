"""A comparison as files: a page, one JSON document, tables of qubits and of blocks, receipts and calibrations."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qrng_hub.files import require_writable_folder, write_private
from qrng_hub.records import ComparedBackend, Comparison, QubitMeasures
from qrng_hub.reports.comparison_page import page


def save_comparison(comparison: Comparison, config: str, folder: Path) -> Path:
    """Writes a comparison into a folder: a page, JSON documents and tables.

    They are report.html, config.json, comparison.json, calibrations.json, receipts.json, blocks.csv and qubits.csv.
    `config` is the run file as JSON. Raises `ConfigError` if the folder cannot be written.
    """
    require_writable_folder(folder)
    files = {
        "report.html": page(comparison),
        "config.json": config,
        "comparison.json": comparison.model_dump_json(indent=2),
        "calibrations.json": json.dumps(calibrations(comparison), indent=1),
        "receipts.json": json.dumps(receipts(comparison), indent=1),
        "blocks.csv": csv_of(block_rows(comparison)),
        "qubits.csv": csv_of(qubit_rows(comparison)),
    }
    for name, text in files.items():
        write_private(folder / name, text.rstrip("\n").encode() + b"\n")
    return folder


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Writes rows of the same keys as CSV, with a line of their names; nothing for no rows."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def qubit_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Lists every qubit of every backend, a row each; an unknown value is empty."""
    return [
        {"address": row.address, "setting": row.setting, "origin": row.origin.value, "shots": row.measures.shots}
        | _qubit(one)
        for row in comparison.backends
        if row.measures
        for one in row.measures.qubits
    ]


def block_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Lists every block with its digest and how its health tests ended."""
    return [block for row in comparison.backends for block in _blocks(row)]


def calibrations(comparison: Comparison) -> dict[str, Any]:
    """Returns every backend as it was described before its first repeat, by label: coupling map and readout errors."""
    return {
        row.label: row.described.model_dump(mode="json", exclude={"gates"})
        for row in comparison.backends
        if row.described
    }


def receipts(comparison: Comparison) -> list[dict[str, Any]]:
    """Says of every block where it came from and what it is credited with; nothing was delivered, nothing is signed."""
    described = calibrations(comparison)
    digests = {label: hashlib.sha256(json.dumps(one).encode()).hexdigest() for label, one in described.items()}
    return [
        {
            "comparison_id": comparison.comparison_id,
            "versions": comparison.versions,
            "origin": row.origin.value,
            "source": row.description,
            "qubits": [one.qubit for one in row.measures.qubits],
            "calibration_sha256": digests.get(row.label),
            "bytes_delivered": 0,
        }
        | block
        for row in comparison.backends
        if row.measures
        for block in _blocks(row)
    ]


def _qubit(one: QubitMeasures) -> dict[str, Any]:
    return {
        "qubit": one.qubit,
        "ones": one.ones,
        "p_one": one.p_one.value,
        "p_one_low": one.p_one.low,
        "p_one_high": one.p_one.high,
        "min_entropy_bits": one.min_entropy_bits.value,
        "min_entropy_bits_low": one.min_entropy_bits.low,
        "min_entropy_bits_high": one.min_entropy_bits.high,
        "most_common_value_bits": one.most_common_value_bits,
        "bound_bits": one.bound_bits,
        "lag_one": one.lag_one.value,
        "lag_one_low": one.lag_one.low,
        "lag_one_high": one.lag_one.high,
        "drift_p_value": one.drift_p_value,
    }


def _blocks(row: ComparedBackend) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(row.repeats, start=1):
        ends = one.model_dump(exclude={"ones"}, mode="json")
        yield {"address": row.address, "setting": row.setting, "repeat": number, "ones": sum(one.ones)} | ends
