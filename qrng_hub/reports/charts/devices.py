"""The qubits of one backend: on its coupling map, as bars, against its published calibration, and over the repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from qrng_hub.records import Backend, ComparedBackend, Measures, QubitMeasures
from qrng_hub.reports.charts.axes import level, linear, upright
from qrng_hub.reports.charts.figure import Figure, Rows, figure
from qrng_hub.reports.charts.layout import Places, coupled, grid
from qrng_hub.reports.charts.overview import FULL_BIAS
from qrng_hub.reports.charts.svg import WIDTH, dot, line, polyline, rect, tag, text

_LEFT = 46.0
_LEGEND = 48.0
Shade = Callable[[QubitMeasures], tuple[str, float, str]]


def bias_map(number: int, row: ComparedBackend, measures: Measures) -> Figure:
    """Draws the bias of each qubit where it lies on the device."""
    keys = tag("span", "fewer ones", class_="key less") + " and " + tag("span", "more ones", class_="key more")
    caption = f"P(1), no unit, {_where(row)}: {keys}, full colour at {FULL_BIAS:g} or more from 1/2{_hollow(row)}."
    legend = [
        ("less", 1.0, f"{0.5 - FULL_BIAS:g}"), ("less", 0.5, ""), ("less", 0.0, "P(1) = 0.5"), ("more", 0.5, ""),
        ("more", 1.0, f"{0.5 + FULL_BIAS:g}"),
    ]  # fmt: skip
    table = [["qubit", "P(1)"], *([str(one.qubit), f"{one.p_one.value:.4f}"] for one in measures.qubits)]
    return _map(f"map-bias-{number}", row, measures, "Bias", _bias, legend, caption, table)


def entropy_map(number: int, row: ComparedBackend, measures: Measures) -> Figure:
    """Draws the bound on each qubit's min-entropy where it lies on the device."""
    caption = (
        f"Bounded min-entropy, bits a shot, {_where(row)}: the fainter, the less; look for faint patches{_hollow(row)}."
    )
    legend = [
        ("bar", share, words) for share, words in ((0.0, "0"), (0.25, ""), (0.5, "0.5"), (0.75, ""), (1.0, "1 bit"))
    ]
    table = [["qubit", "bound, bits"], *([str(one.qubit), f"{one.bound_bits:.4f}"] for one in measures.qubits)]
    return _map(f"map-entropy-{number}", row, measures, "Bounded min-entropy", _entropy, legend, caption, table)


def qubit_bars(number: int, row: ComparedBackend, measures: Measures, confidence: float) -> Figure:
    """Draws the bound of each qubit as a bar and the interval of its min-entropy as a line."""
    bottom, step = 128.0, (WIDTH - _LEFT) / len(measures.qubits)
    axis = linear(0, 1, bottom, 28)
    marks = [upright(axis, _LEFT, WIDTH, "bits a shot")]
    for i, one in enumerate(measures.qubits):
        x, bits = _LEFT + i * step, one.min_entropy_bits
        y, middle = axis.place(one.bound_bits), x + step / 2
        marks.append(rect(x + step * 0.1, y, step * 0.8, bottom - y, "bar"))
        marks.append(line(middle, axis.place(bits.high), middle, axis.place(bits.low), "whisker"))
    first, last = measures.qubits[0].qubit, measures.qubits[-1].qubit
    marks += [text(_LEFT, bottom + 16, f"qubit {first}", kind="tick")]
    marks += [text(WIDTH, bottom + 16, f"qubit {last}", "end", "tick")] if last != first else []
    low, high = min(one.bound_bits for one in measures.qubits), max(one.bound_bits for one in measures.qubits)
    says = f"{len(measures.qubits)} qubits, bounded from {low:.3f} to {high:.3f} bits a shot"
    table = [["qubit", "bound, bits", "min-entropy, bits", "its interval", "P(1)"]] + [
        [
            str(one.qubit), f"{one.bound_bits:.4f}", f"{one.min_entropy_bits.value:.4f}",
            f"{one.min_entropy_bits.low:.4f} to {one.min_entropy_bits.high:.4f}", f"{one.p_one.value:.4f}",
        ]
        for one in measures.qubits
    ]  # fmt: skip
    title = f"Min-entropy of each qubit of {row.label}"
    caption = (
        f"{says}. A bar is what the hub would extract, the line on it the {confidence:.0%} interval of the min-entropy"
        " by the counts alone; the gap is the price of certainty and of the readout errors."
    )
    return figure(f"qubits-{number}", bottom + 22, title, says, [row], marks, escape(caption), table)


