"""What a run file says of the records that are replayed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qrng_hub.records import WHOLE, Record

Format = Literal["npy", "bits", "csv", "ibm", "braket"]
Text = Annotated[str, Field(min_length=1)]


class RecordSettings(Record):
    """`[adapters.replay.files."FILE"]`: what a file does not say of itself."""

    format: Format | None = None
    """npy: packed shots; bits: a line of digits a shot; csv; ibm: a SamplerV2 job's JSON; braket: results.json."""
    qubits: Annotated[int, Field(ge=1, le=65_536, strict=True), WHOLE] | None = None
    """How many there are: needed where the shots are packed or stand in one line."""
    qubit_0: Literal["left", "right"] | None = None
    """Which end of a shot is qubit 0: left as Cirq and Braket print it, right as Qiskit does."""
    part: Annotated[int, Field(ge=0, strict=True), WHOLE] | None = None
    """Which of several circuits, from 0 on, in a job's JSON."""
    skip: Annotated[int, Field(ge=0, strict=True)] = 0
    """How many shots at the beginning are left out, such as those that an earlier draw used up."""
    device: str = ""
    """What measured the shots, in the words of whoever says so."""
    claimed_bits_per_shot: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """The min-entropy that somebody vouches for; it is shown beside the bound and never credited."""
    claimed_by: Text | None = None
    """Who vouches for it."""

    @model_validator(mode="after")
    def _a_claim_has_a_name(self) -> Self:
        if (self.claimed_bits_per_shot is None) != (self.claimed_by is None):
            raise ValueError(
                "claimed_bits_per_shot and claimed_by go together: what is claimed, and who vouches for it"
            )
        return self


class ReplaySettings(Record):
    """`[adapters.replay]`: the records, by the names of their files."""

    files: dict[Text, RecordSettings] = Field(default_factory=dict)
