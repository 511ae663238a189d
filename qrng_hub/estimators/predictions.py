"""What the four prediction estimates of NIST SP 800-90B, sections 6.3.7 to 6.3.10, make of their predictions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qrng_hub.estimators.bisection import where_decreasing
from qrng_hub.estimators.confidence import min_entropy, upper_bound

_LOG_NO_LONGER_RUN = math.log(0.99)
_ITERATIONS = 65


@dataclass(frozen=True)
class Predictions:
    """How well a source of `alphabet` symbols was predicted: `correct` of `made`, `longest_run` of them in a row."""

    made: int
    correct: int
    longest_run: int
    alphabet: int


def prediction_estimate(seen: Predictions) -> float:
    """Returns the min-entropy, in bits per sample, of the greater of global and local predictability.

    Global is the 99 % upper bound of the share of correct predictions; local the chance of a correct one at which a
    run longer than the longest seen has probability 1 %; neither counts if below guessing.
    Source: SP 800-90B, section 6.3.7, steps 5 to 9.
    """
    share = seen.correct / seen.made
    everywhere = upper_bound(share, seen.made) if seen.correct else 1 - 0.01 ** (1 / seen.made)
    p = max(everywhere, 1 / seen.alphabet)

    def log_no_longer_run(p: float) -> float:
        return _log_no_run(p, seen.longest_run + 1, seen.made)

    if p < 1 and log_no_longer_run(p) > _LOG_NO_LONGER_RUN:
        p = where_decreasing(log_no_longer_run, _LOG_NO_LONGER_RUN, p, 1.0)
    return min_entropy(p)


def _log_no_run(p: float, run: int, trials: int) -> float:
    """Returns the logarithm of the probability that no `run` successes of probability p come in a row.

    Source: SP 800-90B, section 6.3.7, step 6: x is the root of 1 - x + (1 - p) p^run x^(run + 1) next to 1. Its
    excess over 1 is found here, which keeps its digits.
    """
    fails = 1 - p
    excess, previous = 0.0, -1.0
    for _ in range(_ITERATIONS):
        if excess == previous:
            break
        excess, previous = fails * p**run * (1 + excess) ** (run + 1), excess
    rest = 1 - p * (1 + excess)
    if rest <= 0:
        return -math.inf
    return math.log(rest) - math.log((1 - run * excess) * fails) - (trials + 1) * math.log1p(excess)
