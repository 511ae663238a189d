"""What changed since an earlier comparison: calibration, entropy, price and queue, row by row, in plain words.

What the vendor says (a calibration, a price) changed or did not. Of what is measured only a test claims a change:

- entropy: Fisher's exact test of each qubit's ones now and before, corrected for the number of qubits (Bonferroni);
- queue: the Mann-Whitney U test of the jobs' queue times, if there are enough of them.

Holm's correction over all of these tests makes the chance of any false claim at most the comparison's alpha.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from qrng_hub.health.correlation import tail_bits
from qrng_hub.records import Against, Change, ComparedBackend, Comparison, JobPrice, Measures, QubitMeasures
from qrng_hub.reports.comparison_differences import Reals, holm, mann_whitney

ENOUGH_JOBS = 8
"""Queue times of fewer jobs, now or before, are not tested."""
ENTROPY_TEST = "Fisher's exact test of each qubit's ones now and before, with Holm's correction"
QUEUE_TEST = "Mann-Whitney U test of queue times, with Holm's correction"


class _Tested(NamedTuple):
    """A claim that a test decides: its p-value before Holm's correction, and the words for either outcome."""

    change: Change
    changed: str
    same: str


def against(now: Comparison, before: Comparison) -> Against:
    """Says what changed from one comparison to another, of every row of either."""
    earlier = {row.label: row for row in before.backends}
    later = {row.label: row for row in now.backends}
    facts, tested = list[Change](), list[_Tested]()
    for label, row in later.items():
        if label not in earlier:
            facts.append(_fact(label, "presence", True, "new: it is not in the earlier comparison"))
            continue
        facts += _facts(row, earlier[label])
        tested += _tests(row, earlier[label])
    gone = (label for label in earlier if label not in later)
    facts += (_fact(label, "presence", True, "gone: it is only in the earlier comparison") for label in gone)
    decided = _decided(tested, now.alpha)
    order = {label: number for number, label in enumerate([*later, *earlier])}
    changes = sorted([*facts, *decided], key=lambda one: (not one.is_real, order[one.label], one.kind))
    return Against(comparison_id=before.comparison_id, created_utc=before.created_utc, changes=tuple(changes))


def _facts(now: ComparedBackend, before: ComparedBackend) -> Iterator[Change]:
    if bool(now.measures) != bool(before.measures):
        words = "gives outcomes again" if now.measures else f"gave outcomes before, and none now: {now.failure}"
        yield _fact(now.label, "presence", True, words)
    yield _calibration(now, before)
    if now.measures and before.measures:
        yield _price(now, before)


def _tests(now: ComparedBackend, before: ComparedBackend) -> Iterator[_Tested]:
    if now.measures and before.measures:
        yield _entropy(now.label, now.measures, before.measures)
        yield _queue(now, before)


def _calibration(now: ComparedBackend, before: ComparedBackend) -> Change:
    if not (now.described and before.described and now.described.calibration and before.described.calibration):
        return _fact(now.label, "calibration", False, "no published calibration to compare")
    new, old = ({one.qubit: one for one in row.described.calibration} for row in (now, before) if row.described)
    moved = {
        qubit: max(
            abs(new[qubit].flip_0_to_1 - old[qubit].flip_0_to_1), abs(new[qubit].flip_1_to_0 - old[qubit].flip_1_to_0)
        )
        for qubit in new.keys() & old.keys()
    }
    changed = [qubit for qubit, by in moved.items() if by > 0]
    if not changed:
        return _fact(
            now.label, "calibration", False, f"the published readout errors of {len(moved)} qubits are the same"
        )
    most = max(changed, key=lambda qubit: (moved[qubit], -qubit))
    words = (
        f"the published readout errors of {len(changed)} of {len(moved)} qubits changed, most that of qubit {most}, by"
        f" {moved[most]:.2%}{_dated(now, before)}"
    )
    return _fact(now.label, "calibration", True, words)


def _dated(now: ComparedBackend, before: ComparedBackend) -> str:
    stamps = [row.described.calibrated_utc if row.described else None for row in (now, before)]
    if None in stamps or stamps[0] == stamps[1]:
        return ""
    new, old = (f"{stamp:%Y-%m-%d %H:%M}" for stamp in stamps)
    return f" (calibrated {new}, before {old} UTC)"


