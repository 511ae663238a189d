"""The page of a comparison: well-formed, self-contained, accessible, and plain about what is simulated."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.records import Comparison, Origin
from qrng_hub.reports.comparison_page import page
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

ALONE = {"meta"}


class Reader(HTMLParser):
    """Reads a page and fails where a tag is not closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def compared(scripts: dict[str, Script], **sections: Any) -> Comparison:
    clock = FrozenClock()
    values = {
        "version": 1,
        "backend": [{"address": f"scripted:{name}"} for name in scripts],
        "budget": {"usd_per_job": Decimal(1)},
        "compare": {"shots": 1024, "repeats": 2},
    }
    run_file = run_file_from(values | sections)
    with Hub.open(run_file, clock=clock, adapters=[ScriptedAdapter(scripts, clock)]) as hub:
        return hub.compare()


@pytest.fixture
def mixed() -> Comparison:
    simulator = Script(origin=Origin.SIMULATOR, price=Decimal(0))
    return compared({"paid": Script(p_one=0.42), "sim": simulator, "off<&>line": Script(offline=True)})


def test_is_well_formed_and_needs_nothing_from_elsewhere(mixed: Comparison) -> None:
    text = page(mixed)
    reader = Reader(text)
    assert not re.search(r"https?:|//|url\(|@import", text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in reader.seen}
    assert not [attributes for _, attributes in reader.seen if {"src", "href", "onclick"} & set(attributes)]


def test_begins_with_the_summary_in_three_sentences(mixed: Comparison) -> None:
    reader = Reader(page(mixed))
    assert len(mixed.summary) == 3
    assert len([one for one in reader.of("p") if one.get("class") == "summary"]) == 3
    places = [reader.text.index(sentence) for sentence in mixed.summary]
    assert places == sorted(places) and places[-1] < reader.text.index("All backends")


def test_every_chart_has_a_title_a_description_a_caption_and_a_table(mixed: Comparison) -> None:
    reader = Reader(page(mixed))
    charts = reader.of("svg")
    assert len(charts) == 5  # waterfall, bias, cost against time, two backends
    identifiers = {attributes.get("id") for _, attributes in reader.seen}
    for one in charts:
        assert one["role"] == "img"
        assert set((one["aria-labelledby"] or "").split()) <= identifiers
    assert len(reader.of("figcaption")) == len(reader.of("details")) == len(charts)
    assert len(reader.of("table")) == len(charts) + 1
    assert len(identifiers) == len([one for _, one in reader.seen if "id" in one]) + 1  # each once, and none


def test_says_what_is_simulated_and_only_that(mixed: Comparison) -> None:
    text = Reader(page(mixed)).text  # two charts of all, one of the simulator's qubits
    assert (text.count("partly simulated data"), text.count("simulated data")) == (2, 3)
    simulated = Reader(page(compared({"sim": Script(origin=Origin.SIMULATOR, price=Decimal(0))})))
    assert simulated.text.count("simulated data") == len(simulated.of("svg")) == 3
    hardware = Reader(page(compared({"paid": Script()})))
    assert "simulated" not in hardware.text


def test_a_failure_is_a_row_and_what_vendors_say_is_no_markup(mixed: Comparison) -> None:
    text = page(mixed)
    assert "off<&>line" not in text
    assert "off<&>line is offline" in Reader(text).text


def test_follows_the_readers_colours_the_width_and_the_paper(mixed: Comparison) -> None:
    text = page(mixed)
    for needed in ("prefers-color-scheme: dark", "@media print", 'name="viewport"', "viewBox"):
        assert needed in text


def test_a_bar_is_as_high_as_its_bound() -> None:
    comparison = compared({"paid": Script(p_one=0.42)})
    (row,) = comparison.backends
    assert row.measures is not None
    bars = [one for one in Reader(page(comparison)).of("rect") if one["class"] == "bar"][-16:]
    assert [float(one["height"] or 0) for one in bars] == pytest.approx(
        [96 * one.bound_bits for one in row.measures.qubits], abs=0.01
    )


def test_nothing_but_failures_is_a_page_as_well() -> None:
    reader = Reader(page(compared({"off": Script(offline=True)})))
    assert "No backend gave anything" in reader.text