def calibration(number: int, row: ComparedBackend, measures: Measures) -> Figure | str:
    """Draws each qubit's share of ones against what its published readout errors let expect, or says why not."""
    known = {one.qubit: one for one in row.described.calibration} if row.described else {}
    pairs = [(one, known[one.qubit]) for one in measures.qubits if one.qubit in known]
    if not pairs:
        return "Measured against calibrated: no readout errors are published of these qubits."
    expected = [(1 + flips.flip_0_to_1 - flips.flip_1_to_0) / 2 for _, flips in pairs]
    shares = [one.p_one.value for one, _ in pairs]
    low, high = min(*expected, *shares, 0.45), max(*expected, *shares, 0.55)
    x_axis, y_axis = linear(low, high, _LEFT + 10, WIDTH - 60), linear(low, high, 270, 30)
    marks = [level(x_axis, 30, 270, "P(1) expected from the published readout errors")]
    marks += [upright(y_axis, _LEFT, WIDTH - 60, "P(1) measured")]
    marks.append(line(x_axis.place(low), y_axis.place(low), x_axis.place(high), y_axis.place(high), "band"))
    outside, table = list[str](), [["qubit", "expected P(1)", "measured P(1)", "its interval", "agrees"]]
    for (one, _), mean in zip(pairs, expected, strict=True):
        agrees = one.p_one.low <= mean <= one.p_one.high
        x, y = x_axis.place(mean), (y_axis.place(one.p_one.value))
        marks.append(line(x, y_axis.place(one.p_one.low), x, y_axis.place(one.p_one.high), "whisker many"))
        said = f"qubit {one.qubit}: expected {mean:.4f}, measured {one.p_one.value:.4f}"
        (marks if agrees else outside).append(dot(x, y, 3.5, "bar" if agrees else "more", said))
        interval = f"{one.p_one.low:.4f} to {one.p_one.high:.4f}"
        table.append([str(one.qubit), f"{mean:.4f}", f"{one.p_one.value:.4f}", interval, "yes" if agrees else "no"])
    stamp = row.described.calibrated_utc if row.described else None
    when = f", calibrated {stamp:%Y-%m-%d %H:%M} UTC" if stamp else ""
    says = f"{len(outside)} of {len(pairs)} qubits are not where their published readout errors put them"
    caption = (
        f"P(1), no unit{when}: on the line the calibration still holds, off it the device drifted since, or has errors"
        f" besides readout. {says}; by chance one in a hundred would not be."
    )
    title = f"Measured against calibrated, {row.label}"
    return figure(f"calibration-{number}", 308, title, says, [row], [*marks, *outside], escape(caption), table)


