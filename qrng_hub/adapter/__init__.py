"""The contract that every vendor's adapter fulfils, and what adapters share."""

from qrng_hub.adapter.border import VendorErrors, before_sending, load_sdk, named, refuses, with_deadline
from qrng_hub.adapter.composite import CompositeAdapter
from qrng_hub.adapter.contract import Adapter, NoSettings
from qrng_hub.adapter.ends import looked_at, looked_at_together, no_outcomes, understood
from qrng_hub.adapter.guard import GuardedAdapter
from qrng_hub.adapter.in_process import InProcessAdapter
from qrng_hub.adapter.limits import require_in_time, require_supported, unknown_backend

__all__ = [
    "Adapter",
    "CompositeAdapter",
    "GuardedAdapter",
    "InProcessAdapter",
    "NoSettings",
    "VendorErrors",
    "before_sending",
    "load_sdk",
    "looked_at",
    "looked_at_together",
    "named",
    "no_outcomes",
    "refuses",
    "require_in_time",
    "require_supported",
    "understood",
    "unknown_backend",
    "with_deadline",
]
