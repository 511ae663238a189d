"""What a run file may say of Google's processors: `[adapters.cirq]`."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

from qrng_hub.records import Record

PROJECT_ENV = "GOOGLE_CLOUD_PROJECT"


class CirqSettings(Record):
    """Which project of Google Cloud to use; simulators need none.

    No secret is ever written here: the SDK finds Google's application default credentials by itself.
    """

    project_id: Annotated[str, Field(min_length=1)] | None = None
    """The project with access to processors; None for that of the environment variable GOOGLE_CLOUD_PROJECT."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How long to wait for an answer of the service; results may take five times as long."""

    @property
    def project(self) -> str | None:
        """The project to use; None if there is none."""
        return self.project_id or os.environ.get(PROJECT_ENV, "").strip() or None
