"""What planning and dispatching cost a job, at 10,000 jobs: from the intent to the bill. Prints JSON.

The vendor is the scripted adapter, which answers at once; a draw's budget is reserved and settled for every job.
Beside it stands the limit: two bare durable transactions of SQLite, of one row each.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from measuring import machine

from qrng_hub.adapter import GuardedAdapter
from qrng_hub.circuits import Circuit
from qrng_hub.dispatcher import Dispatcher
from qrng_hub.ledger import open_ledger
from qrng_hub.limits import Limits
from qrng_hub.planner import Demand, Tariff, Terms, make_plan
from qrng_hub.records import Candidate, Finished, JobSpec, Origin, Quote
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


def dispatching(jobs: int, folder: str) -> None:
    """Runs jobs to their ends without collecting them."""
    clock = FrozenClock()
    adapter = GuardedAdapter(ScriptedAdapter({"device": Script()}, clock))
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db", clock)
    dispatcher = Dispatcher(ledger, clock, Limits(usd_per_job=Decimal(1), usd_per_draw=Decimal(10**6)))
    circuit = Circuit().h(*range(16)).measure(*range(16))
    specs = (
        JobSpec(key=uuid.uuid4().hex, address="scripted:device", circuits=(circuit,), shots=1024) for _ in range(jobs)
    )
    settled = list(dispatcher.run_all(adapter, specs, "draw", threading.Event()))
    assert sum(isinstance(one, Finished) for one in settled) == jobs
    ledger.close()


def planning(jobs: int) -> None:
    """Plans so many jobs of four backends."""
    terms = [
        Terms(
            candidate=Candidate(address=f"v{number}:device", origin=Origin.HARDWARE),
            shots_each=32.0,
            outputs_a_job=30,
            cost=Tariff(lines=((Decimal("0.30"), Decimal("0.01")),)),
            max_usd=Decimal(jobs) * Decimal("0.2"),
        )
        for number in range(4)
    ]

    def requote(_one: Terms, shots: int) -> Quote:
        cost = Decimal("0.30") + Decimal("0.01") * (shots // 32)
        return Quote(low=cost, high=cost, source="test")

    make_plan(terms, Demand(outputs=30 * jobs, usd=Decimal(jobs)), 64, requote, datetime.now(UTC))


def bare(jobs: int, folder: str) -> None:
    """Commits two rows a job, durably."""
    connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE jobs (key TEXT PRIMARY KEY, spec TEXT)")
    for _ in range(2 * jobs):
        connection.execute("INSERT INTO jobs VALUES (?, ?)", (uuid.uuid4().hex, "x" * 1000))
    connection.close()


def milliseconds_a_job(jobs: int, run: Callable[[], None]) -> float:
    """Times a run, by the wall clock."""
    started = time.perf_counter()
    run()
    return round(1000 * (time.perf_counter() - started) / jobs, 3)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=10_000)
    jobs = parser.parse_args().jobs
    planning(4)  # imports the solver
    with tempfile.TemporaryDirectory() as folder:
        taken = {
            "planning": milliseconds_a_job(jobs, lambda: planning(jobs)),
            "dispatching": milliseconds_a_job(jobs, lambda: dispatching(jobs, folder)),
            "two_bare_transactions": milliseconds_a_job(jobs, lambda: bare(jobs, folder)),
        }
    print(
        json.dumps(
            {"benchmark": "dispatching", "machine": machine(), "jobs": jobs, "milliseconds_a_job": taken}, indent=2
        )
    )


if __name__ == "__main__":
    main()
