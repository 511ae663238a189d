"""Exact tests of independence, from one shot to the next and between qubits, whatever the qubits' biases.

Given how many ones there are, both statistics are hypergeometric if shots are independent and alike:

- lag 1: the runs of ones among n1 ones and n0 zeros, out of n1 + n0 with n0 + 1 successes in n1 draws, since the runs
  are set into the gaps that zeros leave (Wald and Wolfowitz 1940);
- two qubits: the shots in which both give a one, out of n with n1 successes in n1' draws (Fisher's exact test).

A result is in bits: -log2 of (a bound on) the probability of so much or more, on either side.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from qrng_hub.bits import Packed

Bits = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def lag_one_bits(first: Counts, runs: Counts, ones: Counts, shots: int) -> Bits:
    """Returns how improbable the number of runs of each qubit is, in bits; `first` is its first outcome."""
    runs_of_ones = (runs + first) // 2
    gaps = np.minimum(shots - ones + 1, shots)  # a qubit that gave no one has no runs of ones to place
    return tail_bits(runs_of_ones, shots, gaps, ones)


def pair_bits(columns: Packed, ones: Counts, shots: int) -> Bits:
    """Returns how improbable the agreement of each pair of qubits is, in bits: (0, 1), (0, 2), ..., (1, 2), ...

    `columns` are the qubits' outcomes, each packed in the order of the shots.
    """
    return agreement_bits(agreements(columns), ones, shots)


def agreements(columns: Packed) -> Counts:
    """Counts the shots in which both qubits of a pair give a one, in the order of `pair_bits`: shape (pairs,)."""
    words = _as_words(columns)
    each = [_both(words[first], words[first + 1 :]) for first in range(len(words) - 1)]
    return np.concatenate([np.empty(0, np.int64), *each])


def agreement_bits(both: Counts, ones: Counts, shots: int) -> Bits:
    """Returns how improbable the counts of `agreements` are, in bits."""
    bits, start = np.empty(both.size), 0
    for first in range(ones.size - 1):
        others = ones[first + 1 :]
        pairs = slice(start, start + others.size)
        bits[pairs] = tail_bits(both[pairs], shots, others, np.full_like(others, ones[first]))
        start += others.size
    return bits


def apart_bits(columns: Packed, shots: int) -> Bits:
    """Returns how improbable the agreement of each qubit with each other one shot before is, in bits: shape (q, q).

    Row i is of the outcomes of qubit i but the first, column j of those of qubit j but the last; 0 where they are one.
    """
    outcomes = np.unpackbits(columns, axis=1, count=shots)
    later, earlier = _as_words(np.packbits(outcomes[:, 1:], axis=1)), _as_words(np.packbits(outcomes[:, :-1], axis=1))
    ones_later, ones_earlier = (np.bitwise_count(words).sum(axis=1, dtype=np.int64) for words in (later, earlier))
    bits = np.empty((len(columns), len(columns)))
    for qubit, words in enumerate(later):
        bits[qubit] = tail_bits(
            _both(words, earlier), shots - 1, ones_earlier, np.full_like(ones_earlier, ones_later[qubit])
        )
    np.fill_diagonal(bits, 0.0)
    return bits


def pairs_at(numbers: Counts, qubits: int) -> Counts:
    """Returns the pairs of these numbers in the order of `pair_bits`, shape (n, 2).

    >>> pairs_at(np.array([0, 2, 3, 5]), 4).tolist()
    [[0, 1], [0, 3], [1, 2], [2, 3]]
    """
    ends = np.cumsum(np.arange(qubits - 1, 0, -1))
    first = np.searchsorted(ends, numbers, side="right")
    return np.stack([first, qubits - (ends[first] - numbers)], axis=1)


def tail_bits(seen: Counts, population: int, successes: Counts, draws: Counts) -> Bits:
    """Bounds the two-sided tail of hypergeometric counts, in bits, from below: -log2 P is at least this.

    Beyond the mode the ratio of a term to the one before it falls, so the tail is at most the geometric series with the
    first ratio; far out that is above it by a few per cent. Twice the tail is the two-sided probability.
    """
    below = seen * population < successes * draws
    k = np.where(below, draws - seen, seen)
    marked = np.where(below, population - successes, successes)
    log_term = _log_choose(marked, k) + _log_choose(population - marked, draws - k)
    log_term -= _log_choose(np.asarray(population), draws)
    ratio = (marked - k) * (draws - k) / ((k + 1.0) * (population - marked - draws + k + 1.0))
    rest = np.where(ratio < 1, 1 - ratio, np.finfo(float).tiny)
    return np.maximum(0.0, -(log_term - np.log(rest)) / math.log(2) - 1)


def _log_choose(total: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]) -> Bits:
    logarithm: Bits = (
        special.gammaln(total + 1.0) - special.gammaln(chosen + 1.0) - special.gammaln(total - chosen + 1.0)
    )
    return logarithm


def _as_words(columns: Packed) -> npt.NDArray[np.uint64]:
    """Widens packed columns to words of 64 bits, filled with zeros."""
    padded = np.zeros((len(columns), -(-columns.shape[1] // 8) * 8), np.uint8)
    padded[:, : columns.shape[1]] = columns
    return padded.view(np.uint64)


def _both(one: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]) -> Counts:
    counts: Counts = np.bitwise_count(one & others).sum(axis=1, dtype=np.int64)
    return counts
