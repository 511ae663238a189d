"""AWS Braket in qrng_hub: its local simulators and emulators of its devices, in this process."""

from qrng_hub_braket.adapter import BraketAdapter

__all__ = ["BraketAdapter"]
