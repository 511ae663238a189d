"""The page of a comparison: well-formed, self-contained, accessible, and plain about what is simulated."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.records import Against, Change, ComparedBackend, Comparison, JobPrice, Origin
from qrng_hub.reports.comparison_page import page
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

ALONE = {"meta"}
#: what a caption or an axis names as its unit; 'no unit' is one
UNITS = r"\bbits?\b|Mbit|USD|seconds|no unit|byte"
AXES = r"bits? |Mbit|USD|\bs\b|seconds|shots|no unit|P\(1\)|share|multiples|value of|repeat|qubit"


class Reader(HTMLParser):
    """Reads a page and fails where a tag is not closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.text_of_page = text
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
        "compare": {"shots": 2048, "repeats": 2},
    }
    run_file = run_file_from(values | sections)
    with Hub.open(run_file, clock=clock, adapters=[ScriptedAdapter(scripts, clock, seed=1)]) as hub:
        return hub.compare()


@pytest.fixture
def mixed() -> Comparison:
    simulator = Script(origin=Origin.SIMULATOR, price=Decimal(0))
    return compared({"paid": Script(p_one=0.42), "sim": simulator, "off<&>line": Script(offline=True)})


def figures(reader: Reader) -> list[Element]:
    """The figures of a page, as trees: this also shows that every SVG in it is well-formed XML."""
    found = re.findall(r"<figure>.*?</figure>", reader.text_of_page, re.DOTALL)
    return [fromstring(one) for one in found]  # noqa: S314 - our own page


def words(of: Element | None) -> str:
    return "" if of is None else " ".join("".join(of.itertext()).split())


