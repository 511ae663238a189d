"""How outcomes become entropy that may be counted on: what to run, and what its outcomes are worth."""

from qrng_hub.protocols.superposition import CERTAIN, MIN_SHOTS, Superposition, published_readout

__all__ = ["CERTAIN", "MIN_SHOTS", "Superposition", "published_readout"]
