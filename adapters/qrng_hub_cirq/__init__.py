"""Cirq's simulators, qsim and Google's quantum virtual machine for qrng_hub."""

from qrng_hub_cirq.adapter import CirqAdapter

__all__ = ["CirqAdapter"]
