"""Raw bits beside what extraction makes of them: as a bitmap, and how often each byte occurs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby

import numpy as np
from scipy import special

from qrng_hub.records import ComparedBackend, Sample
from qrng_hub.reports.charts.axes import level, linear, upright
from qrng_hub.reports.charts.figure import Figure, figure
from qrng_hub.reports.charts.svg import WIDTH, line, rect, shown, tag, text

_SIDE, _CELL = 64, 3.0
_LEFT = 46.0
_FEW_BYTES = 2560


def bitmaps(number: int, row: ComparedBackend, sample: Sample) -> Figure:
    """Draws up to 4,096 raw bits, and as many extracted ones, a cell each."""
    marks = list[str]()
    parts = (("raw", sample.raw_bits, 0.0), ("extracted", sample.extracted_bits, WIDTH - _SIDE * _CELL))
    for name, bits, left in parts:
        ones = np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8))
        share = f", {ones.mean():.1%} ones" if ones.size else ": none"
        marks += [text(left, 12, f"{name}{share}"), rect(left, 20, _SIDE * _CELL, _SIDE * _CELL, "empty")]
        marks.append(tag("path", d=_runs(ones.tolist(), left, 20.0), class_="ink"))
    says = "One bit a cell, shot by shot, row by row: a one is a filled cell, a zero an empty one"
    what = (
        f"Nothing was extracted: {sample.note}."
        if sample.note
        else "Stripes and patches on the left are defects that the right no longer shows."
    )
    caption = f"{says}. {what} These bits are shown here and are of no other use; the extraction's seed is no secret."
    table = [["", "bits shown", "ones"]] + [
        [name, str(4 * len(bits)), str(int.from_bytes(bytes.fromhex(bits)).bit_count())] for name, bits, _ in parts
    ]
    return figure(
        f"bitmap-{number}",
        24 + _SIDE * _CELL,
        f"Raw and extracted bits, {row.label}",
        says,
        [row],
        marks,
        escape(caption),
        table,
    )


def byte_histograms(number: int, row: ComparedBackend, sample: Sample) -> Figure | str:
    """Draws how often each byte occurs, raw and extracted, as a multiple of an even share, or says why not."""
    parts = [("raw", sample.raw_bytes), ("extracted", sample.extracted_bytes)]
    told = [(name, counts) for name, counts in parts if sum(counts) >= _FEW_BYTES]
    few = [f"{sum(counts):,} {name} bytes" for name, counts in parts if sum(counts) < _FEW_BYTES]
    missing = f"too few for a histogram, which takes {_FEW_BYTES:,}: {', '.join(few)}" if few else ""
    if not told:
        return f"Bytes, raw and extracted: {missing}."
    highest = max(max(256 * max(counts) / sum(counts), 1 + _band(sum(counts))) for _, counts in told)
    marks, table, top = list[str](), [["", "bytes", "least often", "most often", "beyond chance"]], 30.0
    for name, counts in told:
        drawn, line_of_table = _histogram(name, counts, top, highest)
        marks += drawn
        table.append(line_of_table)
        top += 150
    says = "how often each byte occurs, 1 being an even share"
    caption = (
        f"Multiples of an even share, no unit, of each value of a byte: a fair source stays within the lines at all 256"
        f" values (99 %). Spikes above are what bias and correlation make of raw bytes{missing and f'; {missing}'}."
    )
    return figure(
        f"bytes-{number}",
        top - 30,
        f"Bytes, raw and extracted, {row.label}",
        says,
        [row],
        marks,
        escape(caption),
        table,
    )


def _histogram(name: str, counts: Sequence[int], top: float, highest: float) -> tuple[list[str], list[str]]:
    total, bottom = sum(counts), top + 76
    x_axis, y_axis = linear(0, 256, _LEFT, WIDTH - 8), linear(0, highest, bottom, top, 2)
    band = _band(total)
    shares = [256 * count / total for count in counts]
    heights = "".join(f"V{shown(y_axis.place(share))}h{shown((WIDTH - 8 - _LEFT) / 256)}" for share in shares)
    marks = [
        upright(y_axis, _LEFT, WIDTH - 8, f"{name}, multiples of an even share"),
        level(x_axis, top, bottom, "value of the byte"),
    ]
    marks.append(tag("path", d=f"M{_LEFT:g} {shown(bottom)}{heights}V{shown(bottom)}z", class_="bar", fill_opacity=0.7))
    marks += [line(_LEFT, y_axis.place(y), WIDTH - 8, y_axis.place(y), "band") for y in (1 - band, 1 + band) if y > 0]
    beyond = sum(abs(share - 1) > band for share in shares)
    return marks, [name, f"{total:,}", f"{min(shares):.3f}", f"{max(shares):.3f}", f"{beyond} of 256"]


def _band(total: int) -> float:
    """Returns how far from an even share the counts of 256 even values stay, all at once, at 99 %."""
    return float(-special.ndtri(0.01 / (2 * 256))) * math.sqrt(255 / total)


def _runs(ones: Sequence[int], left: float, top: float) -> str:
    """Draws the ones of a table of 64 bits a row, a rectangle a run."""
    path = list[str]()
    for at in range(0, len(ones), _SIDE):
        y, column = top + at // _SIDE * _CELL, 0
        for bit, run in groupby(ones[at : at + _SIDE]):
            width = len(list(run))
            if bit:
                x, across = left + column * _CELL, width * _CELL
                path.append(f"M{shown(x)} {shown(y)}h{shown(across)}v{_CELL:g}h{shown(-across)}z")
            column += width
    return "".join(path)
