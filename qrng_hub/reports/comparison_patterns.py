"""What outcomes show in their order and between qubits: autocorrelation, correlations, estimates, and a sample.

They are measured to be looked at; what is found is decided by the exact tests of `comparison_tests`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy import special

from qrng_hub.bits import Packed, unpack_shots
from qrng_hub.errors import SamplesError
from qrng_hub.estimators import ESTIMATES, RECOMMENDED_SAMPLES, Samples, estimate
from qrng_hub.extractors import layout_of, outputs_from, toeplitz, toeplitz_layout
from qrng_hub.records import Autocorrelation, Estimates, Patterns, RawBlock, Sample
from qrng_hub.reports.comparison_tests import Outcomes

LAGS = 32
MOST_QUBITS = 256
"""Of more qubits no matrix of correlations is kept."""
SHOWN_BITS = 4096
_HASHED_BITS = 2**20
_EPSILON = 2.0**-64
Reals = npt.NDArray[np.float64]


def patterns(outcomes: Outcomes, blocks: Sequence[RawBlock], bound_bits: float, confidence: float) -> Patterns:
    """Looks at the outcomes of all repeats; `bound_bits` is what the first block's shots carry each."""
    qubits = outcomes.qubits.size
    pairs = correlations(outcomes) if qubits <= MOST_QUBITS else np.empty(0)
    return Patterns(
        autocorrelation=autocorrelation(outcomes, confidence),
        correlations=_rounded(pairs),
        correlation_band=band(max(1, qubits * (qubits - 1) // 2), outcomes.shots, confidence),
        estimates=estimates(blocks),
        sample=sample(blocks[0], bound_bits),
    )


def autocorrelation(outcomes: Outcomes, confidence: float) -> Autocorrelation:
    """Correlates every qubit with itself 1 to 32 shots before, or as many as there are."""
    lags = min(LAGS, outcomes.shots - 2)
    each = np.stack([_lagged(column, outcomes.shots, lags) for column in outcomes.columns])
    strongest = each[np.abs(each).argmax(axis=0), np.arange(lags)]
    qubits, pairs = outcomes.qubits.size, outcomes.shots - lags
    return Autocorrelation(
        mean=_rounded(each.mean(axis=0)),
        mean_band=band(lags, pairs * qubits, confidence),
        strongest=_rounded(strongest),
        strongest_band=band(lags * qubits, pairs, confidence),
    )


def correlations(outcomes: Outcomes) -> Reals:
    """Returns phi of every two qubits within a shot, in the order of `Patterns`; 0 if one never varies."""
    shots, ones = outcomes.shots, outcomes.ones.astype(float)
    first, second = np.triu_indices(ones.size, 1)
    spread = np.sqrt(ones * (shots - ones))
    scale, stray = spread[first] * spread[second], shots * outcomes.both - ones[first] * ones[second]
    return np.asarray(np.divide(stray, scale, out=np.zeros(stray.size), where=scale > 0))


def estimates(blocks: Sequence[RawBlock]) -> Estimates:
    """Asks every estimator for the min-entropy of the first million raw bits, shot by shot."""
    samples = Samples.of(np.concatenate(list(_first_bits(blocks, RECOMMENDED_SAMPLES))))
    made, missing = dict[str, float](), list[str]()
    for name in ESTIMATES:
        try:
            made[name] = round(estimate(name, samples), 6)
        except SamplesError:
            missing.append(name)
    notes = [f"too few bits for: {', '.join(missing)}"] if missing else []
    if len(samples) < RECOMMENDED_SAMPLES:
        notes.append(
            f"{len(samples):,} bits, and section 3.1.1 asks for {RECOMMENDED_SAMPLES:,}: the estimates are lower and"
            " less sure"
        )
    return Estimates(samples=len(samples), bits=made, note="; ".join(notes))


def sample(block: RawBlock, bound_bits: float) -> Sample:
    """Takes the first shots of a block, and hashes them if they carry enough."""
    qubits = len(block.qubits)
    shots = min(block.shots, _HASHED_BITS // qubits)
    raw = unpack_shots(block.outcomes[:shots], qubits)
    extracted = _hashed(raw, bound_bits, block.sha256)
    packed = np.packbits(raw.reshape(-1)[: raw.size // 8 * 8])
    return Sample(
        raw_bits=packed[: SHOWN_BITS // 8].tobytes().hex(),
        extracted_bits=extracted[: SHOWN_BITS // 8].hex(),
        raw_bytes=_byte_counts(packed),
        extracted_bytes=_byte_counts(np.frombuffer(extracted, np.uint8)),
        note="" if extracted else f"{shots:,} shots bounded by {bound_bits:.3g} bits each are too few to extract from",
    )


def _hashed(raw: Packed, bound_bits: float, digest: str) -> bytes:
    """Extracts from unpacked shots as a draw would, but for the seed."""
    shots, qubits = raw.shape
    if bound_bits <= 0 or not outputs_from(shots, qubits, bound_bits, _EPSILON):
        return b""
    cut = layout_of(shots, qubits, bound_bits, _EPSILON)
    source, block_bits = np.packbits(raw[: cut.blocks * cut.shots]), cut.shots * qubits
    claim, epsilon = Fraction(bound_bits) / qubits, cut.blocks * Fraction(_EPSILON)
    layout = toeplitz_layout(8 * source.size, min_entropy_per_bit=claim, epsilon=epsilon, block_bits=block_bits)
    seed = np.frombuffer(hashlib.shake_256(digest.encode()).digest(math.ceil(layout.seed_bits / 8)), np.uint8)
    extracted = toeplitz(source, seed, min_entropy_per_bit=claim, epsilon=epsilon, block_bits=block_bits)
    return extracted.read().data[: extracted.extraction.output_bits // 8]


def _byte_counts(packed: Packed) -> tuple[int, ...]:
    return tuple(np.bincount(packed, minlength=256).tolist())


def _first_bits(blocks: Sequence[RawBlock], most: int) -> Iterator[Packed]:
    for block in blocks:
        qubits = len(block.qubits)
        bits = unpack_shots(block.outcomes[: math.ceil(most / qubits)], qubits).reshape(-1)[:most]
        yield bits
        most -= bits.size
        if most <= 0:
            return


def _lagged(column: Packed, shots: int, lags: int) -> Reals:
    """Returns phi of a qubit's outcomes and those 1 to `lags` shots before; 0 if either never varies."""
    bits, each = np.unpackbits(column, count=shots), range(1, lags + 1)
    both = np.array([_both(column, np.packbits(bits[lag:])) for lag in each], np.float64)
    pairs, ones = shots - np.array(each, np.float64), np.count_nonzero(bits)
    after, before = (ones - np.cumsum(ends, dtype=np.float64) for ends in (bits[:lags], bits[::-1][:lags]))
    scale = np.sqrt(after * (pairs - after)) * np.sqrt(before * (pairs - before))
    return np.asarray(np.divide(pairs * both - after * before, scale, out=np.zeros(lags), where=scale > 0))


def _both(one: Packed, other: Packed) -> int:
    """Counts the places where both of two packed columns have a one; the second is no longer than the first."""
    return int(np.bitwise_count(one[: other.size] & other).sum(dtype=np.int64))


def band(tests: int, samples: int, confidence: float) -> float:
    """Returns what the largest of so many coefficients of independent bits stays below."""
    return float(-special.ndtri((1 - confidence) / (2 * tests)) / math.sqrt(samples))


def _rounded(values: Reals) -> tuple[float, ...]:
    return tuple(np.round(values, 6).tolist())
