"""The way to IBM's cloud: connects late, waits no longer than allowed, and logs in again when a token expired."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Event, Lock
from typing import Any, TypeVar

from qrng_hub.adapter import load_sdk, with_deadline
from qrng_hub.clock import Clock
from qrng_hub.errors import AuthenticationError, ServiceUnreachableError
from qrng_hub_ibm.errors import ERRORS
from qrng_hub_ibm.local import SDK_PACKAGES
from qrng_hub_ibm.settings import IBMSettings

Result = TypeVar("Result")
#: results are large, and compiling takes its time
LONG_PATIENCE = 5.0
#: what is waited between attempts to log in, in seconds
_LOG_IN_PAUSES = (0.5, 1.0)


class Connection:
    """Asks `qrng_hub_ibm.client.Client`, which it makes at the first question; threads may share it."""

    def __init__(self, settings: IBMSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._client: Any = None
        self._lock = Lock()

    @property
    def is_configured(self) -> bool:
        """Whether there is an API key."""
        return bool(self._token())

    def ask(self, doing: str, question: Callable[[Any], Result], patience: float = 1.0) -> Result:
        """Returns the client's answer; `patience` times the timeout is what it may take.

        Raises the hub's errors only. A refused token is replaced, once.
        """
        known = self._client
        try:
            return self.ask_once(doing, question, patience)
        except AuthenticationError:
            if known is None:
                raise
        self._forget(known)
        return self.ask_once(doing, question, patience)

    def ask_once(self, doing: str, question: Callable[[Any], Result], patience: float = 1.0) -> Result:
        """Asks as `ask` does, but never twice: for what must not happen twice."""
        return self._put(self._connected(), doing, question, patience)

    def _put(self, client: Any, doing: str, question: Callable[[Any], Result], patience: float) -> Result:
        with ERRORS.at_the_border(doing):
            return with_deadline(lambda: question(client), patience * self.settings.timeout_seconds, f"IBM, {doing}")

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                sdk = load_sdk("qrng_hub_ibm.client", "ibm", SDK_PACKAGES)
                token = self._required_token()
                self._client = self._log_in(sdk, token)
            return self._client

    def _log_in(self, sdk: Any, token: str) -> Any:
        """Logs in, and again after an error of the service that passes; nothing is made by it."""
        for pause in _LOG_IN_PAUSES:
            try:
                return self._put(sdk, "logging in", lambda sdk: sdk.Client(self.settings, token, self._clock), 1.0)
            except ServiceUnreachableError as error:
                if error.__cause__ is None:  # the time is over
                    raise
                self._clock.sleep(pause, Event())
        return self._put(sdk, "logging in", lambda sdk: sdk.Client(self.settings, token, self._clock), 1.0)

    def _forget(self, client: Any) -> None:
        with self._lock:
            if self._client is client:
                self._client = None

    def _token(self) -> str:
        return os.environ.get(self.settings.token_env, "").strip()

    def _required_token(self) -> str:
        if token := self._token():
            return token
        raise AuthenticationError(
            f"a device of IBM needs an API key: set the environment variable {self.settings.token_env}, or use a"
            " simulator: ibm:aer or ibm:snapshot/<device>"
        )
