"""A real PostgreSQL server under many processes, and one whose connections drop at any moment."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

import database_work
from database_work import QUOTE, Cut, done, spec, work
from qrng_hub.clock import SystemClock
from qrng_hub.database import open_database
from qrng_hub.ledger import Ledger, Limit, open_ledger
from qrng_hub.records import Origin


@pytest.fixture
def many(postgresql_url: str) -> Iterator[Ledger]:
    ledger = open_ledger(postgresql_url, SystemClock())
    yield ledger
    ledger.close()


@pytest.mark.parametrize(("processes", "operations"), [(4, 80), pytest.param(16, 10_000, marks=pytest.mark.slow)])
def test_processes_that_share_a_budget_never_stand_in_one_anothers_way(
    processes: int, operations: int, many: Ledger, postgresql_url: str
) -> None:
    name = uuid.uuid4().hex
    command = [sys.executable, database_work.__file__, postgresql_url, name, str(operations)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(processes)]
    errors = [process.communicate()[1] for process in running]
    assert errors == [""] * processes
    (budget,) = (one for one in many.budgets() if one.name == name)
    assert budget.committed == processes * (operations // 4) * Decimal("0.06")
    assert [line for line in many.audit() if "events are missing" not in line] == []  # numbers skip what is undone


def test_connections_that_the_server_ended_are_made_again(many: Ledger, postgresql_url: str) -> None:
    name, administrator = uuid.uuid4().hex, create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    for _ in range(3):
        work(many, name, 4)
        with administrator.connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
    administrator.dispose()
    (budget,) = (one for one in many.budgets() if one.name == name)
    assert budget.committed == 3 * Decimal("0.06")


@pytest.mark.parametrize("word", [b"INSERT INTO jobs", b"INSERT INTO events", b"COMMIT"])
@pytest.mark.parametrize("arrives", [True, False])
def test_what_a_lost_connection_leaves_unknown_is_done_exactly_once(
    word: bytes, arrives: bool, postgresql_url: str
) -> None:
    url = make_url(postgresql_url)
    cut = Cut(Path(str(url.query["host"])) / ".s.PGSQL.5432")
    through = url.set(host="127.0.0.1", port=cut.port, query={"sslmode": "disable", "gssencmode": "disable"})
    ledger, name, job = (
        open_ledger(through.render_as_string(hide_password=False), SystemClock()),
        uuid.uuid4().hex,
        spec(),
    )
    ledger.events(name)
    cut.at = word, arrives
    reserved = ledger.intend(job, QUOTE, Origin.HARDWARE, None, {name: Limit(most=Decimal(1))})
    assert (cut.cuts, [one.committed for one in reserved]) == (1, [Decimal("0.07")])
    cut.at = b"COMMIT", arrives
    ledger.update(done(job))
    assert cut.cuts == 2
    assert [event.kind for event in ledger.events(job.key)] == ["job.intended", "job.done"]
    (budget,) = (one for one in ledger.budgets() if one.name == name)
    assert budget.committed == Decimal("0.06")
    ledger.close()
    cut.close()


@pytest.mark.parametrize(("durable", "said"), [(True, "on"), (False, "off")])
def test_a_durable_transaction_is_one_whatever_the_server_says(durable: bool, said: str, postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    for _ in range(2):
        with database.durable() if durable else database.writing() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == said
            connection.exec_driver_sql("SET SESSION synchronous_commit TO off")  # as a pool of connections forgets ours
    database.close()
