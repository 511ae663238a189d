"""The audit finds nothing in a ledger as the hub writes it, and whatever somebody else wrote."""

import json
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from commands import qrng
from qrng_hub import Hub
from qrng_hub.circuits import Circuit
from qrng_hub.errors import LedgerError, RequestError
from qrng_hub.ledger import Ledger
from qrng_hub.ledger.events import hash_of
from qrng_hub.records import JobState
from qrng_hub.signing import receipt_keys, require_signature
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
        ("UPDATE events SET subject = 'x' WHERE number = 2", "event 2 (job.intended of x) is not what was written"),
        ("UPDATE events SET detail = '{}' WHERE number = 1", "is not what was written"),
        ("DELETE FROM events WHERE number = 3", "or events after event 2 are missing"),
        ("UPDATE events SET hash = NULL WHERE number = 4", "event 4 bears no hash"),
        ("UPDATE jobs SET state = 'queued' WHERE state = 'done' AND spec IS NOT NULL", "its last event says done"),
        (
            "UPDATE jobs SET budgets = replace(budgets, '0.30', '9') WHERE state = 'done' AND spec IS NOT NULL",
            "still holds 9",
        ),
        ("UPDATE budgets SET committed = '0.01'", "has 0.01 committed, and its jobs hold"),
        ("UPDATE budgets SET most = '0.10'", "was passed: its jobs were let through for 0.30"),
        ("DELETE FROM jobs WHERE state = 'done' AND spec IS NOT NULL", "which is not in the ledger"),
        ("UPDATE draws SET receipt = replace(receipt, '\"hardware\"', '\"simulator\"')", "its SHA-256 is another"),
        ("UPDATE draws SET receipt = replace(receipt, '\"simulator\"', '\"hardware\"')", "its SHA-256 is another"),
        ("UPDATE draws SET origin = 'hardware'", "its origin is another"),
        ("DELETE FROM draws", "was delivered, and its receipt is not in the ledger"),
        ("DELETE FROM blocks", "which are not among those used up"),
        ("INSERT INTO blocks SELECT draw_id, draw_id FROM draws", "which does not name them"),
        ("INSERT INTO spent SELECT draw_id, 48 FROM draws", "48 bytes of draw"),
        ("UPDATE jobs SET origin = 'hardware' WHERE spec IS NULL", "is not what it was when draw"),
        ("UPDATE jobs SET cost_billed = '0.01' WHERE spec IS NULL", "is not what it was when draw"),
        ("UPDATE jobs SET origin = 'simulator' WHERE spec IS NOT NULL", "its events say hardware"),
        ("UPDATE jobs SET shots = shots + 1 WHERE state = 'done' AND spec IS NOT NULL", "its number of shots is"),
        ("UPDATE jobs SET cost_billed = '0.20' WHERE state = 'done' AND spec IS NOT NULL", "its bill is 0.30"),
        ("UPDATE jobs SET qubits = 1 WHERE state = 'done' AND spec IS NOT NULL", "and its events say"),
        ("UPDATE jobs SET draw_id = 'x' WHERE state = 'done' AND spec IS NOT NULL", "the draw_id of job"),
        ("UPDATE jobs SET vendor_id = 'scripted-0', address = 'scripted:bad'", "jobs share the vendor's id scripted-0"),
        (
            "INSERT INTO draws SELECT 'again', created_utc, bytes, origin, receipt FROM draws LIMIT 1",
            "its bits left twice",
        ),
    ],
)
def test_what_was_changed_is_found(path: Path, statement: str, says: str) -> None:
    assert any(says in finding for finding in changed(path, statement))


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE jobs SET origin = 'hardware' WHERE spec IS NULL AND draw_id IS NULL", "and its events say simulator"),
        ("UPDATE jobs SET shots = 1 WHERE spec IS NULL AND draw_id IS NULL", "and its events say 7"),
        ("UPDATE jobs SET cost_billed = '9' WHERE spec IS NULL AND draw_id IS NULL", "is 9, and its events say 0"),
        ("UPDATE jobs SET state = 'failed' WHERE spec IS NULL AND draw_id IS NULL", "its last event says done"),
        ("DELETE FROM jobs WHERE spec IS NULL AND draw_id IS NULL", "which is not in the ledger"),
        ("UPDATE jobs SET key = 'other' WHERE spec IS NULL AND draw_id IS NULL", "job other has no event"),
        ("UPDATE jobs SET spec = '{}' WHERE spec IS NULL AND draw_id IS NULL", "intended 0 times, and not 1"),
    ],
)
def test_free_jobs_that_served_no_draw_are_held_against_their_events(path: Path, statement: str, says: str) -> None:
    with Hub.open(clock=FrozenClock(datetime(2026, 1, 2, tzinfo=UTC))) as hub:
        hub.raw("local:stim", Circuit().h(0).measure(0), 7)
        assert hub.audit() == ()
    assert any(says in finding for finding in changed(path, statement))


def test_free_jobs_of_earlier_releases_have_no_event(path: Path) -> None:
    with Hub.open() as hub:
        hub.raw("local:stim", Circuit().h(0).measure(0), 7)
    older = "UPDATE jobs SET key = 'older', recorded_utc = '2020-01-01 00:00:00.000000' WHERE draw_id IS NULL"
    undone = [finding for finding in changed(path, older) if "which is not in the ledger" not in finding]
    assert undone == []


