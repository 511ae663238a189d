"""Notebooks: everything works inside their running loop, and draws and plans show themselves without their bytes."""

import asyncio
import base64
import re
import threading
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from pools import a_draw, known_bytes
from qrng_hub import Circuit, Draw, Hub
from qrng_hub.planner import Plan, PlanLine
from qrng_hub.records import Substitution
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

SIMULATORS = ("local:stim", "cirq:simulator", "ibm:aer", "braket:braket_sv")
PLAN: dict[str, Any] = {
    "version": 1,
    "request": {"mode": "plan", "bytes": 256},
    "backend": [{"address": "local:stim"}, {"address": "cirq:simulator", "qubits": 4}],
}


class Page(HTMLParser):
    """Reads a page's rows, and sees that its tags match and are harmless."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"div", "b", "table", "thead", "tbody", "tr", "th", "td"}
        assert {name for name, _ in attrs} <= {"style"}
        assert not any("url" in (value or "") for _, value in attrs)
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def page_of(shown: Draw | Plan) -> Page:
    html = shown._repr_html_()
    # what has a colour of its own is unreadable on either a light page or a dark one
    assert set(re.findall(r"(?:color|background):([^;\"]+)", html)) <= {"inherit", "none"}
    return Page(html)


def test_every_vendor_draws_inside_a_running_loop() -> None:
    async def cell() -> Draw:
        values = {"version": 1, "request": {"mode": "each"}, "backend": [{"address": one} for one in SIMULATORS]}
        with Hub.open(values) as hub:
            return hub.draw(16)

    draw = asyncio.run(cell())
    assert [source.address for source in draw.receipt.sources] == list(SIMULATORS)


def test_plans_faces_pieces_and_raw_outcomes_work_inside_a_running_loop() -> None:
    async def cell() -> None:
        with Hub.open(PLAN) as hub:
            plan = hub.plan()
            assert plan.chosen
            assert len(hub.run()) == 256
            assert hub.keygen("ed25519", allow_simulated=True).receipt.origin == "simulator"
        with Hub.open() as hub:
            assert len(hub.secrets.token_bytes()) == 32
            assert sum(len(piece.data) for piece in hub.pieces(100)) == 100
            (block,) = hub.raw("local:stim", Circuit().x(0).measure(0), shots=10)
            assert block.ones.tolist() == [10]

    asyncio.run(cell())


def test_jobs_that_queue_are_awaited_inside_a_running_loop() -> None:
    async def cell() -> Draw:
        clock = FrozenClock()
        values = {"version": 1, "backend": [{"address": "scripted:device"}], "budget": {"usd_per_job": 1}}
        with Hub.open(values, clock=clock, adapters=[ScriptedAdapter({"device": Script()}, clock)]) as hub:
            return hub.draw(64)

    assert asyncio.run(cell()).receipt.sources[0].queue_seconds == 60


def test_a_loop_goes_on_while_threads_of_it_draw() -> None:
    async def cell() -> tuple[list[Draw], set[int]]:
        threads = set[int]()
        with Hub.open() as hub:

            def draw() -> Draw:
                threads.add(threading.get_ident())
                return hub.draw(32)

            return list(await asyncio.gather(*(asyncio.to_thread(draw) for _ in range(8)))), threads

    draws, threads = asyncio.run(cell())
    assert len({draw.data for draw in draws}) == 8
    assert threading.get_ident() not in threads


def test_a_draw_shows_where_it_comes_from() -> None:
    with Hub.open() as hub:
        draw = hub.draw(1000)
    page, (source,) = page_of(draw), draw.receipt.sources
    header, row = page.rows
    assert dict(zip(header, row, strict=True)) == {
        "backend": "local:stim",
        "origin": "simulator",
        "qubits": f"{len(source.qubits)}",
        "shots": f"{source.shots:,}",
        "bytes": "1,000",
        "bound bits": f"{source.bound_bits:,.0f}",
        "credited bits": "0",
        "billed": "0.00 USD",
        "queue s": f"{source.queue_seconds:,.1f}",
    }
    assert page.text.startswith("1,000 bytes, simulator, 0 of 8,000 bits credited")
    assert f"receipt {draw.receipt.draw_id}" in page.text
    assert "every source is a simulator" in page.text


def test_a_draw_never_shows_its_bytes() -> None:
    """In hex, base64, as Python writes them, or in decimal, not even four of them."""
    data = known_bytes(64)
    html = a_draw(data)._repr_html_()
    for start in range(61):
        part = data[start : start + 4]
        for shown in (part.hex(), base64.b64encode(part).decode().rstrip("="), repr(part)[2:-1], str(list(part))[1:-1]):
            assert shown not in html


def test_what_others_wrote_is_escaped() -> None:
    attack = "<script>alert('&')</script>"
    draw = a_draw(known_bytes(32), attack)
    failed = Substitution(failed=attack, used=None, reason=attack)
    draw = draw.model_copy(update={"receipt": draw.receipt.model_copy(update={"substitutions": (failed,)})})
    line = PlanLine(address=attack, origin=attack, chosen=False, reason=attack)
    plan = Plan(
        created_utc=datetime(2026, 11, 23, tzinfo=UTC), bytes=32, outputs=1, lines=(line,), cost_low=Decimal(0),
        cost_high=Decimal(1), naive_cost=Decimal(2), naive_address=attack, seconds=None, warnings=(attack,),
    )  # fmt: skip
    for shown, times in ((draw, 3), (plan, 5)):
        page = page_of(shown)
        assert "<script" not in shown._repr_html_()
        assert page.text.count(attack) == times


def test_a_plan_shows_who_runs_what_and_why_the_others_do_not() -> None:
    with Hub.open(PLAN) as hub:
        plan = hub.plan()
    page = page_of(plan)
    header, *rows = page.rows
    shown = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    for line in plan.lines:
        row = shown.pop(line.address)
        assert row["why"] == line.reason
        assert row["jobs"] == (f"{line.jobs:,}" if line.chosen else "")
        assert row["bits expected"] == (f"{line.expected_bits:,.0f}" if line.chosen else "")
    assert shown == {}
    assert page.text.startswith("plan: 256 bytes for 0.00 USD")


@pytest.mark.parametrize("amounts", [(None, None), (Decimal(1), None)])
def test_an_unknown_cost_is_not_shown_as_nothing(amounts: tuple[Decimal | None, Decimal | None]) -> None:
    line = PlanLine(
        address="a:b", origin="hardware", chosen=True, reason="chosen", jobs=1, shots=(1,), cost_low=amounts[0],
        cost_high=amounts[1],
    )  # fmt: skip
    plan = Plan(
        created_utc=datetime(2026, 11, 23, tzinfo=UTC), bytes=32, outputs=1, lines=(line,), cost_low=Decimal(0),
        cost_high=Decimal(0), naive_cost=None, naive_address=None, seconds=None,
    )  # fmt: skip
    assert page_of(plan).rows[1] == ["a:b", "hardware", "-", "1", "1", "0", "unknown", "unknown", "chosen"]
