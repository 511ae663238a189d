"""The options of a local backend in a run file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from qrng_hub.records import Record

Probability = Annotated[float, Field(ge=0, le=1)]


class LocalOptions(Record):
    """A readout-flip model: P(1 | state 0) and P(0 | state 1), one value for all qubits or one for each.

    A list names the qubits 0, 1, 2, ...; qubits beyond its end are read without error.
    """

    flip_0_to_1: Probability | tuple[Probability, ...] = 0.0
    flip_1_to_0: Probability | tuple[Probability, ...] = 0.0

    def flips(self, qubit: int) -> tuple[float, float]:
        """Returns both flip probabilities of a qubit."""
        return _of(self.flip_0_to_1, qubit), _of(self.flip_1_to_0, qubit)


def _of(model: float | tuple[float, ...], qubit: int) -> float:
    if isinstance(model, tuple):
        return model[qubit] if qubit < len(model) else 0.0
    return model
