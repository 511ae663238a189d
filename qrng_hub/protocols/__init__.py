"""How outcomes become entropy that may be counted on: what to run, and what its outcomes are worth."""

from qrng_hub.protocols.superposition import MIN_SHOTS, Superposition

__all__ = ["MIN_SHOTS", "Superposition"]
