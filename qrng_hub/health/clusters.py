"""Qubits that depend on one another, as a graph: its connected parts, and the qubits in it that are worth the most."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations

LARGEST = 6
"""The most qubits that are credited jointly."""
Pair = tuple[int, int]


def parts(pairs: Iterable[Pair]) -> list[frozenset[int]]:
    """Returns the connected parts of a graph of pairs, in the order of their smallest qubits.

    >>> [sorted(part) for part in parts([(1, 2), (5, 6), (2, 9)])]
    [[1, 2, 9], [5, 6]]
    """
    found: list[frozenset[int]] = []
    for pair in pairs:
        joined = [part for part in found if not part.isdisjoint(pair)]
        found = [part for part in found if part.isdisjoint(pair)] + [frozenset(pair).union(*joined)]
    return sorted(found, key=min)


def reduced(pairs: Collection[Pair], worth: Mapping[int, float], most: int = LARGEST) -> list[Pair]:
    """Takes from each part of more than `most` qubits the one in most pairs, again and again, until none is so large.

    Of those in equally many pairs the one that is worth least goes first. What is left are the pairs of the others.
    """
    left = sorted(set(pairs))
    while large := [part for part in parts(left) if len(part) > most]:
        degrees = {qubit: sum(qubit in pair for pair in left) for part in large for qubit in part}
        lost = max(degrees, key=lambda qubit: (degrees[qubit], -worth[qubit], -qubit))
        left = [pair for pair in left if lost not in pair]
    return left


def heaviest_independent(part: Collection[int], pairs: Collection[Pair], worth: Mapping[int, float]) -> tuple[int, ...]:
    """Returns the qubits of a part, no two of them a pair, that are worth the most together; of at most `LARGEST`.

    >>> heaviest_independent([1, 2, 3], [(1, 2), (2, 3)], {1: 0.5, 2: 0.9, 3: 0.5})
    (1, 3)
    """
    joined = {frozenset(pair) for pair in pairs}
    sets = [
        chosen
        for size in range(1, len(part) + 1)
        for chosen in combinations(sorted(part), size)
        if not any(frozenset(pair) in joined for pair in combinations(chosen, 2))
    ]
    return max(sets, key=lambda chosen: sum(worth[qubit] for qubit in chosen), default=())
