"""How bits were extracted."""

from __future__ import annotations

from typing import Literal

from qrng_hub.records.base import Record

Method = Literal["toeplitz", "circulant", "dodis", "dodis-markov", "von-neumann"]


class Extraction(Record):
    """How bits were extracted: enough to account for every one of them.

    What is None does not apply: von Neumann's method has neither blocks nor a seed, and claims nothing.
    """

    method: Method
    block_bits: int | None = None
    """Input bits of a block, n."""
    output_bits_per_block: int | None = None
    """Output bits of a block, m."""
    blocks: int | None = None
    input_bits_used: int
    input_bits_dropped: int
    min_entropy_per_bit: float | None = None
    """What the caller claims of the source."""
    epsilon: float | None = None
    """The distance from uniform of the whole output, at most; each block has its share, `epsilon_per_block`."""
    epsilon_per_block: float | None = None
    seed_bits: int | None = None
    """Bits of the seed that were used, or of the second source."""
    seed_sha256: str | None = None
    """The SHA-256, in hex, of these bits as they are packed."""
    seed_min_entropy_per_bit: float | None = None
    """1 for a seed, which has to be uniform; what the caller claims of a second source."""
    output_bits: int
    assumptions: tuple[str, ...]
