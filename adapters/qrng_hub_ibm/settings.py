"""What a run file may say of IBM: `[adapters.ibm]` and `[backend.options]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationError

from qrng_hub.errors import RequestError
from qrng_hub.records import WHOLE, JobSpec, Record
from qrng_hub.validation import first_problem


class IBMSettings(Record):
    """Which account of IBM Quantum Platform to use; simulators need none.

    No secret is ever written here: `token_env` is the name of the environment variable that holds
    the API key. An error does not quote what was written, in case that was the key itself.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    channel: Literal["ibm_quantum_platform", "ibm_cloud"] = "ibm_quantum_platform"
    """The platform that the account belongs to."""
    instance: str | None = None
    """The instance's name or CRN; None is enough for an account with one instance only."""
    token_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "QISKIT_IBM_TOKEN"  # noqa: S105 - a name
    """The environment variable with the API key."""
    runtime_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """The base of the service's API; None for IBM's own."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How long to wait for an answer of the service; compiling and results may take five times as long."""


class IBMOptions(Record):
    """How a device of IBM runs a job; the simulators take no notice."""

    private: bool = False
    """Whether IBM keeps nothing: outcomes can be read once only, and are then deleted."""
    rep_delay: Annotated[float, Field(ge=0)] | None = None
    """Seconds between a shot and the next, within the device's range; None for the device's default."""
    max_execution_time: Annotated[int, Field(ge=1, strict=True), WHOLE] | None = None
    """Seconds of the device's time after which IBM stops the job; they bound its cost."""


def options_of(spec: JobSpec) -> IBMOptions:
    """Reads a job's options; raises `RequestError` if one of them is wrong."""
    try:
        return IBMOptions.model_validate(spec.options)
    except ValidationError as error:
        raise RequestError(f"the options of a job on {spec.address} are wrong: {first_problem(error)}") from error