def drift(number: int, row: ComparedBackend, measures: Measures) -> Figure | str:
    """Draws how each qubit's share of ones moves over the repeats, or says why there is none."""
    if len(row.repeats) < 2:
        return "Drift over the repeats: one repeat shows none."
    shares = np.array([np.array(one.ones) / one.shots for one in row.repeats])
    stray = shares - np.average(shares, axis=0, weights=[one.shots for one in row.repeats])
    worst = min(
        range(len(measures.qubits)),
        key=lambda i: (measures.qubits[i].drift_p_value or 0.0, -float(np.ptp(shares[:, i]))),
    )
    most = max(float(np.abs(stray).max()), 0.01)
    x_axis = linear(1, len(row.repeats), _LEFT + 10, WIDTH - 10, min(len(row.repeats), 8) - 1)
    y_axis = linear(-most, most, 150, 30)
    marks = [upright(y_axis, _LEFT, WIDTH, "P(1) less its mean"), level(x_axis, 30, 150, "repeat")]
    for i in [*(i for i in range(stray.shape[1]) if i != worst), worst]:
        points = ((x_axis.place(at + 1), y_axis.place(float(value))) for at, value in enumerate(stray[:, i]))
        marks.append(polyline(points, "trace" if i == worst else "traces"))
    p = measures.qubits[worst].drift_p_value
    says = f"a line a qubit over {len(row.repeats)} repeats; the strong one is qubit {measures.qubits[worst].qubit}"
    hint = "Chance makes jagged lines, drift slopes"
    caption = f"P(1) less its mean, no unit: {says}, which varies most (p = {p:.2g}). {hint}."
    table = [["qubit", *(f"repeat {n}" for n in range(1, len(row.repeats) + 1))]] + [
        [str(one.qubit), *(f"{value:.4f}" for value in shares[:, i])] for i, one in enumerate(measures.qubits)
    ]
    title = f"Drift over the repeats, {row.label}"
    return figure(f"drift-{number}", 188, title, says, [row], marks, escape(caption), table)


def _map(
    ident: str, row: ComparedBackend, measures: Measures, what: str, shade: Shade,
    legend: Sequence[tuple[str, float, str]], caption: str, table: Rows,
) -> Figure:  # fmt: skip
    backend, by_qubit = row.described, {one.qubit: one for one in measures.qubits}
    places, joined, numbers = _places(backend, tuple(by_qubit))
    spread = np.ptp(places, axis=0) + 1
    unit = min(WIDTH / spread[0], 44.0)
    height, left = float(spread[1] * unit), float(WIDTH - spread[0] * unit) / 2
    at = {q: (left + (x + 0.5) * unit, (y + 0.5) * unit) for q, (x, y) in zip(numbers, places.tolist(), strict=True)}
    marks = [line(*at[a], *at[b], "grid") for a, b in joined]
    for qubit, (x, y) in at.items():
        if qubit not in by_qubit:
            marks.append(dot(x, y, unit * 0.3, "unused", f"qubit {qubit}: not used"))
            continue
        kind, strength, said = shade(by_qubit[qubit])
        marks += [dot(x, y, unit * 0.4, "ground"), dot(x, y, unit * 0.4, kind, f"qubit {qubit}: {said}", strength)]
    for i, (kind, strength, words) in enumerate(legend):
        x = WIDTH / 2 - 125 + 50 * i
        marks += [rect(x, height + 8, 50, 12, "ground"), rect(x, height + 8, 50, 12, kind, strength)]
        marks.append(text(x + 25, height + 34, words, "middle", "tick"))
    says = f"{what} of {len(by_qubit)} qubits, drawn {_where(row)}"
    title = f"{what} on {row.label}"
    return figure(ident, height + _LEGEND, title, says, [row], marks, caption, table)


def _places(
    backend: Backend | None, used: tuple[int, ...]
) -> tuple[Places, tuple[tuple[int, int], ...], tuple[int, ...]]:
    """Returns where the qubits are drawn, which are joined, and their numbers."""
    if backend is None or not backend.coupling:
        return grid(len(used)), (), used
    return coupled(backend.qubits, backend.coupling), backend.coupling, tuple(range(backend.qubits))


def _where(row: ComparedBackend) -> str:
    return "on its coupling map" if row.described and row.described.coupling else "row by row: any two can be coupled"


def _hollow(row: ComparedBackend) -> str:
    used = row.repeats[0].ones if row.repeats else ()
    drawn = row.described.qubits if row.described and row.described.coupling else len(used)
    return "; hollow ones were not used" if drawn > len(used) else ""


def _bias(one: QubitMeasures) -> tuple[str, float, str]:
    share = one.p_one.value
    return "more" if share > 0.5 else "less", abs(share - 0.5) / FULL_BIAS, f"P(1) = {share:.4f}"


def _entropy(one: QubitMeasures) -> tuple[str, float, str]:
    return "bar", one.bound_bits, f"{one.bound_bits:.3f} bits a shot"
