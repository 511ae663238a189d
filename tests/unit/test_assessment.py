"""The estimators of SP 800-90B, section 6.3, against what NIST's own tool says of its own sample files.

The files and figures are of usnistgov/SP800-90B_EntropyAssessment: see `source` in expected.json.
"""

import gzip
import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng_hub.errors import SamplesError
from qrng_hub.estimators import ESTIMATES, AssessmentStep, Samples, assess, estimate
from qrng_hub.estimators.compiled import compiled
from qrng_hub.estimators.compression import expectation
from qrng_hub.estimators.predictions import Predictions, prediction_estimate
from qrng_hub.estimators.tuples import count_tuples

VECTORS = Path(__file__).parents[1] / "vectors" / "nist-sp800-90b"
EXPECTED: dict[str, dict[str, Any]] = json.loads((VECTORS / "expected.json").read_text())["files"]
TOLERANCE = 1e-6


def sample_file(name: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(gzip.decompress((VECTORS / f"{name}.bin.gz").read_bytes()), np.uint8)


@pytest.mark.parametrize(
    "name",
    [
        "rand1_short",
        "rand4_short",
        "rand8_short",
        "truerand_1bit",
        pytest.param("truerand_8bit", marks=pytest.mark.slow),
        pytest.param("normal", marks=pytest.mark.slow),
    ],
)
def test_every_estimate_and_their_conclusion_equal_those_of_nists_tool(name: str) -> None:
    expected = EXPECTED[name]
    found = assess(sample_file(name), expected["bits_per_symbol"]).model_dump()
    assert found["literal"] == pytest.approx(expected["literal"], abs=TOLERANCE)
    assert found["bitstring"] == pytest.approx(expected["bitstring"], abs=TOLERANCE)
    conclusion = [key for key in ("assessed_min_entropy", "h_original", "h_bitstring") if key in expected]
    assert {key: found[key] for key in found if key not in ("literal", "bitstring")} == pytest.approx(
        {key: expected[key] for key in conclusion}, abs=TOLERANCE
    )


@pytest.mark.parametrize("name", ["truerand_8bit", "normal"])
def test_estimates_of_a_million_bytes_equal_those_of_nists_tool(name: str) -> None:
    """The bit strings of these files are among the slow tests."""
    samples, expected = Samples.of(sample_file(name)), EXPECTED[name]["literal"]
    assert {one: estimate(one, samples) for one in expected} == pytest.approx(expected, abs=TOLERANCE)


def test_is_json_of_the_published_shape() -> None:
    found = json.loads(assess(sample_file("rand4_short"), 4).model_dump_json())
    assert list(found) == ["assessed_min_entropy", "h_original", "h_bitstring", "literal", "bitstring"]
    assert list(found["bitstring"]) == list(ESTIMATES)
    assert list(json.loads(assess(sample_file("rand1_short"), 1).model_dump_json())) == [
        "assessed_min_entropy",
        "h_original",
        "literal",
        "bitstring",
    ]


def test_tells_every_step_before_it_is_made() -> None:
    steps: list[AssessmentStep] = []
    assess(sample_file("rand4_short"), 4, steps.append)
    assert [(step.done, step.total) for step in steps] == [(done, 17) for done in range(17)]
    assert [step.estimate for step in steps if step.analysis == "bitstring"] == list(ESTIMATES)


def test_two_symbols_of_many_bits_are_assessed_as_one_bit_each() -> None:
    """As NIST's tool does: it numbers the symbols that occur, and makes no bit string of two."""
    bits = sample_file("rand1_short")
    found = assess(np.where(bits, np.uint8(200), np.uint8(3)), 8)
    assert found == assess(bits, 1)


@pytest.mark.parametrize("symbol", [0, 5])
def test_a_constant_is_awarded_nothing(symbol: int) -> None:
    found = assess(np.full(2, symbol, np.uint8), 3)
    assert (found.assessed_min_entropy, found.h_original, found.h_bitstring) == (0, 0, None)


@pytest.mark.parametrize("name", ESTIMATES)
def test_every_estimator_gives_a_constant_nothing(name: str) -> None:
    assert estimate(name, Samples.of(np.zeros(8000, np.uint8))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", ["Lag Prediction", "MultiMMC Prediction", "LZ78Y Prediction", "t-Tuple", "LRS"])
def test_a_period_is_seen_through(name: str) -> None:
    period = np.random.default_rng(11).permutation(256)[:100].astype(np.uint8)
    assert estimate(name, Samples.of(np.tile(period, 100))) < 0.1


def test_the_window_follows_a_source_that_drifts() -> None:
    """Each symbol is the most common for a while, none of them over all: only the window sees it."""
    drifting = Samples.of(np.repeat(np.arange(50, dtype=np.uint8), 2000))
    assert estimate("MultiMCW Prediction", drifting) < 0.1
    assert estimate("Most Common Value", drifting) > 5


def test_every_tuple_is_counted() -> None:
    rng = np.random.default_rng(3)
    for symbols in (rng.integers(0, 2, 200, np.uint8), rng.integers(0, 9, 300, np.uint8), np.zeros(40, np.uint8)):
        counts = count_tuples(symbols)
        for length in range(1, counts.longest + 1):
            seen = Counter(symbols[at : at + length].tobytes() for at in range(symbols.size - length + 1)).values()
            assert counts.most[length] == max(seen)
            assert counts.pairs[length] == sum(math.comb(times, 2) for times in seen)
        assert len(
            {symbols[at : at + counts.longest + 1].tobytes() for at in range(symbols.size - counts.longest)}
        ) == (symbols.size - counts.longest)


@pytest.mark.parametrize(("run", "made"), [(12, 3000), (20, 100_000)])
def test_local_predictability_makes_so_long_a_run_one_in_a_hundred(run: int, made: int) -> None:
    """The chance of a run longer than the longest seen is recomputed, exactly, from the p that the estimate found."""
    p = 2 ** -prediction_estimate(Predictions(made, made // 4, run, alphabet=4))
    assert p > 0.26  # more than the global bound gives
    clear = [1.0] * (run + 1)  # of no run of `run` + 1 in n predictions
    clear.append(1 - p ** (run + 1))
    for _ in range(run + 2, made + 1):
        clear.append(clear[-1] - (1 - p) * p ** (run + 1) * clear[-run - 2])
    assert clear[made] == pytest.approx(0.99, abs=1e-5)


def test_a_wait_that_does_not_end_is_no_collision() -> None:
    waits = [0, 0, 0, 1, 1, 1, 1, 1, 0, 0] * 20  # of 2, 3, 2 and 3 samples
    ended = estimate("Collision", Samples.of(np.array(waits, np.uint8)))
    assert estimate("Collision", Samples.of(np.array([*waits, 1, 0], np.uint8))) == ended
    assert estimate("Collision", Samples.of(np.array([*waits, 1, 0, 0], np.uint8))) != ended


@pytest.mark.parametrize("z", [0.01, 0.3, 0.9])
def test_the_expected_distance_is_the_double_sum_of_the_standard(z: float) -> None:
    """Section 6.3.4, step 7, as it stands there."""
    blocks = 1040
    double_sum = sum(
        math.log2(u) * (z**2 * (1 - z) ** (u - 1) if u < t else z * (1 - z) ** (t - 1))
        for t in range(1001, blocks + 1)
        for u in range(1, t + 1)
    )
    assert expectation(z, np.log2(np.arange(1, blocks + 1))) == pytest.approx(double_sum, rel=1e-9)


def test_a_source_that_is_never_predicted_is_still_not_certain() -> None:
    never = prediction_estimate(Predictions(made=1000, correct=0, longest_run=0, alphabet=256))
    assert never == pytest.approx(-math.log2(1 - 0.01 ** (1 / 1000)))


@pytest.mark.parametrize(
    ("symbols", "bits_per_symbol", "says"),
    [
        (np.zeros(0, np.uint8), 1, r"samples must be uint8 of shape \(n,\), not uint8 of shape \(0,\)"),
        (np.zeros((5, 5), np.uint8), 1, r"not uint8 of shape \(5, 5\)"),
        (np.zeros(5), 1, r"not float64 of shape \(5,\)"),
        (np.zeros(5, np.uint8), 0, "a symbol has 1 to 8 bits, not 0"),
        (np.zeros(5, np.uint8), 9, "a symbol has 1 to 8 bits, not 9"),
        (np.array([0, 3, 4], np.uint8), 2, r"the byte 4 at offset 2 is not a symbol of 2 bit\(s\): these go to 3"),
        (np.zeros(1, np.uint8), 1, "most common value estimate needs at least 2 samples, not 1"),
        (np.arange(5, dtype=np.uint8) % 2, 1, "collision estimate needs at least 6 samples, not 5"),
        (np.arange(6011, dtype=np.uint32).astype(np.uint8) % 2, 1, "compression estimate needs at least 6,012 samples"),
        (np.arange(102, dtype=np.uint8) % 3, 2, "a symbol that occurs 35 times: with 3 symbols 103 samples are always"),
        (np.arange(4095, dtype=np.uint32).astype(np.uint8) % 4, 2, "MultiMCW prediction estimate needs at least 4,096"),
    ],
)
def test_refuses_what_cannot_be_assessed(symbols: Any, bits_per_symbol: int, says: str) -> None:
    with pytest.raises(SamplesError, match=says):
        assess(symbols, bits_per_symbol)


@pytest.mark.parametrize(
    ("name", "least"), [("Lag Prediction", 3), ("MultiMMC Prediction", 4), ("LZ78Y Prediction", 19)]
)
def test_the_least_that_an_estimator_takes_is_taken(name: str, least: int) -> None:
    samples = np.random.default_rng(8).integers(0, 4, least, np.uint8)
    assert 0 <= estimate(name, Samples.of(samples)) <= 2
    with pytest.raises(SamplesError, match=f"needs at least {least} samples, not {least - 1}"):
        estimate(name, Samples.of(samples[:-1]))


@pytest.mark.parametrize("name", ["Collision", "Markov", "Compression"])
def test_estimators_of_bits_refuse_other_symbols(name: str) -> None:
    with pytest.raises(SamplesError, match="of binary samples, not of 4 symbols"):
        estimate(name, Samples.of(np.arange(8000, dtype=np.uint32).astype(np.uint8) % 4))


def test_lrs_refuses_samples_in_which_only_common_tuples_recur() -> None:
    """Every tuple that recurs does so 35 times: 35 copies of a word, each followed by something else."""
    copies = [word for ending in range(35) for word in (200, 201, ending)]
    with pytest.raises(SamplesError, match="a tuple that recurs and is of a length at which none occurs 35 times"):
        estimate("LRS", Samples.of(np.array(copies, np.uint8)))


def test_the_compiler_is_loaded_for_an_estimate_that_needs_it_and_not_before() -> None:
    code = (
        "import sys, numpy as np; from qrng_hub.estimators import Samples, assess, estimate;"
        "samples = Samples.of(np.arange(200, dtype=np.uint8) % 2);"
        "estimate('Most Common Value', samples); estimate('Markov', samples); print('numba' in sys.modules);"
        "estimate('Collision', samples); print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_loop_is_compiled_where_its_code_cannot_be_kept() -> None:
    names: dict[str, Any] = {}
    exec("def twice(x):\n    return 2 * x", names)  # noqa: S102 - a function without a file: there is no folder for it
    assert compiled(names["twice"])(21) == 42
