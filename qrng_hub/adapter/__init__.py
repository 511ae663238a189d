"""The contract that every vendor's adapter fulfils, and what adapters share."""

from qrng_hub.adapter.border import VendorErrors, load_sdk, named, with_deadline
from qrng_hub.adapter.composite import CompositeAdapter
from qrng_hub.adapter.contract import Adapter, NoSettings
from qrng_hub.adapter.ends import no_outcomes, understood
from qrng_hub.adapter.guard import GuardedAdapter
from qrng_hub.adapter.in_process import InProcessAdapter
from qrng_hub.adapter.limits import require_supported, unknown_backend

__all__ = [
    "Adapter",
    "CompositeAdapter",
    "GuardedAdapter",
    "InProcessAdapter",
    "NoSettings",
    "VendorErrors",
    "load_sdk",
    "named",
    "no_outcomes",
    "require_supported",
    "understood",
    "unknown_backend",
    "with_deadline",
]
