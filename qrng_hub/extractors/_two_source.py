"""What two-source extractors share: one block of each source, cut to a prime length, and a cyclic product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from qrng_hub.bits import Bits, Packed
from qrng_hub.errors import RequestError
from qrng_hub.extractors._product import cyclic_product
from qrng_hub.extractors.bounds import Claim, claimed_epsilon, claimed_min_entropy
from qrng_hub.extractors.extraction import Extracted, Source, digest, first_bits, packed_bits
from qrng_hub.integers import whole
from qrng_hub.records import Extraction, Method

#: The longest product there is room for: it is one transform, of about 90 bytes a bit.
MOST_BITS = 2**23


@dataclass(frozen=True, slots=True)
class TwoSourceMethod:
    """How a method differs: its prime lengths, the zeros that its first input is padded by, and its output."""

    name: Method
    largest_length: Callable[[int], int]
    padding: int
    output_bits: Callable[[Fraction, int, Fraction], int]
    """From k1 + k2, the prime length and epsilon; each `slope` bits of min-entropy more give one bit more."""
    slope: int
    assumptions: tuple[str, ...]

    def extract(
        self, first: Source, second: Source, claims: tuple[Claim, Claim], epsilon: Claim, block_bits: int | None
    ) -> Extracted:
        """Extracts from the first bits of two sources, as many as the largest admissible length takes."""
        (one, given), (two, second_given) = packed_bits(first), packed_bits(second)
        per_bit = claimed_min_entropy(claims[0]), claimed_min_entropy(claims[1], "second source")
        total = claimed_epsilon(epsilon)
        length = self._length(given, second_given, block_bits)
        used = length - self.padding
        output_bits = self._output_bits(used * per_bit[0] + length * per_bit[1], length, total)
        bits = np.concatenate([first_bits(one, used), np.zeros(self.padding, np.uint8)])
        seed = first_bits(two, length)
        extraction = Extraction(
            method=self.name,
            block_bits=used,
            output_bits_per_block=output_bits,
            blocks=1,
            input_bits_used=used,
            input_bits_dropped=given - used,
            min_entropy_per_bit=float(per_bit[0]),
            epsilon=float(total),
            epsilon_per_block=float(total),
            seed_bits=length,
            seed_sha256=digest(seed),
            seed_min_entropy_per_bit=float(per_bit[1]),
            output_bits=output_bits,
            assumptions=self.assumptions,
        )
        return Extracted(extraction, _pieces(bits, seed, output_bits))

    def _length(self, given: int, second_given: int, block_bits: int | None) -> int:
        """Returns the prime length: the largest that both inputs hold, or that a block of the first asked for holds."""
        if block_bits is None:
            return self.largest_length(min(given + self.padding, second_given, MOST_BITS))
        block_bits = whole(block_bits, "a block has a whole number of bits")
        if not 0 < block_bits <= MOST_BITS:
            raise RequestError(f"a block cannot have {block_bits:,} bits: give a number from 1 to {MOST_BITS:,}")
        length = self.largest_length(block_bits + self.padding)
        if given < length - self.padding:
            raise RequestError(
                f"the input of {given:,} bits is shorter than one block of {length - self.padding:,}: "
                "give more, or a smaller block"
            )
        if second_given < length:
            raise RequestError(
                f"the second source of {second_given:,} bits is too short as the seed of a block of "
                f"{length - self.padding:,} bits, which needs {length:,} bits ({-(-length // 8):,} bytes)"
            )
        return length

    def _output_bits(self, min_entropy: Fraction, length: int, epsilon: Fraction) -> int:
        bits = min(self.output_bits(min_entropy, length, epsilon), length - 1)
        if bits < 1:
            enough = math.ceil(min_entropy + self.slope * (1 - bits))
            raise RequestError(
                f"two inputs of about {length:,} bits with {float(min_entropy):,.1f} bits of min-entropy together give "
                f"no output at an epsilon of {float(epsilon):.3g}, where {enough:,} bits of it would give 1: "
                "take longer inputs or a larger epsilon"
            )
        return bits


def _pieces(bits: Packed, seed: Packed, output_bits: int) -> Iterator[bytes]:
    yield Bits.from_array(cyclic_product(bits, seed, output_bits)).data
