"""Cirq's simulators, qsim, Google's quantum virtual machine and Google's processors for qrng_hub."""

from qrng_hub_cirq.adapter import CirqAdapter

__all__ = ["CirqAdapter"]
