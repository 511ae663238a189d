"""HMAC conditioning and its output entropy, NIST SP 800-90B section 3.1.5.1.

The known answers are those that NIST's SP800-90B_EntropyAssessment prints for the same parameters.
"""

import hashlib
import hmac
import math
from fractions import Fraction

import numpy as np
import pytest

from qrng_hub.bits import Bits
from qrng_hub.errors import RequestError
from qrng_hub.extractors import hmac_conditioning, output_entropy, output_entropy_deficit


def test_the_deficit_of_a_wide_input_is_known() -> None:
    deficit = output_entropy_deficit(input_bits=512, output_bits=256, narrowest_bits=256, input_entropy=300)
    assert math.log2(deficit) == pytest.approx(-43.4712, abs=1e-4)
    assert math.log2(deficit / 256) == pytest.approx(-51.5, abs=0.05)  # 256 (1 - 2^-51.5)
    assert output_entropy(input_bits=512, output_bits=256, narrowest_bits=256, input_entropy=300) == 256 - deficit


def test_the_entropy_of_a_narrow_input_is_known() -> None:
    assert output_entropy(input_bits=256, output_bits=256, narrowest_bits=256, input_entropy=128) == 128


@pytest.mark.parametrize("sizes", [(40, 32, 32), (64, 32, 48), (33, 32, 32), (24, 32, 32), (20, 20, 16)])
@pytest.mark.parametrize("share", [0.01, 0.25, 0.6, 1.0])
def test_the_stable_formula_is_the_one_of_the_standard(sizes: tuple[int, int, int], share: float) -> None:
    """P_h = 2^-h, P_l = (1 - P_h) / (2^n_in - 1), n = min(n_out, nw), psi = 2^(n_in - n) P_l + P_h,
    omega = (2^(n_in - n) + sqrt(2 n 2^(n_in - n) ln 2)) P_l, entropy -log2 max(psi, omega)."""
    n_in, n_out, nw = sizes
    h, n = share * n_in, min(n_out, nw)
    p_high = 2**-h
    p_low = (1 - p_high) / (2**n_in - 1)
    psi = 2.0 ** (n_in - n) * p_low + p_high
    omega = (2.0 ** (n_in - n) + math.sqrt(2 * n * 2.0 ** (n_in - n) * math.log(2))) * p_low
    entropy = output_entropy(input_bits=n_in, output_bits=n_out, narrowest_bits=nw, input_entropy=h)
    assert entropy == pytest.approx(-math.log2(max(psi, omega)), abs=1e-9)


@pytest.mark.parametrize("entropy", [0.0, -1.0, 256.5, math.nan])
def test_an_input_cannot_have_such_an_entropy(entropy: float) -> None:
    with pytest.raises(RequestError, match="an input of 256 bits cannot have"):
        output_entropy(input_bits=256, output_bits=256, narrowest_bits=256, input_entropy=entropy)


@pytest.mark.parametrize("width", [0, 513, 4096])
def test_no_vetted_function_is_so_wide(width: int) -> None:
    with pytest.raises(RequestError, match="give 1 to 512"):
        output_entropy(input_bits=4096, output_bits=width, narrowest_bits=4096, input_entropy=1)


def test_each_output_is_the_hmac_of_the_length_and_64_bits_more() -> None:
    source, key = np.random.default_rng(4).integers(0, 256, 1_000, np.uint8), b"public"
    output, record = hmac_conditioning(source, key, min_entropy_per_bit=Fraction(4, 5), hash_name="sha512")
    step = (512 + 64) * 5 // 4 // 8
    inputs = [source[start : start + step].tobytes() for start in range(0, 11 * step, step)]
    assert output == b"".join(hmac.new(key, data, hashlib.sha512).digest() for data in inputs)
    assert (record.outputs, record.input_bits_per_output, record.input_bits_dropped) == (11, 720, 8_000 - 11 * 720)
    assert record.method == "hmac-sha512"


def test_the_output_is_short_of_full_entropy_by_next_to_nothing() -> None:
    """By 2^-64 / ln 2 for what the input carries above the output, and rounding up to whole bytes only helps."""
    source = np.zeros(1_000, np.uint8)
    for hash_name in ("sha256", "sha512"):
        _, record = hmac_conditioning(source, b"", min_entropy_per_bit=Fraction(1, 2), hash_name=hash_name)
        assert record.entropy_deficit_per_output == pytest.approx(2.0**-64 / math.log(2), rel=1e-9)


def test_a_source_shorter_than_one_input_is_refused() -> None:
    with pytest.raises(RequestError, match=r"one output of 256 bits takes 400 at 0\.8"):
        hmac_conditioning(Bits.from_array([1] * 399), b"", min_entropy_per_bit=Fraction(4, 5))
