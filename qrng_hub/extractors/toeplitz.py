"""Seeded extraction by Toeplitz hashing, block by block under one seed."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

from qrng_hub.bits import Bits, Packed, unpack_shots
from qrng_hub.errors import RequestError
from qrng_hub.extractors._product import ToeplitzProduct
from qrng_hub.extractors.bounds import Claim, claimed_epsilon, claimed_min_entropy, leftover_hash_bits
from qrng_hub.extractors.extraction import Extracted, Source, digest, first_bits, packed_bits
from qrng_hub.integers import whole
from qrng_hub.records import Extraction

BLOCK_BITS = 65_536
#: Above this, two blocks in one transform would come near the precision of floats.
MOST_BLOCK_BITS = 2**19
_THREADS = min(4, os.cpu_count() or 1)
ASSUMPTIONS = (
    "the seed is uniform, and independent of the source and of all side information",
    "each block has the min-entropy claimed, given all the other blocks and the side information",
)


@dataclass(frozen=True, slots=True)
class ToeplitzLayout:
    """How an input is cut: B blocks of n bits to m each, and the seed of n + m - 1 bits that all of them share."""

    blocks: int
    block_bits: int
    output_bits_per_block: int
    epsilon_per_block: Fraction

    @property
    def seed_bits(self) -> int:
        """The bits a seed must have."""
        return self.block_bits + self.output_bits_per_block - 1


def toeplitz_layout(
    input_bits: int, *, min_entropy_per_bit: Claim, epsilon: Claim, block_bits: int = BLOCK_BITS
) -> ToeplitzLayout:
    """Says how `toeplitz` cuts an input and how long a seed it takes; raises as it does."""
    per_bit, total = claimed_min_entropy(min_entropy_per_bit), claimed_epsilon(epsilon)
    input_bits = whole(input_bits, "an input has a whole number of bits", 0)
    block_bits = whole(block_bits, "a block has a whole number of bits")
    if block_bits % 8 or not 8 <= block_bits <= MOST_BLOCK_BITS:
        raise RequestError(
            f"a block cannot have {block_bits:,} bits: give a multiple of 8 from 8 to {MOST_BLOCK_BITS:,}"
        )
    blocks = input_bits // block_bits
    if not blocks:
        raise RequestError(
            f"the input of {input_bits:,} bits is shorter than one block of {block_bits:,}: "
            "give more, or a smaller block"
        )
    entropy, share = block_bits * per_bit, total / blocks
    output_bits = leftover_hash_bits(entropy, share)
    if output_bits < 1:
        enough = math.ceil(max(entropy + 1 - output_bits, Fraction(1)))
        raise RequestError(
            f"a block of {block_bits:,} bits with {float(entropy):,.1f} bits of min-entropy gives no output at an "
            f"epsilon of {float(share):.3g} a block, where {enough:,} bits of it would give 1: "
            "take larger blocks or a larger epsilon"
        )
    return ToeplitzLayout(blocks, block_bits, output_bits, share)


def toeplitz(
    source: Source, seed: Source, *, min_entropy_per_bit: Claim, epsilon: Claim, block_bits: int = BLOCK_BITS
) -> Extracted:
    """Extracts y_i = XOR_j s[i - j + n - 1] x_j, 0 <= i < m, from each block x of n bits, with one seed s.

    `epsilon` is the total: each of B blocks has epsilon / B, and gives m = floor(k - 2 log2(B / epsilon)) + 2
    bits, where k = n * `min_entropy_per_bit`. An incomplete last block is dropped. The seed has n + m - 1
    bits, the first ones where more are given, and may be published afterwards.

    It is assumed, and cannot be seen here, that the seed is uniform and independent of the source and of
    all side information, and that the bound on the min-entropy holds for every block given the rest (a
    block-wise source). Raises `RequestError` if a claim is out of range, the input shorter than a block, the
    seed too short, or the output empty. Source: leftover hash lemma
    (Impagliazzo, Levin and Luby, STOC 1989); Mansour, Nisan and Tiwari, Theor. Comput. Sci. 107, 121 (1993).
    """
    packed, input_bits = packed_bits(source)
    layout = toeplitz_layout(
        input_bits, min_entropy_per_bit=min_entropy_per_bit, epsilon=epsilon, block_bits=block_bits
    )
    seed_bits = _seed(seed, layout)
    block_bits, used = layout.block_bits, layout.blocks * layout.block_bits
    extraction = Extraction(
        method="toeplitz",
        block_bits=block_bits,
        output_bits_per_block=layout.output_bits_per_block,
        blocks=layout.blocks,
        input_bits_used=used,
        input_bits_dropped=input_bits - used,
        min_entropy_per_bit=float(min_entropy_per_bit),
        epsilon=float(epsilon),
        epsilon_per_block=float(layout.epsilon_per_block),
        seed_bits=layout.seed_bits,
        seed_sha256=digest(seed_bits),
        seed_min_entropy_per_bit=1.0,
        output_bits=layout.blocks * layout.output_bits_per_block,
        assumptions=ASSUMPTIONS,
    )
    product = ToeplitzProduct(seed_bits, block_bits, layout.output_bits_per_block)
    return Extracted(extraction, _pieces(product, packed[: used // 8].reshape(layout.blocks, -1)))


def _seed(seed: Source, layout: ToeplitzLayout) -> Packed:
    """Unpacks the bits of a seed that are used."""
    packed, given = packed_bits(seed)
    needed = layout.seed_bits
    if given < needed:
        raise RequestError(
            f"the seed of {given:,} bits is too short: blocks of {layout.block_bits:,} bits to "
            f"{layout.output_bits_per_block:,} need {needed:,} bits ({-(-needed // 8):,} bytes)"
        )
    return first_bits(packed, needed)


def _pieces(product: ToeplitzProduct, table: Packed) -> Iterator[bytes]:
    """Multiplies some rows at a time, in threads that are never far ahead of what is taken."""
    # a multiple of 8 rows gives whole bytes; half a megabit at a time stays in the processor's cache
    rows = 8 * max(1, BLOCK_BITS // (8 * table.shape[1]))
    waiting: deque[Future[bytes]] = deque()

    def multiply(start: int) -> bytes:
        blocks = unpack_shots(table[start : start + rows], 8 * table.shape[1])
        return Bits.from_array(product(blocks).reshape(-1)).data

    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            for start in range(0, len(table), rows):
                waiting.append(threads.submit(multiply, start))
                if len(waiting) > _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
