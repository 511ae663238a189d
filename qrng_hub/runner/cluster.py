"""Which executors may see raw outcomes, secrets that must not cross a network in the clear; and which broke."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError, Executor
from typing import Any
from urllib.parse import urlsplit

from qrng_hub.errors import ConfigError

#: how Dask talks so that nobody else reads it: over TLS, or not at all
_PRIVATE = ("tls", "inproc")


def require_private(executor: Executor) -> None:
    """Raises `ConfigError` for Dask's executor if its scheduler or a worker listens without TLS.

    Also on this host: whoever has an account on it may connect to a port. Other executors are taken as they are: those
    of the standard library talk over pipes that are theirs alone.
    """
    client = getattr(executor, "_client", None)
    if client is None or not hasattr(client, "scheduler_info"):
        return
    for address in _addresses(client):
        if urlsplit(address).scheme not in _PRIVATE:
            raise ConfigError(
                f"the Dask cluster at {address} does not use TLS, and raw outcomes are secrets: give its scheduler,"
                " workers and client a distributed.security.Security with require_encryption=True"
            )


def _addresses(client: Any) -> list[str]:
    """Lists where a Dask client's scheduler and its workers listen."""
    return [client.scheduler.address, *client.scheduler_info(n_workers=-1)["workers"]]


def broke(error: Exception) -> bool:
    """Whether the executor failed, and not what it was to run: its workers died, or its scheduler is gone."""
    of_dask = type(error).__module__.partition(".")[0] == "distributed"
    return of_dask or isinstance(error, (BrokenExecutor, CancelledError))
