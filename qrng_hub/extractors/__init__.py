"""From raw outcomes to bytes: how entropy that is spread thin is concentrated.

What is seeded or takes two sources derives its output length from the min-entropy and epsilon that the
caller claims, and never takes it from the caller. Scipy is loaded when the first bits are extracted.
"""

from qrng_hub.extractors.circulant import circulant
from qrng_hub.extractors.conditioning import DESCRIPTION, INPUT_BITS, OUTPUT_BYTES, condition, shots_per_output
from qrng_hub.extractors.dodis import dodis, dodis_markov
from qrng_hub.extractors.extraction import Extracted, Extraction
from qrng_hub.extractors.toeplitz import ToeplitzLayout, toeplitz, toeplitz_layout
from qrng_hub.extractors.vetted import VettedConditioning, hmac_conditioning, output_entropy, output_entropy_deficit
from qrng_hub.extractors.von_neumann import von_neumann

__all__ = [
    "DESCRIPTION",
    "INPUT_BITS",
    "OUTPUT_BYTES",
    "Extracted",
    "Extraction",
    "ToeplitzLayout",
    "VettedConditioning",
    "circulant",
    "condition",
    "dodis",
    "dodis_markov",
    "hmac_conditioning",
    "output_entropy",
    "output_entropy_deficit",
    "shots_per_output",
    "toeplitz",
    "toeplitz_layout",
    "von_neumann",
]
