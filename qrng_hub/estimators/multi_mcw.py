"""The MultiMCW prediction estimate of NIST SP 800-90B, section 6.3.7: the most common value in a window comes next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng_hub.estimators.compiled import compiled
from qrng_hub.estimators.predictions import Predictions, prediction_estimate
from qrng_hub.estimators.samples import Samples

_WINDOWS = (63, 255, 1023, 4095)


def multi_mcw_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, from predicting the most common symbol of four windows.

    Raises `SamplesError` below 4,096 samples. Source: SP 800-90B, section 6.3.7.
    """
    samples.need(_WINDOWS[-1] + 1, "MultiMCW prediction")
    return prediction_estimate(multi_mcw_predictions(samples))


def multi_mcw_predictions(samples: Samples) -> Predictions:
    """Predicts by the window that did best so far. Source: SP 800-90B, section 6.3.7, steps 1 to 4."""
    binary = samples.alphabet <= 2
    correct, longest_run = _predict_bits(samples.symbols) if binary else _predict(samples.symbols, samples.alphabet)
    return Predictions(len(samples) - _WINDOWS[0], correct, longest_run, samples.alphabet)


@compiled
def _slide(
    symbols: npt.NDArray[np.uint8],
    now: int,
    window: int,
    counts: npt.NDArray[np.int64],
    last_seen: npt.NDArray[np.int64],
    frequent: int,
) -> int:
    """Moves a window on to `now`; returns its most common symbol, of equally common ones the latest seen."""
    arriving = symbols[now]
    counts[arriving] += 1
    last_seen[arriving] = now
    if now >= window:
        leaving = symbols[now - window]
        counts[leaving] -= 1
        if leaving == frequent:
            for other in range(counts.size):
                lead = counts[other] - counts[frequent]
                if lead > 0 or (lead == 0 and last_seen[other] > last_seen[frequent]):
                    frequent = other
            return frequent
    return arriving if counts[arriving] >= counts[frequent] else frequent


@compiled
def _predict(symbols: npt.NDArray[np.uint8], alphabet: int) -> tuple[int, int]:
    windows = len(_WINDOWS)
    counts = np.zeros((windows, alphabet), np.int64)
    last_seen = np.zeros((windows, alphabet), np.int64)
    frequent = np.zeros(windows, np.int64)
    scores = np.zeros(windows, np.int64)
    best = correct = run = longest_run = 0
    for now in range(symbols.size):
        if now >= _WINDOWS[0]:
            run = run + 1 if frequent[best] == symbols[now] else 0
            correct += run > 0
            longest_run = max(longest_run, run)
        for one in range(windows):
            if now >= _WINDOWS[one] and frequent[one] == symbols[now]:
                scores[one] += 1
                if scores[one] >= scores[best]:
                    best = one
            frequent[one] = _slide(symbols, now, _WINDOWS[one], counts[one], last_seen[one], frequent[one])
    return correct, longest_run


@compiled
def _predict_bits(bits: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Predicts as `_predict` does: windows are odd, so that of two symbols one is the more common in a full one."""
    windows = len(_WINDOWS)
    ones = np.zeros(windows, np.int64)
    frequent = np.zeros(windows, np.int64)
    scores = np.zeros(windows, np.int64)
    best = correct = run = longest_run = 0
    for now in range(bits.size):
        bit = np.int64(bits[now])
        if now >= _WINDOWS[0]:
            run = run + 1 if frequent[best] == bit else 0
            correct += run > 0
            longest_run = max(longest_run, run)
        for one in range(windows):
            window = _WINDOWS[one]
            ones[one] += bit
            if now >= window:
                if frequent[one] == bit:
                    scores[one] += 1
                    if scores[one] >= scores[best]:
                        best = one
                ones[one] -= bits[now - window]
            frequent[one] = np.int64(2 * ones[one] > window)
    return correct, longest_run
