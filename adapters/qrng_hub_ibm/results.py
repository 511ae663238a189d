"""Outcomes out of Qiskit's results, one way for the simulators and for the cloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qrng_hub.bits import Packed, from_integer_shots
from qrng_hub.circuits import Circuit
from qrng_hub.errors import ReconstructedMeasurementsError, VendorError

#: the one classical register of a translated circuit; bit j is the circuit's `measured[j]`
REGISTER = "meas"
#: under this name a circuit's metadata say which qubits it measures; IBM returns them with the outcomes
MEASURED = "qrng_hub_measured"


def shot_table(result: Any, circuit: Circuit) -> Packed:
    """Takes the outcomes of `circuit` from a pub's result (a `SamplerPubResult`), in the hub's layout."""
    return from_integer_shots(getattr(result.data, REGISTER).array, len(circuit.measured))


def cloud_tables(result: Any, circuits: Sequence[Circuit], shots: int) -> list[Packed]:
    """Takes the outcomes of a cloud's job (a `PrimitiveResult`) if they are those of `circuits`, as measured.

    Raises `ReconstructedMeasurementsError` for outcomes that are not one bit a shot as read from the
    device, and `VendorError` for another number of circuits or shots, or other qubits.
    """
    if result is None:
        raise VendorError("IBM returned nothing: the outcomes of a private job can be read once only")
    options = result.metadata.get("options", {})
    kind, twirling = options.get("execution", {}).get("meas_type"), options.get("twirling", {})
    if kind != "classified" or twirling.get("enable_measure") or twirling.get("enable_gates"):
        raise ReconstructedMeasurementsError(f"IBM returned outcomes that are {kind or 'of no known kind'}, or twirled")
    if len(result) != len(circuits):
        raise VendorError(f"IBM returned the outcomes of {len(result)} circuits, not {len(circuits)}")
    return [_checked(pub, circuit, shots) for pub, circuit in zip(result, circuits, strict=True)]


def _checked(pub: Any, circuit: Circuit, shots: int) -> Packed:
    measured = pub.metadata["circuit_metadata"].get(MEASURED)
    if measured != list(circuit.measured):
        raise VendorError(f"IBM returned the outcomes of qubits {measured}, not {list(circuit.measured)}")
    array = getattr(pub.data, REGISTER)
    if (array.num_shots, array.num_bits) != (shots, len(circuit.measured)):
        raise VendorError(
            f"IBM returned {array.num_shots} shots of {array.num_bits} bits, not {shots} of {len(circuit.measured)}"
        )
    return shot_table(pub, circuit)
