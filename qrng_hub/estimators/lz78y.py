"""The LZ78Y prediction estimate of NIST SP 800-90B, section 6.3.10: a dictionary of contexts, after LZ78."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng_hub.estimators.compiled import compiled
from qrng_hub.estimators.predictions import Predictions, prediction_estimate
from qrng_hub.estimators.samples import Samples

_LONGEST = 16
_ENTRIES = 65_536
_MOST, _PREDICTION, _COUNTS = 0, 1, 2
"""The columns of a node: its greatest count, the symbol it predicts, the count of each symbol after it; then, of each
symbol, the node of the context that is longer by it. One row holds all, so that a visit touches memory once."""


def lz78y_estimate(samples: Samples) -> float:
    """Estimates the min-entropy, in bits per sample, from predicting by a dictionary of 65,536 contexts.

    Raises `SamplesError` below 19 samples. Source: SP 800-90B, section 6.3.10.
    """
    samples.need(_LONGEST + 3, "LZ78Y prediction")
    return prediction_estimate(lz78y_predictions(samples))


def lz78y_predictions(samples: Samples, entries: int = _ENTRIES) -> Predictions:
    """Predicts by the context of 1 to 16 symbols that was followed most often by one symbol, of equals by the longest.

    The dictionary takes so many contexts. Source: SP 800-90B, section 6.3.10, steps 1 to 3.
    """
    correct, longest_run = _predict(samples.symbols, samples.alphabet, entries)
    return Predictions(len(samples) - _LONGEST - 1, correct, longest_run, samples.alphabet)


@compiled
def _follow(tree: npt.NDArray[np.int32], node: int, symbol: int) -> None:
    """Counts a symbol after a context, which predicts its most frequent one, of equals the greatest."""
    tree[node, _COUNTS + symbol] += 1
    count = tree[node, _COUNTS + symbol]
    if count > tree[node, _MOST] or (count == tree[node, _MOST] and symbol > tree[node, _PREDICTION]):
        tree[node, _MOST] = count
        tree[node, _PREDICTION] = symbol


@compiled
def _predict(symbols: npt.NDArray[np.uint8], alphabet: int, capacity: int) -> tuple[int, int]:
    """Predicts along a tree of contexts, the last symbol first; node 0 is the empty context.

    A node is an entry once it has counts. A full dictionary takes the longest of the contexts that are new, so that
    the last nodes made may be there only to lead to an entry.
    """
    nodes = min(capacity + _LONGEST, _LONGEST * symbols.size)
    longer = _COUNTS + alphabet
    tree = np.zeros((nodes, longer + alphabet), np.int32)
    made, entries = 1, 0
    correct = run = longest_run = 0
    for now in range(_LONGEST, symbols.size):
        symbol = symbols[now]
        node = length = 0
        highest, predicted = 0, -1
        while length < _LONGEST and tree[node, longer + symbols[now - 1 - length]]:
            node = tree[node, longer + symbols[now - 1 - length]]
            length += 1
            if tree[node, _MOST]:
                if tree[node, _MOST] >= highest:
                    highest, predicted = tree[node, _MOST], tree[node, _PREDICTION]
                _follow(tree, node, symbol)
        shortest_new = max(length + 1, _LONGEST + 1 - (capacity - entries))
        while length < _LONGEST and shortest_new <= _LONGEST:
            tree[node, longer + symbols[now - 1 - length]] = made
            node = made
            made += 1
            length += 1
            if length >= shortest_new:
                entries += 1
                _follow(tree, node, symbol)
        run = run + 1 if predicted == symbol else 0
        correct += run > 0
        longest_run = max(longest_run, run)
    return correct, longest_run
