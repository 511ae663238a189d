import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from qrng_hub.estimators import most_common_value

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
