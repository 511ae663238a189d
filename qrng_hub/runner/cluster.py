"""Which executors may see raw outcomes, secrets that must not cross a network in the clear; and which broke."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError, Executor
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from qrng_hub.errors import ConfigError

#: the workers of an executor that were seen to keep results in memory alone
_keep_in_memory: WeakKeyDictionary[Executor, set[str]] = WeakKeyDictionary()
#: how Dask talks so that nobody else reads it: over TLS, or not at all
_PRIVATE = ("tls", "inproc")


def require_private(executor: Executor) -> None:
    """Raises `ConfigError` for Dask's executor if its scheduler or a worker listens without TLS, or a worker may spill.

    Also on this host: whoever has an account on it may connect to a port. What a worker spills, outputs with their
    seeds, stays on its disk if it is killed. Other executors are taken as they are: those of the standard library talk
    over pipes that are theirs alone.
    """
    client = getattr(executor, "_client", None)
    if client is None or not hasattr(client, "scheduler_info"):
        return
    workers = list(client.scheduler_info(n_workers=-1)["workers"])
    for address in (client.scheduler.address, *workers):
        if urlsplit(address).scheme not in _PRIVATE:
            raise ConfigError(
                f"the Dask cluster at {address} does not use TLS, and raw outcomes are secrets: give its scheduler,"
                " workers and client a distributed.security.Security with require_encryption=True"
            )
    if new := [address for address in workers if address not in _keep_in_memory.setdefault(executor, set())]:
        _require_in_memory(client, new)
        _keep_in_memory[executor] |= set(new)


def _require_in_memory(client: Any, workers: list[str]) -> None:
    """Asks these workers how they keep results; raises `ConfigError` for one that may write them to its disk."""
    for address, may_spill in client.run(_may_spill, workers=workers).items():
        if may_spill:
            raise ConfigError(
                f"the Dask worker at {address} may write outputs, which are secrets, to its disk: start workers with"
                " distributed.worker.memory.target and distributed.worker.memory.spill set to False in Dask's"
                " configuration, or with no memory limit"
            )


def _may_spill(dask_worker: Any) -> bool:
    """Runs on a worker, which Dask gives: whether it keeps results elsewhere than in a dictionary."""
    return not isinstance(dask_worker.data, dict)


def broke(error: Exception) -> bool:
    """Whether the executor failed, and not what it was to run: its workers died, or its scheduler is gone."""
    of_dask = type(error).__module__.partition(".")[0] == "distributed"
    return of_dask or isinstance(error, (BrokenExecutor, CancelledError))