def test_the_chain_goes_on_over_processes_and_is_exported(path: Path, ledger: Ledger) -> None:
    with Hub.open() as hub:
        hub.random_bytes(1)
        chain = hub.chain()
        assert hub.audit() == ()
    assert [event.number for event in chain] == list(range(1, len(chain) + 1))
    assert len({event.hash for event in chain}) == len(chain)
    assert json.dumps(chain[0].detail)
    assert ledger.audit() == ()


def rewritten(path: Path, *statements: str) -> None:
    """Changes the rows of a ledger, but not its events, behind the hub's back."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


SIMULATED_TO_HARDWARE = "UPDATE draws SET receipt = replace(receipt, '\"simulator\"', '\"hardware\"')"
BYTES_CREDITED = "UPDATE draws SET receipt = replace(receipt, '\"bits\":512.0', '\"bits\":1024.0')"


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        (SIMULATED_TO_HARDWARE, 1),
        (BYTES_CREDITED, 0),
        ("DELETE FROM blocks", 0),
        ("UPDATE jobs SET address = 'x:y'", 1),
    ],
)
def test_nothing_is_signed_that_does_not_match(path: Path, statement: str, number: int) -> None:
    with Hub.open() as hub:
        before = [hub.signed_receipt(receipt.draw_id) for receipt in hub.receipts()]
    assert [one.receipt["origin"] for one in before] == ["hardware", "simulator"]
    rewritten(path, statement)
    with Hub.open() as hub, pytest.raises(LedgerError, match="it is not signed"):
        hub.signed_receipt(str(before[number].receipt["draw_id"]))


def test_what_hardware_gave_is_signed_at_delivery_and_stays_so(path: Path) -> None:
    with Hub.open() as hub:
        draw_id = hub.receipts()[0].draw_id
        (event,) = [event for event in hub.chain() if event.kind == "draw.delivered" and event.subject == draw_id]
        receipt_keys().rotate()
        kept = hub.signed_receipt(draw_id)
    assert kept.signature.model_dump(mode="json") == event.detail["signature"]
    assert kept.signature.fingerprint != receipt_keys().current().fingerprint
    require_signature(kept)


def test_a_draw_of_an_earlier_release_is_signed_if_it_fits_and_that_is_said(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER events_UPDATE_refused")
        rows = connection.execute("SELECT number, at_utc, kind, subject, detail FROM events ORDER BY number").fetchall()
        previous = None
        for number, at, kind, subject, detail in rows:
            said = json.loads(detail)
            older = {name: said[name] for name in ("bytes", "address", "vendor_id", "message") if name in said}
            previous = hash_of(previous, datetime.fromisoformat(at).replace(tzinfo=UTC), kind, subject, older)
            values = (json.dumps(older), previous, number)
            connection.execute("UPDATE events SET detail = ?, hash = ? WHERE number = ?", values)
    connection.close()
    with Hub.open() as hub:
        assert hub.audit() == ()
        receipts = hub.receipts()
        assert hub.undigested() == tuple(receipt.draw_id for receipt in receipts)
        require_signature(hub.signed_receipt(receipts[0].draw_id))
    rewritten(path, SIMULATED_TO_HARDWARE)
    with Hub.open() as hub:
        assert any("its origin is hardware, and of its jobs simulator" in finding for finding in hub.audit())
        with pytest.raises(LedgerError, match="it is not signed"):
            hub.signed_receipt(receipts[1].draw_id)


def test_numbers_that_a_rollback_took_are_no_missing_events(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER events_UPDATE_refused")
        connection.execute("UPDATE events SET number = number + 7 WHERE number = (SELECT max(number) FROM events)")
    connection.close()
    with Hub.open() as hub:
        hub.random_bytes(1)
        assert hub.audit() == ()


def test_an_end_that_was_cut_off_is_found_by_an_earlier_head(path: Path) -> None:
    with Hub.open() as hub:
        head = hub.chain_head()
        hub.random_bytes(1)
        later = hub.chain_head()
        assert (hub.audit(head), hub.audit(later)) == ((), ())
        with pytest.raises(RequestError, match="no head of a chain"):
            hub.audit("7")
    cut = "DELETE FROM events WHERE number = (SELECT max(number) FROM events)"
    last = "DELETE FROM draws WHERE draw_id = (SELECT draw_id FROM draws ORDER BY created_utc DESC LIMIT 1)"
    assert not any("chain" in finding for finding in changed(path, cut, last))
    with Hub.open() as hub:
        assert any("its end was cut off" in finding for finding in hub.audit(later))
        assert not any("its end was cut off" in finding for finding in hub.audit(head))
        hub.random_bytes(1)
        assert any("the chain was written anew" in finding for finding in hub.audit(later))


def test_the_head_is_printed_and_held_against(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = qrng(capsys, "jobs", "audit", "--head")
    assert (printed.returncode, printed.stderr) == (0, "")
    head = printed.stdout.strip()
    assert qrng(capsys, "jobs", "audit", "--against", head).returncode == 0
    count, _, digest = head.partition(":")
    cut = qrng(capsys, "jobs", "audit", "--against", f"{int(count) + 1}:{digest}")
    assert (cut.returncode, "its end was cut off" in cut.stderr) == (1, True)
