"""The charts of a comparison, each with the rows of the table that says the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from qrng_hub.records import ComparedBackend, Measures, Totals
from qrng_hub.reports.svg import WIDTH, chart, line, rect, tag, text, upright_axis

#: P(1) this far from 1/2 has the full colour
_FULL_BIAS = 0.1
_LEFT = 40.0
_ROW = 34.0
#: what a table shows of one chart
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart in SVG, its caption in HTML, and a table of the same, whose first row are its headers."""

    svg: str
    caption: str
    table: Rows
    drawn: Sequence[ComparedBackend]
    """The backends that are in it."""


def measured_rows(rows: Sequence[ComparedBackend]) -> list[tuple[ComparedBackend, Measures, Totals]]:
    """Returns the backends that gave something."""
    return [(row, row.measures, row.totals) for row in rows if row.measures and row.totals]


def qubit_bars(number: int, row: ComparedBackend, measures: Measures) -> Figure:
    """Draws the bound of each qubit as a bar and the interval of its min-entropy as a line."""
    height, top, step = 96.0, 8.0, (WIDTH - _LEFT) / len(measures.qubits)
    marks = [upright_axis(_LEFT, top, height, [(0, "0"), (0.5, "0.5"), (1, "1 bit")])]
    for i, one in enumerate(measures.qubits):
        x, bits = _LEFT + i * step, one.min_entropy_bits
        y, middle = top + height * (1 - one.bound_bits), x + step / 2
        marks.append(rect(x + step * 0.1, y, step * 0.8, height * one.bound_bits, "bar"))
        marks.append(line(middle, top + height * (1 - bits.high), middle, top + height * (1 - bits.low), "whisker"))
    first, last = measures.qubits[0].qubit, measures.qubits[-1].qubit
    marks += [text(_LEFT, top + height + 16, f"qubit {first}"), text(WIDTH, top + height + 16, f"{last}", "end")]
    low, high = min(one.bound_bits for one in measures.qubits), max(one.bound_bits for one in measures.qubits)
    says = f"{len(measures.qubits)} qubits, bounded from {low:.3f} to {high:.3f} bits a shot"
    table = [["qubit", "bound, bits", "min-entropy, bits", "its interval", "P(1)"]] + [
        [
            str(one.qubit), f"{one.bound_bits:.4f}", f"{one.min_entropy_bits.value:.4f}",
            f"{one.min_entropy_bits.low:.4f} to {one.min_entropy_bits.high:.4f}", f"{one.p_one.value:.4f}",
        ]
        for one in measures.qubits
    ]  # fmt: skip
    svg = chart(f"qubits-{number}", top + height + 22, f"Min-entropy of each qubit of {row.address}", says, marks)
    return Figure(svg, escape(f"{row.address}: {says}."), table, [row])


