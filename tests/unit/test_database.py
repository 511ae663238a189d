import json
import os
import sqlite3
import stat
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, delete, update
from sqlalchemy.dialects import sqlite

from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.database import MoneyText, engine, open_database
from qrng_hub.errors import BudgetExceededError, ConfigError, LedgerError, LedgerSchemaError
from qrng_hub.ledger import Ledger, Limit, open_ledger, schema
from qrng_hub.records import Job, JobSpec, JobState, LedgerEvent, Origin, Quote


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}"
    return str(request.getfixturevalue("postgresql_url"))


def test_events_are_kept_in_order_and_cannot_be_changed(url: str) -> None:
    ledger = open_ledger(url, SystemClock())
    ledger.record_event("test.first", "subject", {"n": 1})
    ledger.record_event("test.second", "subject", {"text": "ü"})
    found = ledger.events("subject")[-2:]
    assert [(event.kind, event.detail) for event in found] == [
        ("test.first", {"n": 1}),
        ("test.second", {"text": "ü"}),
    ]
    assert all(isinstance(event, LedgerEvent) and event.at_utc.tzinfo for event in found)
    database = open_database(url)
    for change in (update(schema.events).values(kind="forged"), delete(schema.events)):
        with pytest.raises(LedgerError, match="append-only"), database.writing() as connection:
            connection.execute(change)
    assert [event.kind for event in ledger.events("subject")][-2:] == ["test.first", "test.second"]
    database.close()
    ledger.close()


def test_opening_again_changes_nothing(url: str) -> None:
    for _ in range(2):
        ledger = open_ledger(url, SystemClock())
        ledger.close()


def test_the_migrations_make_what_the_schema_says(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = open_database(url)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    database.close()


def test_refuses_a_ledger_of_a_newer_release(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_database(url).close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(LedgerSchemaError, match=r"schema 9999.*knows up to 0006: upgrade qrng-hub"):
        open_database(url)


def test_undoes_what_fails(tmp_path: Path, ledger: Ledger) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    row = {"at_utc": SystemClock().now(), "kind": "k", "subject": "s", "detail": {}}
    with pytest.raises(LedgerError, match="UNIQUE"), database.durable() as connection:
        connection.execute(schema.events.insert(), [row | {"number": 7}, row | {"number": 7}])
    assert ledger.events() == ()
    database.close()


@pytest.mark.parametrize(("durable", "synchronous"), [(False, 1), (True, 2)])
def test_a_durable_transaction_survives_the_power_and_a_fast_one_the_process(
    tmp_path: Path, durable: bool, synchronous: int
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    with database.durable() if durable else database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == synchronous
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    database.close()


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("sqlite://", ConfigError, "must name a file"),
        ("nonsense", ConfigError, "not a database URL"),
        ("nosuch://x", ConfigError, "is of nosuch, and the ledger is SQLite or PostgreSQL"),
        ("sqlite:////proc/qrng/ledger.db", LedgerError, "cannot be made.*QRNG_STATE_DIR"),
        ("sqlite:////proc", LedgerError, "Is a directory"),
    ],
)
def test_a_ledger_that_cannot_be_opened_says_why(url: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        open_database(url)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("these are the notes of somebody, and more than one page of them " * 20)
    with pytest.raises(LedgerError, match="file is not a database"):
        open_database(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        open_database("postgresql+psycopg://me:hunter2@127.0.0.1:1/none?connect_timeout=1")
    assert "hunter2" not in str(caught.value)


def test_the_folder_is_the_owner_s_alone(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'own' / 'ledger.db'}").close()
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700


def test_processes_that_open_and_write_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from qrng_hub.clock import SystemClock; from qrng_hub.ledger import open_ledger\n"
        "ledger = open_ledger(sys.argv[1], SystemClock())\n"
        "for n in range(50): ledger.record_event('test.event', sys.argv[2], {'n': n})\n"
    )
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, url, str(n)], env=os.environ | {"PYTHONWARNINGS": "error"})
        for n in range(3)
    ]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
    ledger = open_ledger(url, SystemClock())
    assert sorted((e.subject, e.detail["n"]) for e in ledger.events()) == [
        (str(p), n) for p in range(3) for n in range(50)
    ]
    ledger.close()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-0.01"])
def test_what_is_no_money_is_not_written(amount: str) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        MoneyText().process_bind_param(Decimal(amount), sqlite.dialect())


@pytest.mark.parametrize(
    "url", ["sqlite://h/x", "sqlite:///x\0y", "sqlite:///file::memory:?uri=true", "postgresql+psycopg://u:SEC@RET:PW/x:y",
            "sqlite+nope:///x", "u:PW@h/x", "sqlite://"],
)  # fmt: skip
def test_a_url_that_is_none_is_a_config_error_that_quotes_nothing(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_database(url)
    assert "PW" not in str(caught.value) + repr(caught.value.__cause__)


def test_a_ledger_that_is_held_by_another_for_long_is_a_ledger_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qrng_hub.database.engine._BUSY_MILLISECONDS", 50)
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked"), database.writing():
        pass
    other.close()
    database.close()


def test_threads_never_pass_a_budget_on_any_database(url: str) -> None:
    ledger, name = open_ledger(url, SystemClock()), uuid.uuid4().hex
    quote = Quote(low=Decimal(0), high=Decimal("0.07"), source="test")
    circuit = Circuit().h(0).measure(0)

    def reserves(_number: int) -> bool:
        spec = JobSpec(key=uuid.uuid4().hex, address="a:b", circuits=(circuit,), shots=1)
        try:
            ledger.intend(spec, quote, Origin.HARDWARE, None, {name: Limit(most=Decimal(1))})
        except BudgetExceededError:
            return False
        ledger.update(Job(spec=spec, vendor_id=spec.key, state=JobState.DONE, billed=Decimal("0.06")))
        return True

    with ThreadPoolExecutor(8) as threads:
        jobs = sum(threads.map(reserves, range(40)))
    (budget,) = (one for one in ledger.budgets() if one.name == name)
    assert jobs >= 14
    assert budget.committed == jobs * Decimal("0.06") <= 1
    ledger.close()


def test_a_ledger_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).with_name("migrations")))
    first_release = create_engine(url)
    with first_release.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        values = "'k','a:b','hardware','done',1,1,1,'USD','{}','{}','2026-01-01 00:00:00.000000','vendor',''"
        names = "key,address,origin,state,qubits,circuits,shots,currency,native_estimated,native_billed,recorded_utc"
        names += ",stamps,message"
        connection.exec_driver_sql(f"INSERT INTO jobs ({names}) VALUES ({values})")  # noqa: S608 - fixed text
        receipt = json.dumps({"sources": [{"block_sha256": ["one", "two"]}, {"block_sha256": ["two"]}, {}]})
        draw = ("d", "2026-01-01 00:00:00.000000", 32, "hardware", receipt)
        columns = "draw_id,created_utc,bytes,origin,receipt"
        connection.exec_driver_sql(f"INSERT INTO draws ({columns}) VALUES (?,?,?,?,?)", draw)  # noqa: S608 - fixed text
    first_release.dispose()
    ledger = open_ledger(url, SystemClock())
    (job,) = ledger.jobs()
    assert (job.key, job.shots, ledger.budgets()) == ("k", 1, ())
    assert [ledger.user_of(digest) for digest in ("one", "two", "three")] == ["d", "d", None]
    ledger.close()
