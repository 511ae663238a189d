"""AWS Braket in qrng_hub: local simulators, emulators of its devices, and its cloud."""

from qrng_hub_braket.adapter import BraketAdapter

__all__ = ["BraketAdapter"]
