import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from qrng_hub.bits import pack_shots
from qrng_hub.errors import InsufficientEntropyError
from qrng_hub.estimators import most_common_value
from qrng_hub.extractors import condition, shots_per_output

VECTORS = Path(__file__).parents[1] / "vectors" / "nist-sp800-90b"


def test_most_common_value_equals_nist_on_its_own_sample() -> None:
    """NIST's SP800-90B_EntropyAssessment, file truerand_1bit.bin and the value its tool prints."""
    samples = np.frombuffer(gzip.decompress((VECTORS / "truerand_1bit.bin.gz").read_bytes()), np.uint8)
    expected = json.loads((VECTORS / "expected.json").read_text())["files"]["truerand_1bit"]["literal"][
        "Most Common Value"
    ]
    estimate = most_common_value(np.array([samples.sum()]), samples.size)[0]
    assert estimate == pytest.approx(expected, abs=1e-6)


def test_needs_two_samples() -> None:
    with pytest.raises(ValueError, match="at least 2 samples, not 1"):
        most_common_value(np.array([1]), 1)


def test_conditioning_hashes_whole_shots_and_drops_the_rest() -> None:
    outcomes = pack_shots(np.random.default_rng(5).integers(0, 2, (25, 11)))
    expected = hashlib.sha512(outcomes[:10].tobytes()).digest() + hashlib.sha512(outcomes[10:20].tobytes()).digest()
    assert condition(outcomes, 10) == expected


def test_each_output_takes_576_estimated_bits() -> None:
    assert shots_per_output(576) == 1
    assert shots_per_output(575.9) == 2
    assert shots_per_output(0.94) == 613


@pytest.mark.parametrize("bits", [0.0, -1.0, float("nan")])
def test_shots_that_carry_nothing_are_refused(bits: float) -> None:
    with pytest.raises(InsufficientEntropyError, match="no entropy shows in the shots"):
        shots_per_output(bits)
