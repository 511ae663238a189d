"""The embedded default of qrng_hub: the stabilizer simulator stim, in this process."""

from qrng_hub_local.adapter import LocalAdapter

__all__ = ["LocalAdapter"]
