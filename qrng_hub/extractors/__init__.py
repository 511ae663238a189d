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
from qrng_hub.extractors.whole import (
    MOST_WHOLE_BITS,
    extract_two_source,
    extract_whole,
    second_source_bits,
    two_source_bits,
    whole_bits,
)

__all__ = [
    "BLOCK_BITS",
    "DESCRIPTION",
    "MOST_WHOLE_BITS",
    "OUTPUT_BYTES",
    "Extracted",
    "ToeplitzLayout",
    "VettedConditioning",
    "circulant",
    "dodis",
    "dodis_markov",
    "extract_shots",
    "extract_two_source",
    "extract_whole",
    "hmac_conditioning",
    "layout_of",
    "output_entropy",
    "output_entropy_deficit",
    "outputs_from",
    "overhead_bits",
    "second_source_bits",
    "toeplitz",
    "toeplitz_layout",
    "two_source_bits",
    "von_neumann",
    "whole_bits",
]
