"""Which charts a comparison has, in their order, and why others are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from qrng_hub.records import ComparedBackend, Measures
from qrng_hub.reports.charts import devices, overview, queues, samples, spending, statistics
from qrng_hub.reports.charts.figure import Figure, measured_rows

Drawn = tuple[list[Figure], list[str]]
"""Charts, and what to say of those that cannot be drawn."""


def of_all(rows: Sequence[ComparedBackend]) -> Drawn:
    """Makes the charts of all backends side by side."""
    if not measured_rows(rows):
        return [], ["No backend gave anything: there is nothing to draw."]
    return _sorted(draw(rows) for draw in (
        overview.waterfall, overview.bias_strips, overview.speed, spending.cost_against_time, spending.cost_by_volume,
        spending.cost_breakdown, queues.queue_times,
    ))  # fmt: skip


def of_backend(number: int, row: ComparedBackend, measures: Measures, confidence: float) -> Drawn:
    """Makes the charts of one backend; `number` tells them apart on the page."""
    return _sorted(_of_backend(number, row, measures, confidence))


def _of_backend(number: int, row: ComparedBackend, measures: Measures, confidence: float) -> Iterator[Figure | str]:
    yield devices.bias_map(number, row, measures)
    yield devices.entropy_map(number, row, measures)
    yield devices.qubit_bars(number, row, measures, confidence)
    yield devices.calibration(number, row, measures)
    yield devices.drift(number, row, measures)
    if of := measures.patterns:
        yield statistics.correlation_matrix(number, row, measures, of)
        yield statistics.autocorrelation(number, row, of.autocorrelation)
        yield statistics.estimator_bars(number, row, of.estimates)
        yield samples.bitmaps(number, row, of.sample)
        yield samples.byte_histograms(number, row, of.sample)


def _sorted(tried: Iterable[Figure | str]) -> Drawn:
    figures, reasons = list[Figure](), list[str]()
    for one in tried:
        if isinstance(one, str):
            reasons.append(one)
        else:
            figures.append(one)
    return figures, reasons
