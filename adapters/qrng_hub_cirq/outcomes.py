"""Outcomes out of a result of Google's service, if they are those that were asked for.

A result names the qubit of each row of bits. The SDK's `EngineJob.results` takes the rows as they
come; here they are put in the order of the program's measurement.
"""

from __future__ import annotations

from typing import Any

import cirq_google
from cirq_google.api import v2

from qrng_hub.bits import Packed, pack_shots, row_bytes
from qrng_hub.errors import VendorError
from qrng_hub.records import JobSpec
from qrng_hub_cirq.processors import KEY


def shot_table(result: Any, program: Any, spec: JobSpec) -> Packed:
    """Takes the outcomes from a result (an `Any` message), packed; raises `VendorError` if they are others."""
    message = cirq_google.engine.util.unpack_any(result, v2.result_pb2.Result())
    (measurement,) = v2.find_measurements(program)
    if len(measurement.qubits) != len(spec.circuits[0].measured):
        raise VendorError(
            f"job {spec.key} at Google measures {len(measurement.qubits)} qubits, not {len(spec.circuits[0].measured)}"
        )
    _require_shots(message, spec)
    _require_qubits(message, measurement.qubits, spec)
    ((outcomes,),) = v2.results_from_proto(message, [measurement])
    return pack_shots(outcomes.measurements[KEY])


def _require_shots(message: Any, spec: JobSpec) -> None:
    runs = [run for sweep in message.sweep_results for run in sweep.parameterized_results]
    if len(message.sweep_results) != 1 or len(runs) != 1 or len(runs[0].measurement_results) != 1:
        raise VendorError(f"Google returned the outcomes of {len(runs)} runs, not of one with one measurement")
    if (shots := message.sweep_results[0].repetitions) != spec.shots:
        raise VendorError(f"Google returned {shots} shots, not {spec.shots}")


def _require_qubits(message: Any, qubits: list[Any], spec: JobSpec) -> None:
    measured = message.sweep_results[0].parameterized_results[0].measurement_results[0]
    rows = measured.qubit_measurement_results
    found = sorted(v2.grid_qubit_from_proto_id(row.qubit.id) for row in rows)
    if measured.key != KEY or measured.instances > 1 or found != sorted(qubits):
        raise VendorError(f"Google returned the outcomes of qubits {found}, not {sorted(qubits)}")
    if {len(row.results) for row in rows} != {row_bytes(spec.shots)}:
        raise VendorError(f"Google returned outcomes that are not {spec.shots} bits a qubit")
