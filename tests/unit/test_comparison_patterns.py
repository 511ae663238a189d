"""What outcomes show in their order and between qubits, against numpy and the assessment of SP 800-90B."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qrng_hub.bits import pack_shots
from qrng_hub.estimators import assess
from qrng_hub.records import Origin, RawBlock, ShotOrder
from qrng_hub.reports.comparison_patterns import LAGS, autocorrelation, band, correlations, estimates, patterns, sample
from qrng_hub.reports.comparison_tests import Outcomes

CONFIDENCE = 0.99
Flips = npt.NDArray[np.bool_]


def block(outcomes: Flips) -> RawBlock:
    return RawBlock(
        address="numpy:generator", vendor_id="job", origin=Origin.SIMULATOR, source="numpy",
        shot_order=ShotOrder.MEASURED, qubits=tuple(range(outcomes.shape[1])), outcomes=pack_shots(outcomes),
    )  # fmt: skip


def fair(seed: int, shots: int = 3000, qubits: int = 5, p: float = 0.5) -> Flips:
    return np.random.default_rng(seed).random((shots, qubits)) < p


@pytest.mark.parametrize("shots", [1027, 200_003])
def test_autocorrelation_is_numpys_at_every_lag(shots: int) -> None:
    flips = fair(1, shots, p=0.4)
    of = autocorrelation(Outcomes.of([block(flips)]), CONFIDENCE)
    known = np.array([
        [np.asarray(np.corrcoef(flips[lag:, q], flips[:-lag, q]))[0, 1] for lag in range(1, LAGS + 1)] for q in range(5)
    ])  # fmt: skip
    assert of.mean == pytest.approx(known.mean(axis=0), abs=2e-6)
    assert of.strongest == pytest.approx(known[np.abs(known).argmax(axis=0), range(LAGS)], abs=2e-6)


def test_an_echo_five_shots_later_stands_out_at_lag_five_only() -> None:
    flips = fair(2, shots=8192)
    echoes = np.flatnonzero(np.random.default_rng(3).random(8192) < 0.2)
    echoes = echoes[echoes >= 5]
    flips[echoes, 1] = flips[echoes - 5, 1]
    of = autocorrelation(Outcomes.of([block(flips)]), CONFIDENCE)
    beyond = [lag for lag, value in enumerate(of.strongest, start=1) if abs(value) > of.strongest_band]
    assert beyond[0] == 5 and all(lag % 5 == 0 for lag in beyond)
    assert of.strongest[4] == pytest.approx(0.2, abs=0.04)


def test_correlations_are_numpys_in_the_order_of_pairs() -> None:
    flips = fair(4, shots=70_001, qubits=6)  # more than are multiplied at once
    flips[:, 5] ^= flips[:, 2] & fair(5, 70_001, 1)[:, 0]
    found = correlations(Outcomes.of([block(flips)]))
    assert found == pytest.approx(np.asarray(np.corrcoef(flips.T))[np.triu_indices(6, 1)], abs=1e-9)


def test_a_stuck_qubit_is_correlated_with_nothing() -> None:
    flips = fair(6)
    flips[:, 0] = True
    outcomes = Outcomes.of([block(flips)])
    assert list(correlations(outcomes)[:4]) == [0.0] * 4
    assert np.isfinite(autocorrelation(outcomes, CONFIDENCE).mean).all()


def test_bands_hold_as_often_as_they_say() -> None:
    """Of 200 faultless sources at 99 %, more than 8 leave a band with a probability of 0.02 %."""
    left = {"pairs": 0, "mean": 0, "strongest": 0}
    for seed in range(200):
        outcomes = Outcomes.of([block(fair(1000 + seed, shots=2048, qubits=8))])
        of = autocorrelation(outcomes, CONFIDENCE)
        left["mean"] += max(map(abs, of.mean)) > of.mean_band
        left["strongest"] += max(map(abs, of.strongest)) > of.strongest_band
        pairs = correlations(outcomes)
        left["pairs"] += bool(np.abs(pairs).max() > band(pairs.size, outcomes.shots, CONFIDENCE))
    assert max(left.values()) <= 8
    assert sum(left.values()) > 0


def test_estimates_are_those_of_the_assessment_shot_by_shot() -> None:
    blocks = [block(fair(7, p=0.55)), block(fair(8, p=0.55))]
    of = estimates(blocks)
    bits = np.concatenate([fair(7, p=0.55).ravel(), fair(8, p=0.55).ravel()]).astype(np.uint8)
    assert of.samples == 30_000
    assert of.bits == pytest.approx(assess(bits, 1).literal, abs=1e-6)
    assert len(of.bits) == 10
    assert "30,000 bits, and section 3.1.1 asks for 1,000,000" in of.note


def test_too_few_bits_name_the_estimators_that_say_nothing() -> None:
    of = estimates([block(fair(9, shots=1024, qubits=2))])
    assert "Compression" not in of.bits and "Most Common Value" in of.bits
    assert "too few bits for: Compression" in of.note


def test_the_sample_is_the_first_outcomes_and_a_rerun_hashes_them_alike() -> None:
    flips = fair(10, shots=4096, qubits=12, p=0.4)
    one, other = sample(block(flips), 6.0), sample(block(flips), 6.0)
    assert one == other
    shown = np.unpackbits(np.frombuffer(bytes.fromhex(one.raw_bits), np.uint8))
    assert (shown == flips.ravel()[:4096]).all()
    assert sum(one.raw_bytes) == 4096 * 12 // 8
    assert len(one.extracted_bits) == 1024
    assert 0.4 * sum(one.raw_bytes) < sum(one.extracted_bytes) < 0.5 * sum(one.raw_bytes)  # 6 of 12 bits a shot
    ones = np.unpackbits(np.frombuffer(bytes.fromhex(one.extracted_bits), np.uint8)).mean()
    assert abs(ones - 0.5) < 4 / 2 / 4096**0.5
    assert shown.mean() < 0.45


def test_what_bounds_nothing_gives_nothing_and_says_so() -> None:
    of = sample(block(fair(11)), 0.0)
    assert (of.extracted_bits, sum(of.extracted_bytes)) == ("", 0)
    assert "too few to extract from" in of.note


def test_more_qubits_than_a_matrix_holds_have_none() -> None:
    blocks = [block(fair(12, shots=1024, qubits=257))]
    of = patterns(Outcomes.of(blocks), blocks, 100.0, CONFIDENCE)
    assert of.correlations == ()
    assert len(of.autocorrelation.mean) == LAGS
