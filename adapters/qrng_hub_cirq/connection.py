"""The way to Google's Quantum Engine: connects late and waits no longer than allowed."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from qrng_hub.adapter import load_sdk, with_deadline
from qrng_hub.errors import AuthenticationError
from qrng_hub_cirq.errors import ENGINE_ERRORS
from qrng_hub_cirq.settings import PROJECT_ENV, CirqSettings
from qrng_hub_cirq.simulation import EXTRA, SDK_PACKAGES

Result = TypeVar("Result")
#: makes a `cirq_google.Engine` for a project, given how many seconds a question may take
OpenEngine = Callable[[str, float], Any]
#: results are large
LONG_PATIENCE = 5.0


class Connection:
    """Asks `qrng_hub_cirq.client.Client`, which it makes at the first question; threads may share it."""

    def __init__(self, settings: CirqSettings, open_engine: OpenEngine | None = None) -> None:
        self.settings = settings
        self._open_engine = open_engine
        self._client: Any = None
        self._lock = Lock()

    @property
    def is_configured(self) -> bool:
        """Whether there is a project."""
        return self.settings.project is not None

    def ask(self, doing: str, question: Callable[[Any], Result], patience: float = 1.0) -> Result:
        """Returns the client's answer; `patience` times the timeout is what it may take.

        Raises the hub's errors only.
        """
        client = self._connected()
        with ENGINE_ERRORS.at_the_border(doing):
            return with_deadline(lambda: question(client), patience * self.settings.timeout_seconds, f"Google, {doing}")

    def close(self) -> None:
        """Closes the connection; the next question opens another."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            with ENGINE_ERRORS.at_the_border("closing the connection"):
                with_deadline(client.close, self.settings.timeout_seconds, "Google, closing the connection")

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                project = self._required_project()
                sdk = load_sdk("qrng_hub_cirq.client", EXTRA, SDK_PACKAGES)
                with ENGINE_ERRORS.at_the_border("opening the engine"):
                    engine = (self._open_engine or sdk.open_engine)(project, self.settings.timeout_seconds)
                self._client = sdk.Client(engine)
            return self._client

    def _required_project(self) -> str:
        if project := self.settings.project:
            return project
        raise AuthenticationError(
            "a processor of Google needs a project with access to it: set adapters.cirq.project_id in the run file, or"
            f" the environment variable {PROJECT_ENV}, or use a simulator: cirq:simulator or cirq:qvm/willow_pink"
        )
