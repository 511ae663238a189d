"""What is not as in a faultless source, in words, at a stated level.

The level is shared out evenly over bias, shot to shot, pairs and drift; health tests have one of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from qrng_hub.records import Finding
from qrng_hub.reports.comparison_tests import Evidence, Outcomes, Reals

_KINDS = 4
_TEST = {
    "bias": "exact binomial test",
    "shot to shot": "exact test of the number of runs",
    "pair": "Fisher's exact test of each pair",
    "drift": "Fisher's exact test of each repeat against the others",
}


def findings(outcomes: Outcomes, seen: Evidence, alpha: float, failed: Sequence[str]) -> tuple[Finding, ...]:
    """Names what the tests find; `failed` are the health tests that failed, in their words."""
    return (*_health(failed, outcomes.shots_each.size), *_found(outcomes, seen, alpha / _KINDS))


def _health(failed: Sequence[str], repeats: int) -> Iterator[Finding]:
    if failed:
        sentence = f"{len(failed)} of {repeats} repeats failed a health test, the first: {failed[0]}"
        yield Finding(kind="health", qubits=(), p_value=None, test="SP 800-90B section 4.4", sentence=sentence)


def _found(outcomes: Outcomes, seen: Evidence, level: float) -> Iterator[Finding]:
    def single(number: int) -> tuple[int, ...]:
        return (int(outcomes.qubits[number]),)

    def pair(number: int) -> tuple[int, ...]:
        return tuple(int(outcomes.qubits[column]) for column in outcomes.pair(number))

    stray = -np.abs(outcomes.ones / outcomes.shots - 0.5)
    yield from _of_kind("bias", seen.bias, stray, level, single, lambda q: _bias(outcomes, q))
    lags = -np.abs(seen.lag_one)
    yield from _of_kind("shot to shot", seen.shot_to_shot, lags, level, single, lambda q: _lag(outcomes, seen, q))
    yield from _of_kind("pair", seen.pairs, seen.pair_logs, level, pair, lambda number: _pair(outcomes, number))
    if seen.drift is not None:
        shares = outcomes.ones_each / outcomes.shots_each[:, None]
        yield from _of_kind("drift", seen.drift, -np.ptp(shares, axis=0), level, single, lambda q: _drift(outcomes, q))


def _of_kind(
    kind: str, p_values: Reals, order: Reals, level: float,
    named: Callable[[int], tuple[int, ...]], says: Callable[[int], str],
) -> Iterator[Finding]:  # fmt: skip
    """Yields one finding of all that are below the level, those that stray most first; `order` breaks ties."""
    found = np.flatnonzero(p_values < level)
    if not found.size:
        return
    ranked = found[np.lexsort((order[found], p_values[found]))].tolist()
    more = f"; {len(ranked) - 1} more like it" if len(ranked) > 1 else ""
    worst = float(p_values[ranked[0]])
    chance = f"p = {worst:.1e}" if worst else "p < 1e-300"
    sentence = f"{says(ranked[0])} ({_TEST[kind]}, {chance} of {p_values.size:,} tests){more}"
    yield Finding.model_validate({
        "kind": kind, "qubits": tuple(map(named, ranked)), "p_value": worst, "test": _TEST[kind], "sentence": sentence,
    })  # fmt: skip


def _bias(outcomes: Outcomes, column: int) -> str:
    share = outcomes.ones[column] / outcomes.shots
    return f"qubit {outcomes.qubits[column]} is biased: it gives a one in {share:.1%} of all shots"


def _lag(outcomes: Outcomes, seen: Evidence, column: int) -> str:
    lag = seen.lag_one[column]
    return f"qubit {outcomes.qubits[column]} remembers the shot before: their correlation is {lag:+.3f}"


def _pair(outcomes: Outcomes, number: int) -> str:
    first, second = outcomes.pair(number)
    named = f"qubits {outcomes.qubits[first]} and {outcomes.qubits[second]}"
    return f"{named} depend on each other: their correlation is {outcomes.correlation(first, second):+.3f}"


def _drift(outcomes: Outcomes, column: int) -> str:
    shares = outcomes.ones_each[:, column] / outcomes.shots_each
    seen = f"from {shares.min():.1%} to {shares.max():.1%}"
    return f"qubit {outcomes.qubits[column]} drifts: its share of ones varies {seen} over the repeats"
