"""The MultiMMC prediction estimate of NIST SP 800-90B, section 6.3.9: Markov models of orders 1 to 16."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng_hub.estimators.compiled import compiled
from qrng_hub.estimators.predictions import Predictions, prediction_estimate
from qrng_hub.estimators.samples import Samples

_ORDERS = 16
_ENTRIES = 100_000
_TABLE_BITS = 18
"""Of the table of tuples, which keeps it less than half full."""


def multi_mmc_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, from predicting what most often followed the last 1 to 16 symbols.

    Raises `SamplesError` below four samples. Source: SP 800-90B, section 6.3.9.
    """
    samples.need(4, "MultiMMC prediction")
    return prediction_estimate(multi_mmc_predictions(samples))


def multi_mmc_predictions(samples: Samples, entries: int = _ENTRIES) -> Predictions:
    """Predicts by the order that did best so far.

    Each order counts at most so many pairs of a context and what follows it, 100,000 at most.
    Source: SP 800-90B, section 6.3.9, steps 1 to 4.
    """
    tuples = samples.symbols.astype(np.int32)
    spoke = np.zeros(len(samples), np.uint16)
    hit = np.zeros(len(samples), np.uint16)
    contexts = samples.alphabet
    for order in range(1, min(_ORDERS, len(samples) - 1) + 1):
        contexts, predictions = _one_order(
            samples.symbols, samples.alphabet, order, entries, tuples, contexts, spoke, hit
        )
        if not predictions:  # a longer context is found only where a shorter one is
            break
    correct, longest_run = _vote(spoke, hit)
    return Predictions(len(samples) - 2, correct, longest_run, samples.alphabet)


@compiled
def _name(key: int, keys: npt.NDArray[np.int64], names: npt.NDArray[np.int32], named: int, capacity: int) -> int:
    """Returns the name of a key in an open-addressed table, `named` if it is new, -1 if there is no room for it."""
    mask = keys.size - 1
    slot = key & mask if key <= mask else (key * 0x2545F4914F6CDD1D >> 40) & mask
    while keys[slot] >= 0:
        if keys[slot] == key:
            return int(names[slot])
        slot = (slot + 1) & mask
    if named == capacity:
        return -1
    keys[slot] = key
    names[slot] = named
    return named


@compiled
def _one_order(
    symbols: npt.NDArray[np.uint8],
    alphabet: int,
    order: int,
    capacity: int,
    tuples: npt.NDArray[np.int32],
    contexts: int,
    spoke: npt.NDArray[np.uint16],
    hit: npt.NDArray[np.uint16],
) -> tuple[int, int]:
    """Predicts by one order; sets its bit in `spoke` where it does and in `hit` where rightly.

    `tuples` names the tuple of `order` symbols that ends at each position, -1 for none, and leaves here naming those
    of one symbol more: the pairs of this order are the contexts of the next. One that this order has no room for,
    the next, whose pairs are at least as many, has no room for either. Returns how many pairs there are, and how many
    predictions.
    """
    keys = np.full(1 << _TABLE_BITS, -1, np.int64)
    names = np.empty(1 << _TABLE_BITS, np.int32)
    counts = np.zeros(capacity, np.int32)
    most = np.zeros(contexts, np.int32)
    prediction = np.zeros(contexts, np.uint8)
    bit, shorter = np.uint16(1 << (order - 1)), np.uint16(1 << (order - 1) >> 1)
    named = predictions = 0
    following = tuples[order - 1]
    for now in range(order, symbols.size):
        symbol, context = symbols[now], following
        following = tuples[now]
        tuples[now] = -1
        if context < 0:
            continue
        pair = _name(np.int64(context) * alphabet + symbol, keys, names, named, capacity)
        named += pair == named
        tuples[now] = pair
        if most[context] and (order == 1 or spoke[now] & shorter):
            predictions += 1
            spoke[now] |= bit
            if prediction[context] == symbol:
                hit[now] |= bit
        if pair < 0:
            continue
        counts[pair] += 1
        if counts[pair] > most[context] or (counts[pair] == most[context] and symbol > prediction[context]):
            most[context] = counts[pair]
            prediction[context] = symbol
    return named, predictions


@compiled
def _vote(spoke: npt.NDArray[np.uint16], hit: npt.NDArray[np.uint16]) -> tuple[int, int]:
    """Follows at each moment the order of the best score; where it has no context, the run stands as it is."""
    scores = np.zeros(_ORDERS, np.int64)
    best = correct = run = longest_run = 0
    for now in range(spoke.size):
        if spoke[now] >> best & 1:
            run = run + 1 if hit[now] >> best & 1 else 0
            correct += run > 0
            longest_run = max(longest_run, run)
        hits = hit[now]
        for order in range(_ORDERS):
            if hits >> order & 1:
                scores[order] += 1
                if scores[order] >= scores[best]:
                    best = order
    return correct, longest_run
