"""A chart of certified bits against rounds: where they begin, where they exceed what settings use up, what is asked."""

from __future__ import annotations

from qrng_hub.records import CertificationPlan
from qrng_hub.reports.charts.axes import Axis, level, logarithmic, upright
from qrng_hub.reports.charts.svg import WIDTH, chart, line, polyline, tag, text

_TOP, _BOTTOM, _LEFT, _HEIGHT = 56.0, 260.0, 44.0, 320.0
_STYLE = (
    "text{font:11px sans-serif;fill:#374151}.grid{stroke:#e5e7eb}.curve{fill:none;stroke:#0b6e99;stroke-width:2}"
    ".cost{fill:none;stroke:#9ca3af;stroke-dasharray:3 3}.mark{stroke:#c2570c;stroke-dasharray:2 2}"
)


def certified_bits_svg(plan: CertificationPlan) -> str:
    """Draws a plan as an SVG document, both axes in powers of ten."""
    curve = [(float(rounds), bits) for rounds, bits, _ in plan.curve if bits >= 1]
    used_up = [(float(rounds), cost) for rounds, bits, cost in plan.curve if bits >= 1]
    across = logarithmic(plan.curve[0][0], plan.curve[-1][0], _LEFT, WIDTH - 8)
    up = logarithmic(1.0, max([2.0, *(bits for _, bits in (*curve, *used_up))]), _BOTTOM, _TOP)
    title = f"{plan.method} on {plan.address}, expected score {plan.expected_score:.4g}"
    marks = [tag("style", _STYLE), text(_LEFT, 18, title)]
    marks += [upright(up, _LEFT, WIDTH, "bits"), level(across, _TOP, _BOTTOM, "rounds")]
    for points, kind in ((used_up, "cost"), (curve, "curve")):
        marks.append(polyline([(across.place(rounds), up.place(max(bits, 1.0))) for rounds, bits in points], kind))
    marks += _mark(plan.rounds, f"{plan.bits:,.0f} bits", across, _BOTTOM - 8)
    if plan.break_even_rounds is not None and plan.curve[0][0] <= plan.break_even_rounds <= plan.curve[-1][0]:
        marks += _mark(plan.break_even_rounds, "break-even", across, _BOTTOM - 22)
    marks.append(text(_LEFT, _HEIGHT - 6, "line: certified bits; dashes: bits that settings use up"))
    even = "never" if plan.break_even_rounds is None else f"at {plan.break_even_rounds:,} rounds"
    says = f"{plan.bits:,.0f} bits take {plan.rounds:,} rounds; break-even {even}"
    drawn = chart("certified-bits", _HEIGHT, f"Certified bits against rounds: {title}", says, "", marks)
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def _mark(rounds: int, words: str, across: Axis, height: float) -> list[str]:
    x = across.place(rounds)
    return [line(x, _TOP, x, _BOTTOM, "mark"), text(x + 4, height, words)]
