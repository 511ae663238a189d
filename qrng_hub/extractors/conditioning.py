"""Conditioning by SHA-512: each 64 output bytes come from whole shots that carry 576 estimated bits.

The input carries 64 bits more than the output, so nothing is expanded.
"""

from __future__ import annotations

import math
from hashlib import sha512

from qrng_hub.bits import Packed
from qrng_hub.errors import InsufficientEntropyError

OUTPUT_BYTES = 64
INPUT_BITS = 8 * OUTPUT_BYTES + 64
DESCRIPTION = f"SHA-512 over whole shots of at least {INPUT_BITS} estimated bits for each {OUTPUT_BYTES} bytes"


def shots_per_output(estimated_bits_per_shot: float) -> int:
    """Returns how many shots each 64 bytes take; raises `InsufficientEntropyError` if shots carry nothing."""
    if not estimated_bits_per_shot > 0:
        raise InsufficientEntropyError(
            "no entropy shows in the shots: their outcomes are all alike, or too few; ask for more shots"
        )
    return math.ceil(INPUT_BITS / estimated_bits_per_shot)


def condition(outcomes: Packed, shots_each: int) -> bytes:
    """Hashes each `shots_each` rows of a shot table to 64 bytes; rows that do not fill a group are dropped."""
    groups, row = outcomes.shape[0] // shots_each, outcomes.shape[1]
    step = shots_each * row
    data = outcomes.data.cast("B")
    return b"".join([sha512(data[start : start + step]).digest() for start in range(0, groups * step, step)])
