"""IBM Quantum for qrng_hub: Aer, and the calibration snapshots of IBM's devices."""

from qrng_hub_ibm.adapter import IBMAdapter

__all__ = ["IBMAdapter"]