def bias_strips(rows: Sequence[ComparedBackend]) -> Figure:
    """Draws a strip a backend, a cell a qubit: the stronger the colour, the further P(1) is from 1/2."""
    marks, table = list[str](), [["backend", "least P(1)", "median P(1)", "greatest P(1)"]]
    gave = measured_rows(rows)
    for number, (row, measures, _) in enumerate(gave):
        shares = [one.p_one.value for one in measures.qubits]
        y, step = number * _ROW, WIDTH / len(shares)
        marks += [text(0, y + 13, row.address), rect(0, y + 17, WIDTH, 12, "empty")]
        for i, share in enumerate(shares):
            kind, stray = "more" if share > 0.5 else "less", abs(share - 0.5) / _FULL_BIAS
            marks.append(rect(i * step, y + 17, step, 12, kind, stray))
        ranked = sorted(shares)
        table.append([row.address, *(f"{ranked[at]:.4f}" for at in (0, len(ranked) // 2, -1))])
    says = f"a cell a qubit; full colour where P(1) is {_FULL_BIAS:g} or more from 1/2: more ones or fewer"
    svg = chart("bias", len(gave) * _ROW + 4, "Bias of each qubit, a strip a backend", says, marks)
    keys = tag("span", "fewer ones", class_="key less") + " and " + tag("span", "more ones", class_="key more")
    caption = f"Share of ones, no unit: a cell a qubit, {keys} than half of all shots; full colour at {_FULL_BIAS:g}"
    return Figure(
        svg, f"{caption} from 1/2. An even, pale strip is a machine of fair qubits.", table, [one[0] for one in gave]
    )


def waterfall(rows: Sequence[ComparedBackend]) -> Figure:
    """Draws what is left of a raw bit: bounded, then extracted."""
    gave = measured_rows(rows)
    marks, table = list[str](), [["backend", "raw bits", "bounded bits", "extractable bits"]]
    for number, (row, _, sums) in enumerate(gave):
        y = number * (_ROW + 14)
        bounded, extracted = sums.bounded_bits / sums.raw_bits, sums.extractable_bits / sums.raw_bits
        marks.append(text(0, y + 13, f"{row.address}: {bounded:.3f} bounded, {extracted:.3f} extractable"))
        for place, (kind, share) in enumerate((("empty", 1.0), ("bar", bounded), ("out", extracted))):
            marks.append(rect(0, y + 18 + 8 * place, WIDTH * share, 7, kind))
        amounts = (sums.raw_bits, sums.bounded_bits, sums.extractable_bits)
        table.append([row.address, *(f"{amount:,.0f}" for amount in amounts)])
    says = "of every raw bit, how much is bounded and how much of that Toeplitz hashing would give"
    svg = chart("waterfall", len(gave) * (_ROW + 14) + 4, "From raw bits to extractable bits", says, marks)
    caption = f"Bits a raw bit: grey is raw, then what is bounded, then what can be extracted; {says}."
    return Figure(
        svg,
        f"{caption} The first step is the machine's noise and the price of certainty.",
        table,
        [one[0] for one in gave],
    )


def cost_against_time(rows: Sequence[ComparedBackend]) -> Figure | None:
    """Draws the cost of a bounded megabit against its seconds, in powers of ten; None if all is free."""
    points = list(_points(rows))
    if not points:
        return None
    x_of, y_of = _scale([one[1] for one in points], _LEFT + 30, WIDTH - 60), _scale([one[2] for one in points], 150, 20)
    marks = [line(_LEFT, 165, WIDTH, 165, "grid"), line(_LEFT, 5, _LEFT, 165, "grid")]
    table, drawn = [["backend", "seconds a bounded Mbit", "cost of a bounded Mbit"]], {one[0] for one in points}
    for address, seconds, cost, currency in points:
        x, y = x_of(seconds), y_of(cost)
        marks += [tag("circle", cx=x, cy=y, r=5, class_="bar"), text(x, y - 9, address, "middle")]
        table.append([address, f"{seconds:,.3g}", f"{cost:,.4g} {currency}"])
    marks.append(text(WIDTH, 182, "seconds a bounded Mbit, more to the right", "end"))
    marks.append(text(0, 198, "cost of a bounded Mbit, more upwards"))
    says = "the nearer to the lower left corner, the cheaper and the faster; powers of ten on both axes"
    svg = chart("cost", 204, "Cost against time of a bounded megabit", says, marks)
    return Figure(
        svg,
        f"Cost ({points[0][3]}) against time (s) of a bounded megabit: {says}.",
        table,
        [row for row in rows if row.address in drawn],
    )


def _points(rows: Sequence[ComparedBackend]) -> Iterator[tuple[str, float, float, str]]:
    for row, _, sums in measured_rows(rows):
        if sums.cost_per_bounded_mbit and sums.seconds_per_bounded_mbit:
            yield row.address, sums.seconds_per_bounded_mbit, float(sums.cost_per_bounded_mbit), sums.currency


def _scale(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    return lambda value: start + (end - start) * ((math.log10(value) - low) / (high - low) if high > low else 0.5)
