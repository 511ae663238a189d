"""The charts of all backends side by side: what is left of a raw bit, their bias, their speed."""

from __future__ import annotations

from collections.abc import Sequence

from qrng_hub.records import ComparedBackend
from qrng_hub.reports.charts.axes import level, linear, logarithmic, written
from qrng_hub.reports.charts.figure import Figure, figure, measured_rows, origin_note
from qrng_hub.reports.charts.svg import WIDTH, rect, tag, text

#: P(1) this far from 1/2 has the full colour
FULL_BIAS = 0.1
_ROW = 34.0
_FALL = 54.0


def waterfall(rows: Sequence[ComparedBackend]) -> Figure:
    """Draws what is left of a raw bit: bounded, credited, extracted."""
    gave = measured_rows(rows)
    axis, bottom = linear(0, 1, 4, WIDTH - 12), len(gave) * _FALL + 8
    marks = [level(axis, 4, bottom, "bits a raw bit")]
    table = [["backend", "raw bits", "bounded bits", "credited bits", "extractable bits"]]
    for number, (row, _, sums) in enumerate(gave):
        y, amounts = number * _FALL, (sums.raw_bits, sums.bounded_bits, sums.credited_bits, sums.extractable_bits)
        shares = [amount / sums.raw_bits for amount in amounts]
        said = f"{shares[1]:.3f} bounded, {shares[2]:.3g} credited, {shares[3]:.3f} extractable"
        marks += [text(4, y + 14, row.label), text(4, y + 27, said, kind="tick")]
        for place, (kind, share) in enumerate(zip(("empty", "bar", "more", "out"), shares, strict=True)):
            marks.append(rect(4, y + 32 + 5 * place, axis.place(share) - 4, 4, kind))
        table.append([row.label, *(f"{amount:,.0f}" for amount in amounts)])
    says = "of every raw bit, how much is bounded, credited, and given by Toeplitz hashing"
    keys = ", ".join(tag("span", name, class_=f"key {kind}") for kind, name in (
        ("empty", "raw"), ("bar", "bounded"), ("more", "credited"), ("out", "extractable"),
    ))  # fmt: skip
    caption = (
        f"Bits a raw bit: {keys}. The first step is the machine's noise and the price of certainty; a simulator's bits"
        " are bounded as if they were hardware's, and credited with nothing."
    )
    return figure(
        "waterfall",
        bottom + 38,
        "From raw bits to extracted bits",
        says,
        (one[0] for one in gave),
        marks,
        caption,
        table,
    )


def bias_strips(rows: Sequence[ComparedBackend]) -> Figure:
    """Draws a strip a backend, a cell a qubit: the stronger the colour, the further P(1) is from 1/2."""
    marks, table = list[str](), [["backend", "least P(1)", "median P(1)", "greatest P(1)"]]
    gave = measured_rows(rows)
    for number, (row, measures, _) in enumerate(gave):
        shares = [one.p_one.value for one in measures.qubits]
        y, step = number * _ROW, WIDTH / len(shares)
        ends = f"qubits {measures.qubits[0].qubit} to {measures.qubits[-1].qubit}"
        marks += [text(0, y + 13, row.label), text(WIDTH, y + 13, ends, "end", "tick")]
        marks.append(rect(0, y + 17, WIDTH, 12, "empty"))
        for i, share in enumerate(shares):
            kind, stray = "more" if share > 0.5 else "less", abs(share - 0.5) / FULL_BIAS
            marks.append(rect(i * step, y + 17, step, 12, kind, stray))
        ranked = sorted(shares)
        table.append([row.label, *(f"{ranked[at]:.4f}" for at in (0, len(ranked) // 2, -1))])
    says = f"a cell a qubit; full colour where P(1) is {FULL_BIAS:g} or more from 1/2: more ones or fewer"
    keys = tag("span", "fewer ones", class_="key less") + " and " + tag("span", "more ones", class_="key more")
    caption = f"Share of ones, no unit: a cell a qubit, {keys} than half of all shots; full colour at {FULL_BIAS:g}"
    return figure(
        "bias",
        len(gave) * _ROW + 4,
        "Bias of each qubit, a strip a backend",
        says,
        (one[0] for one in gave),
        marks,
        f"{caption} from 1/2. An even, faint strip is a machine of fair qubits.",
        table,
    )


def speed(rows: Sequence[ComparedBackend]) -> Figure | str:
    """Draws how long a bounded megabit takes, in powers of ten, or says why there is none."""
    known = [(row, one) for row, _, sums in measured_rows(rows) if (one := sums.seconds_per_bounded_mbit)]
    if not known:
        return "Speed: nobody says how long the jobs ran."
    seconds = [one for _, one in known]
    axis, bottom = logarithmic(min(seconds) / 1.2, max(seconds), 16, WIDTH - 16), len(known) * _ROW + 6
    marks = [level(axis, 4, bottom, "seconds a bounded Mbit, queue and run")]
    for number, (row, one) in enumerate(known):
        y = number * _ROW
        marks += [text(16, y + 14, f"{row.label}: {written(one)} s"), rect(16, y + 19, axis.place(one) - 16, 9, "bar")]
    says = "how long a megabit of bounded min-entropy takes on each backend, in powers of ten"
    caption = "Seconds a bounded Mbit, queue and run: the shorter the faster, each mark ten times the one before."
    note = " A simulator's seconds are those of this machine." if origin_note(row for row, _ in known) else ""
    table = [["backend", "seconds a bounded Mbit"], *([row.label, f"{one:,.4g}"] for row, one in known)]
    return figure(
        "speed", bottom + 38, "Seconds a bounded megabit", says, (row for row, _ in known), marks, caption + note, table
    )
