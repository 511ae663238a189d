"""The charts of a comparison: places, axes, crossovers and fronts where they belong, and planted defects in words."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from qrng_hub import Hub
from qrng_hub.bits import pack_shots
from qrng_hub.config import run_file_from
from qrng_hub.records import ComparedBackend, Comparison, Job, JobPrice, QubitCalibration, RawBlock, Sample
from qrng_hub.reports.charts import devices, queues, samples, spending, statistics
from qrng_hub.reports.charts.axes import linear, logarithmic
from qrng_hub.reports.charts.figure import Figure
from qrng_hub.reports.charts.layout import coupled, grid
from qrng_hub.reports.comparison_page import page
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Planted(ScriptedAdapter):
    """Gives what a faultless source gives, but for three defects; `defects` are left out of a clean one."""

    defects = True

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        (block,) = super().collect(job)
        repeat = self.__dict__["repeats"] = self.__dict__.get("repeats", -1) + 1
        rng = np.random.default_rng(repeat)
        flips = rng.random((block.shots, 16)) < 0.5
        if self.defects:
            flips[:, 7] = rng.random(block.shots) < 0.6
            flips[:, 12] = np.where(rng.random(block.shots) < 0.05, flips[:, 3], flips[:, 12])
            flips[:, 5] = rng.random(block.shots) < 0.46 + 0.02 * repeat
        return (block.model_copy(update={"outcomes": pack_shots(flips)}),)


class Clean(Planted):
    defects = False


def compared(adapter: ScriptedAdapter, **sections: Any) -> Comparison:
    values: dict[str, Any] = {
        "version": 1, "backend": [{"address": f"scripted:{name}"} for name in adapter.scripts],
        "budget": {"usd_per_job": 1}, "compare": {"shots": 8192, "repeats": 5},
    }  # fmt: skip
    with Hub.open(run_file_from(values | sections), clock=adapter.clock, adapters=[adapter]) as hub:
        return hub.compare()


def test_planted_defects_are_named_on_the_page_and_a_clean_source_is_not_accused() -> None:
    found = page(compared(Planted({"a": Script()}, FrozenClock(), seed=1)))
    assert re.search(r"<li>scripted:a: qubit 7 is biased: it gives a one in (59|60)\.\d%", found)
    assert "scripted:a: qubits 3 and 12 depend on each other: their correlation is +0.0" in found
    assert "scripted:a: qubit 5 drifts: its share of ones varies from 4" in found
    assert "1 of 120 pairs of qubits are correlated beyond" in found
    clean = page(compared(Clean({"a": Script()}, FrozenClock(), seed=1)))
    assert "<p>Nothing.</p>" in clean
    assert "0 of 120 pairs of qubits are correlated beyond" in clean


def test_a_square_lattice_is_drawn_as_one() -> None:
    side = 5
    pairs = tuple((a, b) for a in range(side**2) for b in (a + 1, a + side) if b < side**2 and (b != a + 1 or b % side))
    places = coupled(side**2, pairs)
    steps = np.array([places[b] - places[a] for a, b in pairs])
    assert np.linalg.norm(steps, axis=1) == pytest.approx(1, abs=0.25)
    along = np.abs(steps).max(axis=1) / np.linalg.norm(steps, axis=1)
    assert along.min() > 0.9  # every coupling lies along an axis
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(side**2)
    assert apart.min() > 0.7  # and no two qubits are on top of each other


def test_a_ring_is_drawn_round_and_parts_without_a_connection_apart() -> None:
    ring = tuple((i, (i + 1) % 12) for i in range(12))
    places = coupled(12, ring)
    radii = np.linalg.norm(places - places.mean(axis=0), axis=1)
    assert np.ptp(radii) < 0.05 * radii.mean()
    two = coupled(5, ((0, 1), (2, 3)))
    assert np.isfinite(two).all()
    assert np.linalg.norm(two[0] - two[2]) > np.linalg.norm(two[0] - two[1])


def test_qubits_without_a_map_are_drawn_row_by_row() -> None:
    assert grid(5).tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [0, 1]]


def test_axes_place_values_and_mark_round_ones() -> None:
    axis = linear(-0.03, 0.03, 100, 0)
    assert (axis.place(-0.03), axis.place(0), axis.place(0.03)) == pytest.approx((100, 50, 0))
    assert [words for _, words in axis.ticks] == ["-0.02", "0", "0.02"]
    decades = logarithmic(0.02, 30, 0, 400)
    assert decades.place(1) == pytest.approx(200)
    assert [words for _, words in decades.ticks] == ["0.01", "0.1", "1", "10", "100"]
    assert len(logarithmic(5, 5, 0, 1).ticks) == 2


def test_a_price_is_of_as_few_jobs_as_the_shots_take() -> None:
    """0.30 a job and 0.001 a shot, at most 1,000 shots a job: 2,500 shots are three jobs."""
    price = JobPrice(lines=((Decimal("0.30"), Decimal("0.001")),), most_shots=1000, currency="USD")
    assert price.of(2500) == Decimal("0.90") + Decimal("2.500")
    minimum = JobPrice(lines=((Decimal(2), Decimal(0)), (Decimal(0), Decimal("0.01"))), most_shots=1000, currency="USD")
    assert (minimum.of(100), minimum.of(300)) == (Decimal(2), Decimal(3))


@pytest.fixture
def pair() -> tuple[ComparedBackend, ...]:
    adapter = ScriptedAdapter({"a": Script(queue_seconds=10), "b": Script(queue_seconds=100)}, FrozenClock(), seed=1)
    return compared(adapter).backends


def priced(rows: tuple[ComparedBackend, ...], *lines: tuple[str, str]) -> list[ComparedBackend]:
    prices = [JobPrice(lines=((Decimal(a), Decimal(b)),), most_shots=10**9, currency="USD") for a, b in lines]
    named = {row.address: row for row in rows}
    return [
        named[address].model_copy(update={"price": price})
        for address, price in zip(("scripted:a", "scripted:b"), prices, strict=True)
    ]


def test_the_cheapest_changes_where_the_prices_cross(pair: tuple[ComparedBackend, ...]) -> None:
    """1 USD and 0.001 a shot against 11 USD and nothing a shot: they cross at 10,000 shots."""
    rows = priced(pair, ("1", "0.001"), ("11", "0"))
    assert rows[0].measures is not None
    crossing = 10_000 * rows[0].measures.bound_bits_per_shot / 1e6
    drawn = spending.cost_by_volume(rows)
    assert isinstance(drawn, Figure)
    (first, second) = drawn.table[1:]
    assert (first[1], second[1]) == ("scripted:a", "scripted:b")
    assert crossing < float(second[0]) < crossing * 10 ** (1 / 19)


def test_lines_are_named_once_each_and_told_apart_without_colour(pair: tuple[ComparedBackend, ...]) -> None:
    drawn = spending.cost_by_volume(priced(pair, ("1", "0.001"), ("11", "0")))
    assert isinstance(drawn, Figure)
    for number, label in enumerate(("scripted:a", "scripted:b")):
        assert drawn.svg.count(f">{label}: ") == 1
        assert drawn.svg.count(f"series-{number}") == 2


def test_names_beside_dots_stand_apart(pair: tuple[ComparedBackend, ...]) -> None:
    rows = [row.model_copy(update={"address": f"scripted:{i}"}) for i, row in enumerate([pair[0]] * 5)]
    drawn = spending.cost_against_time(rows)
    assert isinstance(drawn, Figure)
    places = sorted(float(y) for y in re.findall(r'<text x="[^"]*" y="([-\d.]+)"[^>]*>scripted:', drawn.svg))
    assert len(places) == 5
    assert min(after - before for before, after in pairwise(places)) > 11.9


def test_the_lines_of_chance_are_on_the_histogram() -> None:
    """2,560 bytes of a fair source stay below them, so that only they reach so high."""
    counts = (10,) * 256
    of = Sample(raw_bits="", extracted_bits="", raw_bytes=counts, extracted_bytes=(0,) * 256, note="")
    (row,) = compared(ScriptedAdapter({"a": Script()}, FrozenClock(), seed=1)).backends
    drawn = samples.byte_histograms(0, row, of)
    assert isinstance(drawn, Figure)
    upper = min(float(y) for y in re.findall(r'y1="([\d.]+)"[^>]*class="band"', drawn.svg))
    assert upper == pytest.approx(30)


def test_fees_a_job_and_a_shot_are_told_apart(pair: tuple[ComparedBackend, ...]) -> None:
    drawn = spending.cost_breakdown(priced(pair, ("0.30", "0.001"), ("0.50", "0")))
    assert isinstance(drawn, Figure)
    assert [list(line) for line in drawn.table[1:]] == [
        ["scripted:a", "1.5", "40.96", "1.5"], ["scripted:b", "2.5", "0", "1.5"],
    ]  # fmt: skip


def test_the_front_is_of_those_that_none_beats_in_both() -> None:
    assert spending.front([(1.0, 5.0), (2.0, 3.0), (2.0, 3.0), (3.0, 4.0), (4.0, 1.0)]) == [(1, 5), (2, 3), (4, 1)]


def test_queue_times_are_steps_from_none_to_all(pair: tuple[ComparedBackend, ...]) -> None:
    drawn = queues.queue_times(pair)
    assert isinstance(drawn, Figure)
    assert sorted([line[0], line[3]] for line in drawn.table[1:]) == [["scripted:a", "10.0"], ["scripted:b", "100.0"]]
    heights = [
        [float(point.split(",")[1]) for point in line.split()] for line in re.findall(r'points="([^"]*)"', drawn.svg)
    ]
    assert len(heights) == 4  # two lines, and what names them
    for one in heights[:2]:
        assert one == sorted(one, reverse=True) and (one[0], one[-1]) == (190.0, 30.0)


def test_the_matrix_draws_what_is_beyond_chance_on_both_sides() -> None:
    (row,) = compared(Planted({"a": Script()}, FrozenClock(), seed=1)).backends
    assert row.measures is not None and row.measures.patterns is not None
    drawn = statistics.correlation_matrix(0, row, row.measures, row.measures.patterns)
    assert isinstance(drawn, Figure)
    assert drawn.table[1][0] == "3 and 12"
    cells = {tuple(map(float, cell)) for cell in re.findall(r"M([\d.]+) ([\d.]+)h", drawn.svg)}
    assert {(60 + 20 * 3, 10 + 20 * 12), (60 + 20 * 12, 10 + 20 * 3)} <= cells
    assert [cell for cell in cells if cell[0] - 60 > cell[1] - 10] == [(60 + 20 * 12, 10 + 20 * 3)]


def test_a_qubit_off_its_calibration_is_marked() -> None:
    (row,) = compared(ScriptedAdapter({"a": Script()}, FrozenClock(), seed=1)).backends
    assert row.measures is not None and row.described is not None
    flips = [0.4 if qubit == 9 else 0.01 for qubit in range(16)]
    published = tuple(QubitCalibration(qubit=q, flip_0_to_1=f, flip_1_to_0=0.01) for q, f in enumerate(flips))
    measures = row.measures
    row = row.model_copy(update={"described": row.described.model_copy(update={"calibration": published})})
    drawn = devices.calibration(0, row, measures)
    assert isinstance(drawn, Figure)
    assert list(drawn.table[10][:2]) == ["9", "0.6950"] and drawn.table[10][-1] == "no"
    assert sum(line[-1] == "no" for line in drawn.table[1:]) <= 3  # 1 in 100 by chance, of 15
