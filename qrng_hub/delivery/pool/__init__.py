"""A pool of delivered bytes, encrypted at rest, from which each byte leaves once."""

from qrng_hub.delivery.pool.keys import KeyFile, KeyringEntry, KeySource
from qrng_hub.delivery.pool.records import PoolSource, PoolStatus, Taken
from qrng_hub.delivery.pool.refiller import Refiller
from qrng_hub.delivery.pool.store import Pool, default_folder

__all__ = [
    "KeyFile",
    "KeySource",
    "KeyringEntry",
    "Pool",
    "PoolSource",
    "PoolStatus",
    "Refiller",
    "Taken",
    "default_folder",
]
