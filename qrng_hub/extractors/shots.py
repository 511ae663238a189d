"""Toeplitz hashing of a table of shots: each Toeplitz block is of whole shots, with a fresh seed for the table."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from qrng_hub.bits import Packed, unpack_shots
from qrng_hub.errors import InsufficientEntropyError
from qrng_hub.extractors.bounds import leftover_hash_bits
from qrng_hub.extractors.toeplitz import BLOCK_BITS, MOST_BLOCK_BITS, toeplitz, toeplitz_layout
from qrng_hub.records import Extraction

OUTPUT_BYTES = 64
"""The unit of what a table gives: whole pieces of 64 bytes."""
DESCRIPTION = "Toeplitz hashing of whole shots (leftover hash lemma), one seed a job"
_ROWS_PACKED_AT_ONCE = 2**17


class Layout(NamedTuple):
    """How a table of shots is cut: so many blocks, each of so many shots."""

    blocks: int
    shots: int


def layout_of(shots: int, qubits: int, bits_per_shot: float, epsilon_per_block: float) -> Layout:
    """Cuts a table into blocks of whole bytes and whole shots that leave little over.

    They are of about 65,536 bits, or larger where so many would not give 64 bytes each.
    """
    worth = 8 * OUTPUT_BYTES + overhead_bits(epsilon_per_block) + 8 * bits_per_shot
    most = min(round(shots * qubits / BLOCK_BITS), shots // 8, math.floor(shots * bits_per_shot / worth))
    blocks = max(1, most, math.ceil(shots * qubits / MOST_BLOCK_BITS))
    return Layout(blocks, shots // blocks // 8 * 8)


def outputs_from(shots: int, qubits: int, bits_per_shot: float, epsilon_per_block: float) -> int:
    """Returns how many pieces of 64 bytes a table gives whose shots carry so many bits of min-entropy.

    None if a block would not give one: the epsilon of a draw is shared out over its pieces.
    """
    cut = layout_of(shots, qubits, bits_per_shot, epsilon_per_block)
    most = leftover_hash_bits(Fraction(bits_per_shot) * cut.shots, Fraction(epsilon_per_block))
    return cut.blocks * most // (8 * OUTPUT_BYTES) if most >= 8 * OUTPUT_BYTES else 0


def overhead_bits(epsilon_per_block: float) -> float:
    """Returns what a block loses to its epsilon, in bits: 2 log2(1 / epsilon) - 2, and what rounding takes."""
    return -2 * math.log2(epsilon_per_block) - 1


def extract_shots(
    outcomes: Packed,
    qubits: int,
    bits_per_shot: float,
    epsilon_per_block: float,
    seeds: Callable[[int], bytes] = os.urandom,
) -> tuple[bytes, Extraction, bytes]:
    """Extracts whole pieces of 64 bytes from a table of shots, uint8 of shape (shots, ceil(qubits / 8)).

    `seeds` gives as many uniform bytes as it is asked for, which depend on nothing else. Returns the pieces, how they
    were extracted, and the seed, which may be published. Raises `InsufficientEntropyError` if there is not even one.
    """
    cut = layout_of(len(outcomes), qubits, bits_per_shot, epsilon_per_block)
    if not outputs_from(len(outcomes), qubits, bits_per_shot, epsilon_per_block):
        needed = 8 * OUTPUT_BYTES + overhead_bits(epsilon_per_block)
        raise InsufficientEntropyError(
            f"{len(outcomes):,} shots of {qubits} qubits carry {bits_per_shot * len(outcomes):,.0f} bits that can be"
            f" counted on, and an output of {OUTPUT_BYTES} bytes takes {needed:,.0f}: ask for more shots or more qubits"
        )
    source = _contiguous(outcomes[: cut.blocks * cut.shots], qubits)
    claim, epsilon = Fraction(bits_per_shot) / qubits, cut.blocks * Fraction(epsilon_per_block)
    block_bits = cut.shots * qubits
    layout = toeplitz_layout(8 * source.size, min_entropy_per_bit=claim, epsilon=epsilon, block_bits=block_bits)
    seed = np.frombuffer(seeds(math.ceil(layout.seed_bits / 8)), np.uint8)
    extracted = toeplitz(source, seed, min_entropy_per_bit=claim, epsilon=epsilon, block_bits=block_bits)
    whole = extracted.extraction.output_bits // (8 * OUTPUT_BYTES) * OUTPUT_BYTES
    return extracted.read().data[:whole], extracted.extraction, seed.tobytes()


def _contiguous(outcomes: Packed, qubits: int) -> Packed:
    """Packs shots one after the other, without the padding of each; their number is a multiple of 8."""
    if qubits % 8 == 0:
        return outcomes.reshape(-1)
    starts = range(0, len(outcomes), _ROWS_PACKED_AT_ONCE)
    parts = (unpack_shots(outcomes[start : start + _ROWS_PACKED_AT_ONCE], qubits).reshape(-1) for start in starts)
    return np.concatenate([np.packbits(part) for part in parts])
