"""Finds the adapters by their entry points, once, and makes each when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from qrng_hub.adapter import Adapter, GuardedAdapter
from qrng_hub.clock import Clock
from qrng_hub.errors import AdapterConflictError, AdapterError, UnknownNameError
from qrng_hub.records import Backend
from qrng_hub.validation import nearest, validated

GROUP = "qrng_hub.adapters"


class Registry:
    """The adapters of a hub, by name; safe for any number of threads.

    `settings` are the tables `[adapters.NAME]` of the run file, `adapters` ready-made ones that go
    before the installed.
    """

    def __init__(
        self, settings: Mapping[str, Mapping[str, Any]], clock: Clock, adapters: Iterable[Adapter] = ()
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._adapters = {adapter.name: GuardedAdapter(adapter) for adapter in adapters}
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """Lists the adapters, ready-made and installed."""
        return tuple(sorted({*self._adapters, *_installed()}))

    def adapter_class(self, name: str) -> type[Adapter]:
        """Returns an adapter's class without making one; raises `UnknownNameError`."""
        if name in self._adapters:
            return type(self._adapters[name].inner)
        if name not in _installed():
            raise UnknownNameError(f"there is no adapter {name!r}{nearest(name, self.names())}")
        try:
            loaded: type[Adapter] = _installed()[name].load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise AdapterError(f"the adapter {name!r}, {_origin(_installed()[name])}, is broken: {reason}") from error
        return loaded

    def adapter(self, name: str) -> GuardedAdapter:
        """Returns the adapter, guarded; it is made and its settings are checked at the first call.

        Raises `UnknownNameError`, and `ConfigError` for wrong settings.
        """
        with self._lock:
            if name not in self._adapters:
                cls = self.adapter_class(name)
                settings = validated(cls.settings_model, self._settings.get(name, {}), f"adapters.{name}")
                self._adapters[name] = GuardedAdapter(cls(settings, self._clock))
            return self._adapters[name]

    def resolve(self, address: str) -> tuple[GuardedAdapter, str]:
        """Splits `adapter:name` into the adapter and the backend's name; raises `UnknownNameError`."""
        adapter, colon, name = str(address).partition(":")
        if not colon or not name:
            raise UnknownNameError(f"{address!r} is not a backend address; write adapter:name, for example local:stim")
        return self.adapter(adapter), name

    def describe(self, address: str) -> Backend:
        """Describes the backend at an address."""
        adapter, name = self.resolve(address)
        return adapter.describe(name)

    def check_options(self, address: str, options: Mapping[str, Any], where: str) -> None:
        """Raises `ConfigError` unless `[backend.options]` fits the adapter's model."""
        adapter, _ = self.resolve(address)
        if options:
            validated(adapter.inner.options_model, options, where)

    def after_fork(self) -> None:
        """Frees a lock that a thread of the parent of a forked process may have held."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Closes every adapter that was made."""
        with self._lock:
            for adapter in self._adapters.values():
                adapter.close()


@cache
def _installed() -> dict[str, EntryPoint]:
    """Scans the entry points, which takes 5 to 10 ms, once a process."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise AdapterConflictError(
                f"two installed packages claim the adapter name {point.name!r}: {_origin(other)} and {_origin(point)};"
                " uninstall one"
            )
    return found


def _origin(point: EntryPoint) -> str:
    return f"{point.value} (of {point.dist.name if point.dist else 'an unknown distribution'})"
