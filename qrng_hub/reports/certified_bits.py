"""A chart of certified bits against rounds: where they begin, where they exceed what settings use up, what is asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from qrng_hub.records import CertificationPlan
from qrng_hub.reports.svg import WIDTH, chart, line, tag, text

_TOP, _BOTTOM, _LEFT = 34.0, 250.0, 44.0
_STYLE = (
    "text{font:11px sans-serif;fill:#374151}.grid{stroke:#e5e7eb}.curve{fill:none;stroke:#0b6e99;stroke-width:2}"
    ".cost{fill:none;stroke:#9ca3af;stroke-dasharray:3 3}.mark{stroke:#c2570c;stroke-dasharray:2 2}"
)


def certified_bits_svg(plan: CertificationPlan) -> str:
    """Draws a plan as an SVG document, both axes in powers of ten."""
    curve = [(rounds, bits) for rounds, bits, _ in plan.curve if bits >= 1]
    costs = [(rounds, bits) for rounds, _, bits in plan.curve if bits >= 1]
    x = _scale([rounds for rounds, _, _ in plan.curve], _LEFT, WIDTH - 8)
    y = _scale([1.0, *(bits for _, bits in (*curve, *costs))], _BOTTOM, _TOP)
    marks = [tag("style", _STYLE), *_axes(plan, x, y)]
    marks += [_path(costs, x, y, "cost"), _path(curve, x, y, "curve")]
    marks += _upright(plan.rounds, f"{plan.bits:,.0f} bits", x, _TOP + 12)
    if plan.break_even_rounds is not None and plan.curve[0][0] <= plan.break_even_rounds <= plan.curve[-1][0]:
        marks += _upright(plan.break_even_rounds, "break-even", x, _TOP + 26)
    marks.append(text(_LEFT, 284, "line: certified bits; dashes: bits that settings use up; across: rounds"))
    title = f"{plan.method} on {plan.address}, expected score {plan.expected_score:.4g}"
    marks.append(text(_LEFT, 18, title))
    even = "never" if plan.break_even_rounds is None else f"at {plan.break_even_rounds:,} rounds"
    says = f"{plan.bits:,.0f} bits take {plan.rounds:,} rounds; break-even {even}"
    drawn = chart("certified-bits", 294, f"Certified bits against rounds: {title}", says, marks)
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def _scale(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    return lambda value: start + (end - start) * (math.log10(value) - low) / max(high - low, 1e-9)


def _axes(plan: CertificationPlan, x: Callable[[float], float], y: Callable[[float], float]) -> list[str]:
    marks = [line(_LEFT, _BOTTOM, WIDTH, _BOTTOM, "grid"), line(_LEFT, _TOP, _LEFT, _BOTTOM, "grid")]
    first, last = plan.curve[0][0], plan.curve[-1][0]
    for power in range(math.ceil(math.log10(first)), math.floor(math.log10(last)) + 1):
        marks += [
            line(x(10**power), _TOP, x(10**power), _BOTTOM, "grid"),
            text(x(10**power), 266, f"1e{power}", "middle"),
        ]
    most = max(1.0, *(max(bits, cost) for _, bits, cost in plan.curve))
    for power in range(math.floor(math.log10(most)) + 1):
        marks += [
            line(_LEFT, y(10**power), WIDTH, y(10**power), "grid"),
            text(_LEFT - 4, y(10**power) + 4, f"1e{power}", "end"),
        ]
    return marks


def _path(
    points: Sequence[tuple[float, float]], x: Callable[[float], float], y: Callable[[float], float], kind: str
) -> str:
    return tag("polyline", points=" ".join(f"{x(one):.1f},{y(other):.1f}" for one, other in points), class_=kind)


def _upright(rounds: int, words: str, x: Callable[[float], float], height: float) -> list[str]:
    return [line(x(rounds), _TOP, x(rounds), _BOTTOM, "mark"), text(x(rounds) - 4, height, words, "end")]
