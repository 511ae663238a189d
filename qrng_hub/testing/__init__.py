"""What an adapter's author tests with: the contract suite, a scripted adapter and a frozen clock."""

from qrng_hub.testing.clock import FrozenClock
from qrng_hub.testing.contract import AdapterContract
from qrng_hub.testing.scripted import Script, ScriptedAdapter

__all__ = ["AdapterContract", "FrozenClock", "Script", "ScriptedAdapter"]
