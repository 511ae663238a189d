"""report.html in a real browser: `make test-browser`. The pictures are kept in build/browser/."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from browser.chromium import Tab, chromium, found
from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.hub.comparing import with_changes
from qrng_hub.records import Comparison, Origin
from qrng_hub.reports.comparison_page import page
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

pytestmark = pytest.mark.slow

BUILD = Path(__file__).parents[2] / "build" / "browser"
AXE = BUILD / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE, PAPER = (1280, 900), (360, 740), (794, 1123)
ENTER, SPACE, TAB = ("Enter", 13, "\r"), (" ", 32, " "), ("Tab", 9)
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"


def compared(price: str) -> Comparison:
    clock = FrozenClock()
    scripts = {
        "paid": Script(p_one=0.42, price=Decimal(price)),
        "slow": Script(price=Decimal("0.05"), queue_seconds=900),
        "sim": Script(origin=Origin.SIMULATOR, price=Decimal(0)),
        "off<&>line": Script(offline=True),
    }
    backends = [{"address": f"scripted:{name}"} for name in scripts]
    snapshots: list[dict[str, Any]] = [{"address": "ibm:snapshot/fez", "qubits": 100}]
    snapshots += [{"address": "cirq:qvm/weber", "qubits": 12}]
    run_file = run_file_from({
        "version": 1, "backend": [*backends, *snapshots], "budget": {"usd_per_job": 1},
        "compare": {"shots": 2048, "repeats": 3},
    })  # fmt: skip
    with Hub.open(run_file, clock=clock, adapters=[ScriptedAdapter(scripts, clock, seed=1)]) as hub:
        return hub.compare()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QRNG_STATE_DIR", str(folder / "state"))
        path = folder / "report.html"
        path.write_text(page(with_changes(compared("0.30"), compared("0.20"))), encoding="utf-8")
    return path


@pytest.fixture
def tab() -> Iterator[Tab]:
    path = found()
    if path is None:
        lacking("Chromium (Debian: apt-get install chromium)")
    elif not AXE.exists():
        lacking("axe-core (make test-browser fetches it with npm)")
    else:
        with chromium(path) as one:
            yield one


def lacking(what: str) -> None:
    """Skips, or fails where the tests were asked for."""
    pytest.fail(f"needed: {what}") if os.environ.get("QRNG_BROWSER") else pytest.skip(f"needs {what}")


def said(tab: Tab, *methods: str) -> list[dict[str, Any]]:
    return [event["params"] for event in tab.events if event.get("method") in methods]


def test_it_renders_says_nothing_on_the_console_and_asks_for_nothing(tab: Tab, report: Path) -> None:
    tab.open(report, *WIDE)
    tab.run(OPEN_ALL)
    sizes = tab.run("[...document.querySelectorAll('svg')].map(one => one.getBoundingClientRect().height)")
    assert len(sizes) >= 7 + 5 * 9
    assert min(sizes) > 50
    tab.picture(BUILD / "all-open.png")
    assert said(tab, "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded") == []
    assert {one["request"]["url"] for one in said(tab, "Network.requestWillBeSent")} == {report.as_uri()}


def test_the_console_and_requests_are_seen_where_there_are_any(tab: Tab, tmp_path: Path) -> None:
    """The test above can fail: a page that is not like ours is noticed."""
    page = tmp_path / "bad.html"
    page.write_text("<script>console.error('heard'); throw new Error('caught')</script><img src='missing.png'>")
    tab.open(page, *WIDE)
    assert said(tab, "Runtime.consoleAPICalled") and said(tab, "Runtime.exceptionThrown")
    assert len(said(tab, "Network.requestWillBeSent")) == 2


def test_its_policy_lets_nothing_out_even_if_something_tried(tab: Tab, report: Path) -> None:
    tab.open(report, *WIDE)
    tab.run(
        "new Promise(done => { const one = new Image(); one.onerror = () => done(1); one.src = 'http://127.0.0.1:9/' })"
    )
    assert any("Content Security Policy" in one["entry"]["text"] for one in said(tab, "Log.entryAdded"))


def test_the_keyboard_opens_a_backend_from_the_table_and_closes_it(tab: Tab, report: Path) -> None:
    tab.open(report, *WIDE)
    links = tab.run("document.querySelectorAll('td a, th a').length")
    closed = "[...document.querySelectorAll('details.backend')].map(one => one.open)"
    assert tab.run(closed) == [True] + [False] * (links - 1)
    last = f"document.querySelectorAll('th a')[{links - 1}]"
    for _ in range(links + 5):
        tab.press(*TAB)
        if tab.run(f"document.activeElement === {last}"):
            break
    assert tab.run(f"document.activeElement === {last}")
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.press(*ENTER)
    assert tab.run("new Promise(done => setTimeout(() => done(" + closed + "), 200))")[-1] is True
    tab.run("document.querySelector('details.backend:last-of-type > summary').focus()")
    for key, expected in ((ENTER, False), (SPACE, True)):
        tab.press(*key)
        assert tab.run("[...document.querySelectorAll('details.backend')].at(-1).open") is expected


def test_a_table_wider_than_a_phone_scrolls_by_keys(tab: Tab, report: Path) -> None:
    tab.open(report, *PHONE)
    tab.run("document.querySelector('.scroll').focus()")
    for _ in range(5):
        tab.press("ArrowRight", 39)
    moved = "new Promise(done => setTimeout(() => done(document.querySelector('.scroll').scrollLeft), 500))"
    assert tab.run(moved) > 0


@pytest.mark.parametrize("width", [WIDE, PHONE, (320, 640)], ids=str)
def test_nothing_sticks_out_and_no_word_of_a_chart_is_cut(tab: Tab, report: Path, width: tuple[int, int]) -> None:
    tab.open(report, *width)
    tab.run(OPEN_ALL)
    assert tab.run("document.documentElement.scrollWidth") <= width[0]
    cut = tab.run("""
      [...document.querySelectorAll('svg')].flatMap(svg => {
        const room = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
          const box = text.getBoundingClientRect();
          return box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 1
            || box.bottom > room.bottom + 1;
        }).map(text => svg.querySelector('title').textContent + ': ' + text.textContent);
      })
    """)
    assert cut == []
    smallest = tab.run("""
      Math.min(...[...document.querySelectorAll('svg text')].map(text =>
        parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))
    """)
    assert smallest >= (10 if width == PHONE else 8.5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE], ids=str)
def test_axe_finds_nothing(tab: Tab, report: Path, scheme: str, width: tuple[int, int]) -> None:
    tab.open(report, *width, scheme=scheme)
    tab.picture(BUILD / f"report-{scheme}-{width[0]}.png")
    tab.run(OPEN_ALL)
    tab.run(AXE.read_text(encoding="utf-8"))
    results = tab.run("axe.run(document, {resultTypes: ['violations', 'passes']})")
    told = [(one["id"], one["help"], one["nodes"][0]["html"][:200]) for one in results["violations"]]
    assert told == []
    checked = {"color-contrast", "svg-img-alt"} | ({"scrollable-region-focusable"} if width == PHONE else set())
    assert checked <= {one["id"] for one in results["passes"]}


def test_dark_is_dark_and_light_is_light(tab: Tab, report: Path) -> None:
    shades = []
    for scheme in ("light", "dark"):
        tab.events.clear()
        tab.open(report, *WIDE, scheme=scheme)
        colour = tab.run("getComputedStyle(document.body).backgroundColor")
        shades.append(sum(int(part) for part in colour.strip("rgb()").split(",")))
    assert shades[0] > 700 and shades[1] < 100


def test_paper_has_every_backend_and_no_dark_ground(tab: Tab, report: Path) -> None:
    tab.open(report, *PAPER, scheme="dark")
    hidden = """
      [...document.querySelectorAll('details.backend')].map(one => one.querySelector('svg')).filter(svg =>
        !svg.checkVisibility({contentVisibilityAuto: true}) || svg.getBoundingClientRect().height < 50).length
    """
    assert tab.run(hidden) == 4
    tab.media("print", "dark")
    assert tab.run(hidden) == 0
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("getComputedStyle(document.querySelector('th a')).color") == "rgb(0, 0, 0)"
    sizes = tab.run("['p', 'figcaption', 'td'].map(one => getComputedStyle(document.querySelector(one)).fontSize)")
    assert all(8 <= float(size.removesuffix("px")) <= 13 for size in sizes)
    tab.picture(BUILD / "report-print.png")
    printed = base64.b64decode(tab.ask("Page.printToPDF")["data"])
    (BUILD / "report.pdf").write_bytes(printed)
    assert len(printed) > 100_000
