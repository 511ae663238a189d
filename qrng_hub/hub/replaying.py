"""From a file of recorded shots to a run file whose only backend is the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.config import RunFile, run_file_from
from qrng_hub.errors import RequestError
from qrng_hub.hub.opening import open_registry
from qrng_hub.protocols import MIN_SHOTS
from qrng_hub.records import Backend

_ADAPTER = "replay"


@dataclass(frozen=True, slots=True)
class Replay:
    """A record that was read, as the only backend of a run file; `adapter` is to be opened with it."""

    run_file: RunFile
    backend: Backend
    adapter: Adapter

    @property
    def shots(self) -> int:
        """The number of shots of the record."""
        return self.backend.max_shots or 0

    @property
    def circuit(self) -> Circuit:
        """The circuit that the record answers."""
        qubits = self.backend.usable_qubits
        return Circuit().h(*qubits).measure(*qubits)


def read_replay(file: str, said: Mapping[str, Any]) -> Replay:
    """Reads a file of shots; `said` are the settings of `[adapters.replay.files]` that it needs.

    A comparison takes all shots in one job. Raises `RequestError` for a record that is too short to be tested, and
    `ConfigError`, `UnknownBackendError` or an `EntropyError` for what is no record of shots.
    """
    address = f"{_ADAPTER}:{file}"
    given = {"version": 1, "adapters": {_ADAPTER: {"files": {file: dict(said)}}}, "backend": [{"address": address}]}
    registry = open_registry(run_file_from(given), SystemClock())
    adapter, name = registry.resolve(address)
    backend = adapter.describe(name)
    shots = backend.max_shots or 0
    if shots < MIN_SHOTS:
        raise RequestError(f"{file} holds {shots:,} shots, and the health tests start up with {MIN_SHOTS:,}: too few")
    return Replay(run_file_from(given | {"compare": {"shots": shots, "repeats": 1}}), backend, adapter.inner)
