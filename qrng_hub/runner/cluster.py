"""Which executors may see raw outcomes: they are secrets, and must not cross a network in the clear."""

from __future__ import annotations

from concurrent.futures import Executor
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from qrng_hub.errors import ConfigError


def require_private(executor: Executor) -> None:
    """Raises `ConfigError` for Dask's executor if its scheduler or a worker talks off this host without TLS.

    Other executors are taken as they are: those of the standard library stay on this host.
    """
    client = getattr(executor, "_client", None)
    if client is None or not hasattr(client, "scheduler_info"):
        return
    for address in _addresses(client):
        if not _is_private(address):
            raise ConfigError(
                f"the Dask cluster at {address} does not use TLS, and raw outcomes are secrets: give its scheduler,"
                " workers and client a distributed.security.Security with require_encryption=True"
            )


def _addresses(client: Any) -> list[str]:
    """Lists where a Dask client's scheduler and its workers listen."""
    return [client.scheduler.address, *client.scheduler_info(n_workers=-1)["workers"]]


def _is_private(address: str) -> bool:
    place = urlsplit(address)
    if place.scheme in ("tls", "inproc"):
        return True
    try:
        return ip_address(place.hostname or "").is_loopback
    except ValueError:
        return place.hostname == "localhost"
