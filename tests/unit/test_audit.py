"""The audit finds nothing in a ledger as the hub writes it, and whatever somebody else wrote."""

import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from qrng_hub import Hub
from qrng_hub.ledger import Ledger
from qrng_hub.records import JobState
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


@pytest.fixture
def path(state: Path) -> Path:
    """A ledger with some history: free and paid jobs, failures, budgets, receipts."""
    clock = FrozenClock()
    scripts = {"good": Script(), "bad": Script(ends=JobState.FAILED)}
    values = {
        "version": 1,
        "budget": {"usd_per_job": Decimal(1), "usd": Decimal(5), "usd_per_month": Decimal(100)},
        "backend": [{"address": "scripted:bad"}, {"address": "scripted:good"}, {"address": "local:stim"}],
    }
    with Hub.open(values, clock=clock, adapters=[ScriptedAdapter(scripts, clock)]) as hub:
        hub.random_bytes(64)
        hub.draw(64, backend="local:stim")
        assert hub.audit() == ()
    return state / "ledger.db"


def changed(path: Path, *statements: str) -> tuple[str, ...]:
    """Changes a ledger behind the hub's back and audits it."""
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER events_UPDATE_refused")
        connection.execute("DROP TRIGGER events_DELETE_refused")
        for statement in statements:
            connection.execute(statement)
    connection.close()
    with Hub.open() as hub:
        return hub.audit()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE events SET subject = 'x' WHERE number = 2", "event 2 (job.queued of x) is not what was written"),
        ("UPDATE events SET detail = '{}' WHERE number = 1", "is not what was written"),
        ("DELETE FROM events WHERE number = 3", "between event 2 and event 4, events are missing"),
        ("UPDATE events SET hash = NULL WHERE number = 4", "event 4 bears no hash"),
        ("UPDATE jobs SET state = 'queued' WHERE state = 'done' AND spec IS NOT NULL", "its last event says done"),
        (
            "UPDATE jobs SET budgets = replace(budgets, '0.30', '9') WHERE state = 'done' AND spec IS NOT NULL",
            "still holds 9",
        ),
        ("UPDATE budgets SET committed = '0.01'", "has 0.01 committed, and its jobs hold"),
        ("UPDATE budgets SET most = '0.10'", "was passed: its jobs were let through for 0.30"),
        ("DELETE FROM jobs WHERE state = 'done' AND spec IS NOT NULL", "which is not in the ledger"),
        ("UPDATE jobs SET vendor_id = 'scripted-0', address = 'scripted:bad'", "jobs share the vendor's id scripted-0"),
        (
            "INSERT INTO draws SELECT 'again', created_utc, bytes, origin, receipt FROM draws LIMIT 1",
            "its bits left twice",
        ),
    ],
)
def test_what_was_changed_is_found(path: Path, statement: str, says: str) -> None:
    assert any(says in finding for finding in changed(path, statement))


def test_the_chain_goes_on_over_processes_and_is_exported(path: Path, ledger: Ledger) -> None:
    with Hub.open() as hub:
        hub.random_bytes(1)
        chain = hub.chain()
        assert hub.audit() == ()
    assert [event.number for event in chain] == list(range(1, len(chain) + 1))
    assert len({event.hash for event in chain}) == len(chain)
    assert json.dumps(chain[0].detail)
    assert ledger.audit() == ()
