"""Conditioning by HMAC, a vetted function of NIST SP 800-90B, with the output entropy that the standard grants."""

from __future__ import annotations

import hmac
import math
from typing import Literal

from qrng_hub.errors import RequestError
from qrng_hub.extractors.bounds import Claim, claimed_min_entropy
from qrng_hub.extractors.extraction import Source, packed_bits
from qrng_hub.records import Record

Hash = Literal["sha256", "sha512"]
OUTPUT_BITS: dict[Hash, int] = {"sha256": 256, "sha512": 512}
#: What the input of one output carries above its length, so that the output is short of full entropy by 2^-63 or so.
SURPLUS_BITS = 64


class VettedConditioning(Record):
    """How bits were conditioned by HMAC, and the entropy of each output by the standard's formula."""

    method: Literal["hmac-sha256", "hmac-sha512"]
    input_bits_per_output: int
    output_bits_per_output: int
    outputs: int
    input_bits_used: int
    input_bits_dropped: int
    min_entropy_per_bit: float
    """What the caller claims of the source."""
    entropy_deficit_per_output: float
    """Bits by which each output is short of full entropy."""
    assumptions: tuple[str, ...]


def hmac_conditioning(
    source: Source, key: bytes, *, min_entropy_per_bit: Claim, hash_name: Hash = "sha256"
) -> tuple[bytes, VettedConditioning]:
    """Conditions the source: each output is the HMAC of as many whole bytes as carry its length and 64 bits more.

    The key may be public and must not depend on the source. An incomplete last input is dropped. Raises
    `RequestError` if the claim is out of range or the source shorter than one input.
    Source: NIST SP 800-90B, section 3.1.5.1; the surplus, SP 800-90C.
    """
    packed, given = packed_bits(source)
    width, per_bit = OUTPUT_BITS[hash_name], claimed_min_entropy(min_entropy_per_bit)
    step = math.ceil((width + SURPLUS_BITS) / (8 * per_bit))
    outputs = given // (8 * step)
    if not outputs:
        raise RequestError(
            f"the source of {given:,} bits is too short: one output of {width} bits takes {8 * step:,} at "
            f"{float(per_bit):g} bits of min-entropy per bit"
        )
    inputs = (packed[start : start + step].tobytes() for start in range(0, outputs * step, step))
    record = VettedConditioning(
        method="hmac-sha256" if hash_name == "sha256" else "hmac-sha512",
        input_bits_per_output=8 * step,
        output_bits_per_output=width,
        outputs=outputs,
        input_bits_used=8 * step * outputs,
        input_bits_dropped=given - 8 * step * outputs,
        min_entropy_per_bit=float(min_entropy_per_bit),
        entropy_deficit_per_output=output_entropy_deficit(
            input_bits=8 * step, output_bits=width, narrowest_bits=width, input_entropy=float(8 * step * per_bit)
        ),
        assumptions=(
            "the key does not depend on the source",
            "each input has the min-entropy claimed, given all the others and the side information",
        ),
    )
    return b"".join(hmac.digest(key, data, hash_name) for data in inputs), record


def output_entropy(*, input_bits: int, output_bits: int, narrowest_bits: int, input_entropy: float) -> float:
    """Returns the min-entropy, in bits, of one output of a vetted conditioning function; raises as the deficit does.

    >>> output_entropy(input_bits=256, output_bits=256, narrowest_bits=256, input_entropy=128)
    128.0
    """
    deficit = output_entropy_deficit(
        input_bits=input_bits, output_bits=output_bits, narrowest_bits=narrowest_bits, input_entropy=input_entropy
    )
    return min(output_bits, narrowest_bits) - deficit


def output_entropy_deficit(*, input_bits: int, output_bits: int, narrowest_bits: int, input_entropy: float) -> float:
    """Returns by how many bits an output is short of min(n_out, nw), which a float near that would not hold.

    With n = min(n_out, nw) and r = (1 - 2^-h) / (1 - 2^-n_in), the standard's psi and omega are
    2^-n (r + 2^(n - h)) and 2^-n r (1 + sqrt(2 n ln 2 * 2^(n - n_in))); the deficit is the log2 of the
    larger, times 2^n. Raises `RequestError` unless 0 < h <= n_in, and 0 < n <= 512 as of every vetted function.
    Source: NIST SP 800-90B, section 3.1.5.1.2.
    """
    if not 0 < input_entropy <= input_bits:
        raise RequestError(f"an input of {input_bits:,} bits cannot have {input_entropy:g} bits of min-entropy")
    width = min(output_bits, narrowest_bits)
    if not 0 < width <= 512:
        raise RequestError(f"no vetted conditioning function is {width:,} bits wide: give 1 to 512")
    above = (_power(-input_bits) - _power(-input_entropy)) / (1 - _power(-input_bits))  # r - 1
    collisions = math.sqrt(2 * width * math.log(2) * _power(width - input_bits))
    psi = above + _power(width - input_entropy)
    omega = above + (1 + above) * collisions
    return math.log1p(max(psi, omega)) / math.log(2)


def _power(exponent: float) -> float:
    return math.exp2(exponent) if exponent > -1074 else 0.0
