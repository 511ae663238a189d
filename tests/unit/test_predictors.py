"""The four predictors of SP 800-90B, sections 6.3.7 to 6.3.10, against the standard's words in plain Python.

What the standard leaves open is as in NIST's tool: of equally frequent symbols the greatest is predicted; a new best
score takes the lead from an equal one; MultiMMC's run of correct predictions is not ended by none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng_hub.estimators import Samples
from qrng_hub.estimators.lag import lag_predictions
from qrng_hub.estimators.lz78y import lz78y_predictions
from qrng_hub.estimators.multi_mcw import multi_mcw_predictions
from qrng_hub.estimators.multi_mmc import multi_mmc_predictions

Outcome = tuple[int, int]  # correct predictions, the longest run of them


@st.composite
def sequences(draw: st.DrawFn) -> list[int]:
    """Symbols of 2 to 5 kinds, some of them repeating earlier ones, as a seed and a share of repeats give them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kinds, share, symbols = draw(st.integers(2, 5)), draw(st.sampled_from([0.0, 0.3, 0.9])), [0, 1]
    for _ in range(draw(st.integers(30, 300))):
        lag = int(rng.integers(1, min(len(symbols), 150)))
        symbols.append(symbols[-lag] if rng.random() < share else int(rng.integers(kinds)))
    return symbols


def samples_of(symbols: Sequence[int]) -> Samples:
    return Samples(np.array(symbols, np.uint8), max(symbols) + 1)


def follow_the_best(
    rounds: Iterable[tuple[int, list[int | None]]], predictors: int, *, none_ends_a_run: bool
) -> Outcome:
    """Follows, through (symbol, what each predictor says), the predictor of the best score so far."""
    scores, best = [0] * predictors, 0
    correct = run = longest = 0
    for symbol, said in rounds:
        if said[best] is not None or none_ends_a_run:
            run = run + 1 if said[best] == symbol else 0
            correct += said[best] == symbol
            longest = max(longest, run)
        for one in range(predictors):
            if said[one] == symbol:
                scores[one] += 1
                if scores[one] >= scores[best]:
                    best = one
    return correct, longest


def most_followed(counts: Counter[int]) -> tuple[int, int]:
    """Returns the count and the symbol that followed most often, of equals the greatest."""
    return max((count, symbol) for symbol, count in counts.items())


def by_lag(symbols: Sequence[int]) -> Outcome:
    rounds = (
        (symbols[now], [symbols[now - lag] if lag <= now else None for lag in range(1, 129)])
        for now in range(1, len(symbols))
    )
    return follow_the_best(rounds, 128, none_ends_a_run=True)


def by_window(symbols: Sequence[int]) -> Outcome:
    def most_common(window: Sequence[int]) -> int:
        counts, last = Counter(window), {symbol: at for at, symbol in enumerate(window)}
        return max(counts, key=lambda symbol: (counts[symbol], last[symbol]))

    rounds = (
        (
            symbols[now],
            [most_common(symbols[now - w : now]) if w <= now else None for w in (63, 255, 1023, 4095)],
        )
        for now in range(63, len(symbols))
    )
    return follow_the_best(rounds, 4, none_ends_a_run=True)


def by_counting(symbols: Sequence[int], capacity: int) -> Outcome:
    models: list[dict[tuple[int, ...], Counter[int]]] = [defaultdict(Counter) for _ in range(16)]
    entries = [0] * 16

    def rounds() -> Iterable[tuple[int, list[int | None]]]:
        for now in range(1, len(symbols)):
            said: list[int | None] = [None] * 16
            found = True
            for order in range(1, min(16, now) + 1):
                counts = models[order - 1].get(tuple(symbols[now - order : now]), Counter())
                found = found and bool(counts)
                if found:
                    said[order - 1] = most_followed(counts)[1]
                if not (found and counts[symbols[now]]):
                    if entries[order - 1] == capacity:
                        continue
                    entries[order - 1] += 1
                models[order - 1][tuple(symbols[now - order : now])][symbols[now]] += 1
            yield symbols[now], said

    return follow_the_best(rounds(), 16, none_ends_a_run=False)


def by_dictionary(symbols: Sequence[int], capacity: int) -> Outcome:
    dictionary: dict[tuple[int, ...], Counter[int]] = {}
    correct = run = longest = 0
    for now in range(16, len(symbols)):
        highest, predicted = 0, None
        for length in range(16, 0, -1):
            context = tuple(symbols[now - length : now])
            if context in dictionary:
                count, symbol = most_followed(dictionary[context])
                if count > highest:
                    highest, predicted = count, symbol
            elif len(dictionary) < capacity:
                dictionary[context] = Counter()
            if context in dictionary:
                dictionary[context][symbols[now]] += 1
        run = run + 1 if predicted == symbols[now] else 0
        correct += predicted == symbols[now]
        longest = max(longest, run)
    return correct, longest


@given(sequences())
def test_lags_predict_as_the_standard_says(symbols: list[int]) -> None:
    seen = lag_predictions(samples_of(symbols))
    assert (seen.made, seen.correct, seen.longest_run) == (len(symbols) - 1, *by_lag(symbols))


@given(sequences(), st.sampled_from([1, 2, 3, 10, 57, 100, 100_000]))
def test_markov_models_predict_as_the_standard_says(symbols: list[int], capacity: int) -> None:
    seen = multi_mmc_predictions(samples_of(symbols), capacity)
    assert (seen.made, seen.correct, seen.longest_run) == (len(symbols) - 2, *by_counting(symbols, capacity))


def test_a_markov_model_has_room_for_100_000_pairs() -> None:
    """Of 110,000 symbols, seen again, the tuples of the first 100,000 are known; some more are hit by chance."""
    symbols = np.tile(np.random.default_rng(4).integers(0, 256, 110_000, np.uint8), 2)
    assert 99_900 < multi_mmc_predictions(Samples.of(symbols)).correct < 101_000


def test_the_greatest_lag_is_128() -> None:
    rng = np.random.default_rng(6)
    share = [
        seen.correct / seen.made
        for period in (128, 129)
        for seen in [lag_predictions(samples_of(rng.integers(0, 256, period).tolist() * 50))]
    ]
    assert share[0] > 0.95
    assert share[1] < 0.05


@pytest.mark.parametrize("length", [2, 9, 200, 700])
def test_a_lag_that_was_never_right_takes_no_lead(length: int) -> None:
    """No symbol of a counter of 256 comes back within 128 samples, so that no prediction is right."""
    counter = np.arange(length, dtype=np.uint8)
    assert by_lag(counter.tolist()) == (0, 0)
    seen = lag_predictions(Samples.of(counter))
    assert (seen.correct, seen.longest_run) == (0, 0)


@given(sequences(), st.sampled_from([16, 17, 100, 257, 1000, 65_536]))
def test_the_dictionary_predicts_as_the_standard_says(symbols: list[int], capacity: int) -> None:
    seen = lz78y_predictions(samples_of(symbols), capacity)
    assert (seen.made, seen.correct, seen.longest_run) == (len(symbols) - 17, *by_dictionary(symbols, capacity))


@pytest.mark.parametrize(("kinds", "seed"), [(2, 1), (3, 2), (40, 3)])
def test_windows_predict_as_the_standard_says(kinds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    symbols = rng.binomial(kinds - 1, 0.5 + 0.4 * np.sin(np.arange(4600) / 300)).tolist()
    seen = multi_mcw_predictions(samples_of(symbols))
    assert (seen.made, seen.correct, seen.longest_run) == (len(symbols) - 63, *by_window(symbols))
