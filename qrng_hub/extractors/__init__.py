"""From raw outcomes to bytes: how entropy that is spread thin is concentrated."""

from qrng_hub.extractors.conditioning import DESCRIPTION, INPUT_BITS, OUTPUT_BYTES, condition, shots_per_output

__all__ = ["DESCRIPTION", "INPUT_BITS", "OUTPUT_BYTES", "condition", "shots_per_output"]
