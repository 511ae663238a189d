"""The initial entropy estimate of NIST SP 800-90B, section 3.1.3, for data that are not independent (non-IID).

The estimators see the symbols as they are (literal) and, of more than two symbols, as a string of bits.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import SerializerFunctionWrapHandler, model_serializer

from qrng_hub.bits import unpack_shots
from qrng_hub.errors import SamplesError
from qrng_hub.estimators.samples import Samples
from qrng_hub.integers import whole
from qrng_hub.records import Record

Analysis = Literal["literal", "bitstring"]

MOST_COMMON_VALUE = "Most Common Value"
#: Estimates, by section, and their modules, which are imported to estimate: most load a compiler.
ESTIMATES = {
    MOST_COMMON_VALUE: "most_common_value",
    "Collision": "collision",
    "Markov": "markov",
    "Compression": "compression",
    "t-Tuple": "t_tuple",
    "LRS": "lrs",
    "MultiMCW Prediction": "multi_mcw",
    "Lag Prediction": "lag",
    "MultiMMC Prediction": "multi_mmc",
    "LZ78Y Prediction": "lz78y",
}
_BINARY_ONLY = ("Collision", "Markov", "Compression")

RECOMMENDED_SAMPLES = 1_000_000
"""What section 3.1.1 asks for; fewer make the estimates lower and less sure."""


class Assessment(Record):
    """What the estimators say of the min-entropy of samples, in bits: a floor with a bias, never a certificate.

    `h_original` and what is assessed are per symbol, `h_bitstring` per bit of it. There is no bit string of two
    symbols or one; in JSON it is then left out.
    """

    assessed_min_entropy: float
    """min(`h_original`, bits per symbol times `h_bitstring`)."""
    h_original: float
    h_bitstring: float | None = None
    literal: dict[str, float]
    bitstring: dict[str, float]

    @model_serializer(mode="wrap")
    def _what_applies(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if value is not None}


@dataclass(frozen=True)
class AssessmentStep:
    """An estimate that is about to be made, after `done` of `total`."""

    analysis: Analysis
    estimate: str
    done: int
    total: int


def assess(
    symbols: npt.NDArray[np.uint8],
    bits_per_symbol: int,
    on_progress: Callable[[AssessmentStep], None] = lambda _step: None,
) -> Assessment:
    """Estimates the min-entropy of consecutive samples by every estimator that applies.

    `symbols` is uint8 of shape (n,), values below 2 ** `bits_per_symbol`. Samples that are all the same are awarded
    nothing and no more is asked of them. Raises `SamplesError` for symbols out of range and for fewer samples than an
    estimator is defined for. Source: SP 800-90B, sections 3.1.3 and 6.3.
    """
    bits_per_symbol = whole(bits_per_symbol, "a symbol has 1 to 8 bits")
    if not 1 <= bits_per_symbol <= 8:
        raise SamplesError(f"a symbol has 1 to 8 bits, not {bits_per_symbol}")
    samples = _checked(symbols, bits_per_symbol)
    analyses: dict[Analysis, Samples] = {"literal": samples}
    if samples.alphabet > 2:
        analyses["bitstring"] = _bit_string(symbols, bits_per_symbol)
    work = [(analysis, name) for analysis, one in analyses.items() for name in _applying(one)]
    found: dict[Analysis, dict[str, float]] = {"literal": {}, "bitstring": {}}
    for done, (analysis, name) in enumerate(work):
        on_progress(AssessmentStep(analysis, name, done, len(work)))
        found[analysis][name] = estimate(name, analyses[analysis])
    return _concluded(found["literal"], found["bitstring"], bits_per_symbol)


def estimate(name: str, samples: Samples) -> float:
    """Makes one of `ESTIMATES`, in bits per sample; raises `SamplesError` if the samples do not allow it."""
    module = ESTIMATES[name]
    make: Callable[[Samples], float] = getattr(
        importlib.import_module(f"qrng_hub.estimators.{module}"), f"{module}_estimate"
    )
    return make(samples)


def _checked(symbols: npt.NDArray[np.uint8], bits_per_symbol: int) -> Samples:
    samples = Samples.of(symbols)
    too_wide = symbols >> bits_per_symbol != 0
    if too_wide.any():
        offset = int(too_wide.argmax())
        raise SamplesError(
            f"the byte {symbols[offset]} at offset {offset:,} is not a symbol of {bits_per_symbol} bit(s): "
            f"these go to {2**bits_per_symbol - 1}"
        )
    return samples


def _bit_string(symbols: npt.NDArray[np.uint8], bits_per_symbol: int) -> Samples:
    """Writes the symbols out in bits, the most significant first."""
    left_aligned = symbols << np.uint8(8 - bits_per_symbol)
    return Samples.of(unpack_shots(left_aligned[:, None], bits_per_symbol).ravel())


def _applying(samples: Samples) -> Iterator[str]:
    if samples.alphabet == 1:
        yield MOST_COMMON_VALUE
    else:
        yield from (name for name in ESTIMATES if samples.alphabet == 2 or name not in _BINARY_ONLY)


def _concluded(literal: dict[str, float], bitstring: dict[str, float], bits_per_symbol: int) -> Assessment:
    h_original = min(*literal.values(), float(bits_per_symbol))
    h_bitstring = min(bitstring.values(), default=None)
    assessed = h_original if h_bitstring is None else min(h_original, bits_per_symbol * h_bitstring)
    return Assessment(
        assessed_min_entropy=assessed,
        h_original=h_original,
        h_bitstring=h_bitstring,
        literal=literal,
        bitstring=bitstring,
    )
