"""From raw outcomes to bytes: how entropy that is spread thin is concentrated.

What is seeded or takes two sources derives its output length from the min-entropy and epsilon that the
caller claims, and never takes it from the caller. Scipy is loaded when the first bits are extracted.
"""

from qrng_hub.extractors.circulant import circulant
from qrng_hub.extractors.dodis import dodis, dodis_markov
from qrng_hub.extractors.extraction import Extracted
from qrng_hub.extractors.shots import DESCRIPTION, OUTPUT_BYTES, extract_shots, layout_of, outputs_from, overhead_bits
from qrng_hub.extractors.toeplitz import BLOCK_BITS, ToeplitzLayout, toeplitz, toeplitz_layout
from qrng_hub.extractors.vetted import VettedConditioning, hmac_conditioning, output_entropy, output_entropy_deficit
from qrng_hub.extractors.von_neumann import von_neumann

__all__ = [
    "BLOCK_BITS",
    "DESCRIPTION",
    "OUTPUT_BYTES",
    "Extracted",
    "ToeplitzLayout",
    "VettedConditioning",
    "circulant",
    "dodis",
    "dodis_markov",
    "extract_shots",
    "hmac_conditioning",
    "layout_of",
    "output_entropy",
    "output_entropy_deficit",
    "outputs_from",
    "overhead_bits",
    "toeplitz",
    "toeplitz_layout",
    "von_neumann",
]
