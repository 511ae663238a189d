"""What an adapter's author tests with: the contract suite, scripted backends, devices with faults, a frozen clock.

Names are imported when they are first used: only the contract suite takes pytest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qrng_hub.testing.clock import FrozenClock as FrozenClock
    from qrng_hub.testing.contract import AdapterContract as AdapterContract
    from qrng_hub.testing.injection import inject as inject
    from qrng_hub.testing.scripted import Script as Script
    from qrng_hub.testing.scripted import ScriptedAdapter as ScriptedAdapter
    from qrng_hub.testing.shot_devices import ShotDevices as ShotDevices
    from qrng_hub.testing.shots import FaultyShots as FaultyShots
    from qrng_hub.testing.shots import RecordedShots as RecordedShots
    from qrng_hub.testing.shots import ReplayedShots as ReplayedShots
    from qrng_hub.testing.trial import FaultTrial as FaultTrial

_HOME = {
    "AdapterContract": "contract",
    "FaultTrial": "trial",
    "FaultyShots": "shots",
    "FrozenClock": "clock",
    "RecordedShots": "shots",
    "ReplayedShots": "shots",
    "Script": "scripted",
    "ScriptedAdapter": "scripted",
    "ShotDevices": "shot_devices",
    "inject": "injection",
}
__all__ = sorted(_HOME)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qrng_hub.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"qrng_hub.testing.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
