"""What outcomes of one backend say of each other: correlation matrix, autocorrelation, and the estimators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from html import escape

from qrng_hub.records import Autocorrelation, ComparedBackend, Estimates, Measures, Patterns
from qrng_hub.reports.charts.axes import level, linear, upright
from qrng_hub.reports.charts.figure import Figure, figure
from qrng_hub.reports.charts.svg import WIDTH, dot, line, rect, shown, tag, text

_LEFT = 52.0
_SIDE = 320.0
_LEVELS = 4
_MOST_ROWS = 10


def correlation_matrix(number: int, row: ComparedBackend, measures: Measures, of: Patterns) -> Figure | str:
    """Draws the correlation of every two qubits, and apart those that are beyond chance, or says why there is none."""
    if not of.correlations:
        return "Correlation of qubits: there is one qubit, or too many to keep every pair."
    if of.correlation_band >= 1:
        return f"Correlation of qubits: {measures.shots:,} shots are so few that each could be chance."
    numbers = [one.qubit for one in measures.qubits]
    cell, left, top, full = _SIDE / len(numbers), 60.0, 10.0, 2 * of.correlation_band
    paths, beyond = defaultdict[tuple[str, int], list[str]](list), list[tuple[int, int, float]]()
    for first, second, phi in _pairs(of.correlations, len(numbers)):
        kind, strength = "more" if phi > 0 else "less", min(_LEVELS, round(_LEVELS * abs(phi) / full))
        if strength:
            paths[kind, strength].append(_cell(left + first * cell, top + second * cell, cell))
        if abs(phi) > of.correlation_band:
            beyond.append((first, second, phi))
            paths[kind, _LEVELS].append(_cell(left + second * cell, top + first * cell, cell))
    marks = [rect(left, top, _SIDE, _SIDE, "empty", 0.5), line(left, top, left + _SIDE, top + _SIDE, "whisker")]
    marks += [
        tag("path", d="".join(d), class_=kind, fill_opacity=n / _LEVELS) for (kind, n), d in sorted(paths.items())
    ]
    for at, anchor in ((0, "start"), (len(numbers) - 1, "end")):
        marks.append(text(left + (at + (anchor == "end")) * cell, top + _SIDE + 15, f"{numbers[at]}", anchor, "tick"))
        marks.append(text(left - 6, top + (at + 0.5) * cell + 4, f"{numbers[at]}", "end", "tick"))
    marks += [
        text(left + _SIDE / 2, top + _SIDE + 15, "qubit", "middle", "axis"),
        text(0, top + _SIDE / 2, "qubit", kind="axis"),
    ]
    says = f"{len(beyond)} of {len(of.correlations)} pairs of qubits are correlated beyond {of.correlation_band:.3f}"
    keys = tag("span", "alike", class_="key more") + " or " + tag("span", "opposite", class_="key less")
    caption = (
        f"Correlation phi, no unit, from -1 to 1: below the diagonal every pair, {keys}, full colour at {full:.3f};"
        f" above it only those beyond {of.correlation_band:.3f}, where in a faultless source there are none. {says}."
    )
    beyond.sort(key=lambda one: -abs(one[2]))
    ranked = beyond or sorted(_pairs(of.correlations, len(numbers)), key=lambda one: -abs(one[2]))
    table = [["qubits", "correlation"]] + [
        [f"{numbers[a]} and {numbers[b]}", f"{phi:+.4f}"] for a, b, phi in ranked[:_MOST_ROWS]
    ]
    return figure(
        f"pairs-{number}", top + _SIDE + 24, f"Correlation of qubits, {row.label}", says, [row], marks, caption, table
    )


def autocorrelation(number: int, row: ComparedBackend, of: Autocorrelation) -> Figure | str:
    """Draws how outcomes depend on those some shots before, the mean of all qubits and the strongest, or says why not.

    Where the band is wider than any correlation there is nothing to tell from chance.
    """
    if of.strongest_band >= 1:
        return "Autocorrelation: there are so few shots that each coefficient could be chance."
    lags, bottom = len(of.mean), 170.0
    most = 1.15 * max(of.strongest_band, *(abs(value) for value in (*of.mean, *of.strongest)))
    x_axis, y_axis = linear(0, lags + 1, _LEFT, WIDTH, 8), linear(-most, most, bottom, 30)
    marks = [upright(y_axis, _LEFT, WIDTH, "correlation, no unit"), level(x_axis, 30, bottom, "lag, shots")]
    for edge, kind in ((of.mean_band, "band"), (of.strongest_band, "band far")):
        marks += [line(_LEFT, y_axis.place(side * edge), WIDTH, y_axis.place(side * edge), kind) for side in (-1, 1)]
    middle, width = y_axis.place(0), 0.6 * (WIDTH - _LEFT) / (lags + 1)
    for lag, (mean, strongest) in enumerate(zip(of.mean, of.strongest, strict=True), start=1):
        x, y = x_axis.place(lag), y_axis.place(mean)
        marks += [rect(x - width / 2, min(y, middle), width, abs(y - middle), "bar")]
        marks.append(dot(x, y_axis.place(strongest), 2.5, "more"))
    out = sum(abs(value) > of.mean_band for value in of.mean), sum(abs(v) > of.strongest_band for v in of.strongest)
    says = f"beyond chance at {out[0]} of {lags} lags in the mean, and at {out[1]} in the strongest qubit"
    keys = tag("span", "mean of all qubits", class_="key bar"), tag("span", "strongest qubit", class_="key more")
    caption = (
        f"Correlation of a qubit's outcome with its own some shots before, no unit: {keys[0]} (bars) and {keys[1]}"
        " (dots, another at every lag). In a faultless source bars stay within the inner lines and dots within the"
        f" outer: {says}."
    )
    table = [["lag, shots", "mean", "strongest"]] + [
        [str(lag), f"{mean:+.5f}", f"{strongest:+.5f}"]
        for lag, (mean, strongest) in enumerate(zip(of.mean, of.strongest, strict=True), start=1)
    ]
    return figure(f"lags-{number}", bottom + 38, f"Autocorrelation, {row.label}", says, [row], marks, caption, table)


def estimator_bars(number: int, row: ComparedBackend, of: Estimates) -> Figure | str:
    """Draws every estimate of SP 800-90B as a bar, the smallest of which counts, or says why there is none."""
    if not of.bits:
        return f"Estimates of min-entropy: {of.note}."
    left, step, least = 150.0, 22.0, min(of.bits, key=lambda name: (of.bits[name], name))
    axis, bottom = linear(0, 1, left, WIDTH - 12), len(of.bits) * step + 6
    marks = [level(axis, 4, bottom, "min-entropy, bits a raw bit")]
    for place, (name, bits) in enumerate(of.bits.items()):
        y = place * step + 4
        marks.append(text(left - 6, y + 14, name, "end", "tick"))
        marks.append(rect(left, y + 3, axis.place(bits) - left, 14, "more" if name == least else "bar", 0.55))
        marks.append(text(left + 6, y + 14, f"{bits:.3f}{', the minimum' if name == least else ''}", kind="small"))
    says = f"the smallest is {least}, {of.bits[least]:.3f} bits a raw bit, of {of.samples:,} bits"
    note = f" {of.note}." if of.note else ""
    caption = (
        f"Bits a raw bit, by the estimators of SP 800-90B section 6.3: {says}. An estimate is a biased floor, never"
        f" a certificate: a generator without any entropy can be given all of it.{note}"
    )
    table = [["estimator", "bits a raw bit"], *([name, f"{bits:.6f}"] for name, bits in of.bits.items())]
    return figure(
        f"estimates-{number}",
        bottom + 38,
        f"Estimates of min-entropy, {row.label}",
        says,
        [row],
        marks,
        escape(caption),
        table,
    )


def _pairs(values: tuple[float, ...], qubits: int) -> Iterator[tuple[int, int, float]]:
    pairs = ((first, second) for first in range(qubits) for second in range(first + 1, qubits))
    yield from ((first, second, phi) for (first, second), phi in zip(pairs, values, strict=True))


def _cell(x: float, y: float, side: float) -> str:
    return f"M{shown(x)} {shown(y)}h{shown(side)}v{shown(side)}h{shown(-side)}z"
