"""Outcomes out of Qiskit's results, one way for the simulators and for the cloud."""

from __future__ import annotations

from typing import Any

from qrng_hub.bits import Packed, from_integer_shots
from qrng_hub.circuits import Circuit

#: the one classical register of a translated circuit; bit j is the circuit's `measured[j]`
REGISTER = "meas"


def shot_table(result: Any, circuit: Circuit) -> Packed:
    """Takes the outcomes of `circuit` from a pub's result (a `SamplerPubResult`), in the hub's layout."""
    return from_integer_shots(getattr(result.data, REGISTER).array, len(circuit.measured))
