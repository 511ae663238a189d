"""XOR of independent outputs: as unpredictable as the least predictable of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import reduce

from qrng_hub.bits import xor_bytes


def xor_all(outputs: Sequence[bytes]) -> bytes:
    """XORs outputs of equal length; raises `ValueError` if they differ in length or there is none."""
    if not outputs:
        raise ValueError("there is no output to XOR")
    return reduce(xor_bytes, outputs)


def mix_with_os(output: bytes) -> bytes:
    """XORs an output with as many bytes of the operating system's generator."""
    return xor_bytes(output, os.urandom(len(output)))