def _price(now: ComparedBackend, before: ComparedBackend) -> Change:
    new, old = now.price, before.price
    if new is None or old is None:
        return _fact(now.label, "price", (new is None) != (old is None), _known(new, old))
    if new == old:
        return _fact(now.label, "price", False, "the price is the same")
    shots = max((one.shots for one in now.repeats), default=1)
    jobs = f"a job of {shots:,} shots is estimated at {new.of(shots):f} {new.currency}"
    return _fact(now.label, "price", True, f"the price changed: {jobs}, before {old.of(shots):f} {old.currency}")


def _known(new: JobPrice | None, old: JobPrice | None) -> str:
    if new is None and old is None:
        return "the price is unknown, now as before"
    return "the price is known now, and was not before" if new else "the price is unknown now, and was known before"


def _entropy(label: str, now: Measures, before: Measures) -> _Tested:
    old = {one.qubit: one for one in before.qubits}
    pairs = [(one, old[one.qubit]) for one in now.qubits if one.qubit in old]
    bounds = f"the bound is {now.bound_bits_per_shot:.2f} bits a shot, before {before.bound_bits_per_shot:.2f}"
    if not pairs:
        return _Tested(_claim(label, "entropy", None, ENTROPY_TEST), "", f"other qubits were used before; {bounds}")
    logs = -_fisher_bits(pairs, now.shots, before.shots)
    worst = int(np.argmin(logs))
    one, other = pairs[worst]
    p = float(min(1.0, len(pairs) * np.exp2(logs[worst])))
    shares = f"{one.p_one.value:.1%} of all shots, before in {other.p_one.value:.1%}"
    changed = f"qubit {one.qubit} gives a one in {shares}; {bounds}"
    same = f"no qubit's share of ones is told apart from before; {bounds}"
    return _Tested(_claim(label, "entropy", p, ENTROPY_TEST), changed, same)


def _fisher_bits(pairs: Sequence[tuple[QubitMeasures, QubitMeasures]], now: int, before: int) -> Reals:
    ones = np.array([one.ones for one, _ in pairs], np.int64)
    both = ones + np.array([other.ones for _, other in pairs], np.int64)
    return tail_bits(ones, now + before, both, np.full_like(ones, now))


def _queue(now: ComparedBackend, before: ComparedBackend) -> _Tested:
    new, old = _queued(now), _queued(before)
    if len(new) < ENOUGH_JOBS or len(old) < ENOUGH_JOBS:
        few = f"{len(new)} and {len(old)} jobs with a queue time are too few to say whether the queue changed"
        return _Tested(_claim(now.label, "queue", None, QUEUE_TEST), "", f"{few}: that takes {ENOUGH_JOBS} each")
    _, p = mann_whitney(np.array(new), np.array(old))
    medians = f"{statistics.median(new):,.1f} s in the median, before {statistics.median(old):,.1f} s"
    return _Tested(
        _claim(now.label, "queue", p, QUEUE_TEST),
        f"jobs queue {medians}",
        f"no change of the queue can be told: {medians}",
    )


def _queued(row: ComparedBackend) -> list[float]:
    return [one.queue_seconds for one in row.repeats if one.queue_seconds is not None]


def _decided(tested: Sequence[_Tested], alpha: float) -> Iterator[Change]:
    """Corrects the p-values of all tests together and says what they come to."""
    ran = [one for one in tested if one.change.p_value is not None]
    held = dict(zip(map(id, ran), holm([one.change.p_value or 0.0 for one in ran]), strict=True))
    for one in tested:
        p = held.get(id(one))
        is_real = p is not None and p < alpha
        words = one.changed if is_real else one.same
        sentence = words if p is None else f"{words} (p = {p:.1e})" if is_real else f"{words} (p = {p:.2g})"
        yield one.change.model_copy(
            update={"is_real": is_real, "p_value": p, "sentence": f"{one.change.label}: {sentence}"}
        )


def _claim(label: str, kind: str, p_value: float | None, test: str) -> Change:
    return Change.model_validate(
        {"label": label, "kind": kind, "is_real": False, "p_value": p_value, "test": test, "sentence": ""}
    )


def _fact(label: str, kind: str, is_real: bool, words: str) -> Change:
    fields = {
        "label": label,
        "kind": kind,
        "is_real": is_real,
        "p_value": None,
        "test": "",
        "sentence": f"{label}: {words}",
    }
    return Change.model_validate(fields)