def test_is_well_formed_and_needs_nothing_from_elsewhere(mixed: Comparison) -> None:
    text = page(mixed)
    reader = Reader(text)
    assert not re.search(r"https?:|//|url\(|@import", text)
    assert not {"script", "link", "img", "image", "use", "iframe", "object", "form"} & {tag for tag, _ in reader.seen}
    assert not [attributes for _, attributes in reader.seen if {"src", "onclick", "style"} & set(attributes)]
    (policy,) = [
        one["content"] or "" for one in reader.of("meta") if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")


def test_every_link_leads_to_a_backend_on_the_page(mixed: Comparison) -> None:
    reader = Reader(page(mixed))
    identifiers = [attributes["id"] for _, attributes in reader.seen if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    links = [one["href"] or "" for one in reader.of("a")]
    assert len(links) == 2
    assert {link.removeprefix("#") for link in links} <= set(identifiers)


def test_begins_with_the_summary_in_three_sentences(mixed: Comparison) -> None:
    reader = Reader(page(mixed))
    assert len(mixed.summary) == 3
    assert len([one for one in reader.of("p") if one.get("class") == "summary"]) == 3
    places = [reader.text.index(sentence) for sentence in mixed.summary]
    assert places == sorted(places) and places[-1] < reader.text.index("All backends")


def test_has_every_chart_of_a_priced_comparison(mixed: Comparison) -> None:
    titles = [
        words(one.find("h3")).partition(" scripted:")[0].removesuffix(",") for one in figures(Reader(page(mixed)))
    ]
    assert titles[:7] == [
        "From raw bits to extracted bits", "Bias of each qubit, a strip a backend", "Seconds a bounded megabit",
        "Cost against time of a bounded megabit", "Cost by volume", "What the cost is made of", "Queue times",
    ]  # fmt: skip
    of_one = [
        "Bias on", "Bounded min-entropy on", "Min-entropy of each qubit of", "Drift over the repeats",
        "Correlation of qubits", "Autocorrelation", "Estimates of min-entropy", "Raw and extracted bits",
        "Bytes, raw and extracted",
    ]  # fmt: skip
    assert titles[7:] == of_one * 2


def test_every_chart_has_a_title_a_description_units_a_caption_and_a_table(mixed: Comparison) -> None:
    reader = Reader(page(mixed))
    identifiers = {attributes.get("id") for _, attributes in reader.seen}
    for one in figures(reader):
        svg, table = one.find("svg"), one.find("details/div/table")
        assert svg is not None and table is not None
        assert svg.get("role") == "img"
        labels = (svg.get("aria-labelledby") or "").split()
        assert len(labels) == 2 and set(labels) <= identifiers
        assert words(svg.find("title")) and len(words(svg.find("desc"))) > 20
        caption = words(one.find("figcaption"))
        assert re.search(UNITS, caption), caption
        assert len(caption) > 80
        columns = {len(row) for row in table.iter("tr")}
        assert len(columns) == 1 and len(list(table.iter("tr"))) > 1


def test_every_axis_has_a_name_with_its_unit(mixed: Comparison) -> None:
    drawn = [one for one in figures(Reader(page(mixed))) if one.find("svg/line[@class='grid']") is not None]
    assert len(drawn) >= 14
    for one in drawn:
        names = [words(text) for text in one.iter("text") if text.get("class") == "axis"]
        assert names, words(one.find("h3"))
        assert all(re.search(AXES, name) for name in names), names


def test_says_what_is_simulated_on_each_chart_and_only_there(mixed: Comparison) -> None:
    notes = [words(one.find("svg/text[@class='note']")) for one in figures(Reader(page(mixed)))]
    everyone, paid = ["partly simulated data"] * 3, ["", "", "", "partly simulated data"]
    assert notes == [*everyone, *paid, *["simulated data"] * 9, *[""] * 9]
    simulated = figures(Reader(page(compared({"sim": Script(origin=Origin.SIMULATOR, price=Decimal(0))}))))
    assert {words(one.find("svg/text[@class='note']")) for one in simulated} == {"simulated data"}
    assert "simulated" not in Reader(page(compared({"paid": Script()}))).text


def test_says_why_a_chart_is_missing() -> None:
    script = Script(origin=Origin.SIMULATOR, price=Decimal(0), queue_seconds=0)
    text = Reader(page(compared({"sim": script}, compare={"shots": 1024, "repeats": 1}))).text
    for said in (
        "Cost by volume: nothing here costs anything", "Queue times: no job queued", "one repeat shows none",
        "too few for a histogram",
        "no readout errors are published",
    ):  # fmt: skip
        assert said in text


def test_a_failure_is_a_row_and_what_vendors_say_is_no_markup(mixed: Comparison) -> None:
    text = page(mixed)
    assert "off<&>line" not in text
    assert "off<&>line is offline" in Reader(text).text


def test_nothing_that_a_run_file_or_a_vendor_says_is_markup(mixed: Comparison) -> None:
    """Names, settings, descriptions, reasons, currencies, and the sentences and charts that are made of them."""
    evil = "</title><b>&quot;'\"<img src=x>"
    price = JobPrice(lines=((Decimal(1), Decimal(0)),), most_shots=1000, currency=evil)

    def spoiled(row: ComparedBackend) -> ComparedBackend:
        totals = row.totals and row.totals.model_copy(update={"currency": evil})
        said = {"setting": evil, "description": evil, "price": price, "totals": totals}
        return row.model_copy(update=said | {"failure": row.failure and evil})

    rows = tuple(map(spoiled, mixed.backends))
    against = Against(
        comparison_id=evil, created_utc=mixed.created_utc,
        changes=(Change(label=evil, kind="price", is_real=True, p_value=None, test=evil, sentence=evil),),
    )  # fmt: skip
    told = {"backends": rows, "summary": (evil,) * 3, "versions": {evil: evil}, "against": against}
    reader = Reader(page(mixed.model_copy(update=told)))
    assert not {"b", "img"} & {tag for tag, _ in reader.seen}
    assert reader.text.count(evil) > 50
    for one in figures(reader):
        assert one.find("b") is None


def test_follows_the_readers_colours_the_width_and_the_paper(mixed: Comparison) -> None:
    text = page(mixed)
    for needed in ("prefers-color-scheme: dark", "@media print", 'name="viewport"', "viewBox"):
        assert needed in text


def test_a_bar_is_as_high_as_its_bound() -> None:
    comparison = compared({"paid": Script(p_one=0.42)})
    (row,) = comparison.backends
    assert row.measures is not None
    (chart,) = [one for one in figures(Reader(page(comparison))) if words(one.find("h3")).startswith("Min-entropy of")]
    bars = [float(one.get("height") or 0) for one in chart.iter("rect") if one.get("class") == "bar"]
    assert bars == pytest.approx([100 * one.bound_bits for one in row.measures.qubits], abs=0.01)


def test_nothing_but_failures_is_a_page_as_well() -> None:
    reader = Reader(page(compared({"off": Script(offline=True)})))
    assert "No backend gave anything" in reader.text
    assert not figures(reader)


def test_few_shots_have_words_in_place_of_charts_that_would_only_show_chance() -> None:
    text = Reader(page(compared({"paid": Script()}, backend=[{"address": "scripted:paid", "shots": 4}]))).text
    for said in (
        "Correlation of qubits: 8 shots are so few", "Autocorrelation: there are so few shots",
        "too few bits for:", "are too few to extract from", "too few for a histogram",
    ):  # fmt: skip
        assert said in text, said
