"""One Python API for random numbers from any quantum computer.

Public names are imported when they are first used, so that `import qrng_hub` loads nothing else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qrng_hub.adapter import Adapter as Adapter
    from qrng_hub.circuits import Circuit as Circuit
    from qrng_hub.config import RunFile as RunFile
    from qrng_hub.errors import QRNGError as QRNGError
    from qrng_hub.errors import SimulatedFallbackWarning as SimulatedFallbackWarning
    from qrng_hub.hub import Hub as Hub
    from qrng_hub.records import Backend as Backend
    from qrng_hub.records import Draw as Draw
    from qrng_hub.records import Receipt as Receipt

__version__ = "0.1.0"

_HOME = {
    "Adapter": "adapter",
    "Backend": "records",
    "Circuit": "circuits",
    "Draw": "records",
    "Hub": "hub",
    "QRNGError": "errors",
    "Receipt": "records",
    "RunFile": "config",
    "SimulatedFallbackWarning": "errors",
}
__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qrng_hub' has no attribute {name!r}")
    return getattr(importlib.import_module(f"qrng_hub.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
