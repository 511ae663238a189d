"""The settings of IBM's adapter in a run file, `[adapters.ibm]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from qrng_hub.records import Record


class IBMSettings(Record):
    """Which account of IBM Quantum Platform to use; simulators need none.

    No secret is ever written here: `token_env` is the name of the environment variable that holds
    the API key. An error does not quote what was written, in case that was the key itself.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    channel: Literal["ibm_quantum_platform", "ibm_cloud"] = "ibm_quantum_platform"
    """The platform that the account belongs to."""
    instance: str | None = None
    """The instance's name or CRN; None leaves the choice to the account."""
    token_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "QISKIT_IBM_TOKEN"  # noqa: S105 - a name
    """The environment variable with the API key."""
    runtime_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """The base of the service's API; None for IBM's own."""
