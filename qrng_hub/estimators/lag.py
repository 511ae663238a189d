"""The lag prediction estimate of NIST SP 800-90B, section 6.3.8: what came a fixed time ago comes next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng_hub.estimators.compiled import compiled
from qrng_hub.estimators.predictions import Predictions, prediction_estimate
from qrng_hub.estimators.samples import Samples

_LAGS = 128


def lag_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, from predicting the symbol that came 1 to 128 samples ago.

    Raises `SamplesError` below three samples. Source: SP 800-90B, section 6.3.8.
    """
    samples.need(3, "lag prediction")
    return prediction_estimate(lag_predictions(samples))


def lag_predictions(samples: Samples) -> Predictions:
    """Predicts by the lag that did best so far. Source: SP 800-90B, section 6.3.8, steps 1 to 4."""
    correct, longest_run = _predict(samples.symbols, samples.symbols[::-1].copy())
    return Predictions(len(samples) - 1, correct, longest_run, samples.alphabet)


@compiled
def _predict(symbols: npt.NDArray[np.uint8], backward: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Predicts; the samples backward let the lags of a moment be read in order, which the processor does many at once.

    A lag takes the lead by a score not below the leader's; of several that do, the greatest lag of the best score.
    `places` holds 128 times the score plus the lag (from 0), so that the greatest of them is that lag's.
    """
    places = np.arange(_LAGS)
    best = correct = run = longest_run = 0
    for now in range(1, symbols.size):
        symbol = symbols[now]
        past = backward[symbols.size - now : symbols.size - now + _LAGS]
        run = run + 1 if past[best] == symbol else 0
        correct += run > 0
        longest_run = max(longest_run, run)
        top = 0
        for lag in range(past.size):
            if past[lag] == symbol:
                places[lag] += _LAGS
                top = max(top, places[lag])
        if top and top // _LAGS >= places[best] // _LAGS:
            best = top % _LAGS
    return correct, longest_run
