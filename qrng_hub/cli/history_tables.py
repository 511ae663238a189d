"""The tables of what the ledger remembers: jobs, runs, costs, budgets, queues, prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from rich.text import Text

from qrng_hub.cli.cells import in_seconds, money, money_range
from qrng_hub.cli.grid import Grid, console_of
from qrng_hub.ledger import Budget, LedgerJob, Run
from qrng_hub.pricing import Price
from qrng_hub.reconciliation import Reconciled
from qrng_hub.records import LedgerEvent
from qrng_hub.reports import CostLine, QueueLine

_BARS = " ▁▂▃▄▅▆▇█"


def show_jobs(jobs: Sequence[LedgerJob]) -> None:
    """Prints one row a job."""
    table = Grid.of(
        "recorded (UTC)", "backend", "state", ">qubits", ">shots", ">cost est.", ">billed", ">queue s", ">run s", "job"
    )
    for job in jobs:
        estimate = money(job.cost_estimated_high, job.currency)
        table.add_row(
            f"{job.recorded_utc:%Y-%m-%d %H:%M:%S}", job.address, str(job.state), str(job.qubits), f"{job.shots:,}",
            estimate, money(job.cost_billed, job.currency), in_seconds(job.queue_seconds), in_seconds(job.run_seconds),
            job.key[:8],
        )  # fmt: skip
    _print(table, "no jobs are on record")


def show_runs(runs: Sequence[Run]) -> None:
    """Prints one row a run."""
    table = Grid.of("started (UTC)", "run", ">bytes", ">jobs", ">spent or reserved", "~delivered")
    for one in runs:
        spent, delivered = money(one.spent_usd, "USD"), "yes" if one.delivered else "no: qrng run CONFIG --resume ID"
        table.add_row(
            f"{one.started_utc:%Y-%m-%d %H:%M:%S}", one.draw_id, f"{one.bytes:,}", f"{one.jobs:,}", spent, delivered
        )
    _print(table, "no runs are on record")


def show_job(job: LedgerJob, events: Sequence[LedgerEvent]) -> None:
    """Prints a job, field by field, and its events."""
    table = Grid.of("field", "~value")
    for name, value in job:
        table.add_row(name, "unknown" if value is None else str(value))
    console = console_of()
    table.show(console)
    for event in events:
        console.print(Text(f"{event.at_utc:%Y-%m-%d %H:%M:%S} {event.kind} {event.detail}"), soft_wrap=True)


def show_reconciled(results: Sequence[Reconciled]) -> None:
    """Prints one row a job that was unfinished."""
    if not results:
        console_of().print("every job in the ledger is finished")
        return
    table = Grid.of("backend", "before", "now", "job", "~note")
    for one in results:
        table.add_row(one.address, str(one.before), str(one.after), one.vendor_id or one.key, one.note)
    table.show(console_of())


def show_prices(prices: Sequence[Price], today: date) -> None:
    """Prints one row a price, the stale ones marked."""
    table = Grid.of(
        "vendor", "device", ">per task", ">per shot", ">per second", ">at least s", "dated", ">days old", "confidence",
        "source",
    )  # fmt: skip
    for one in prices:
        age = f"{(today - one.dated).days}{' (stale)' if one.is_stale(today) else ''}"
        table.add_row(
            one.vendor, one.device, money(one.per_task, one.currency, 6), money(one.per_shot, one.currency, 6),
            money(one.per_second, one.currency, 6), f"{one.minimum_seconds:g}", f"{one.dated}", age, one.confidence,
            one.source,
        )  # fmt: skip
    table.show(console_of())


def show_costs(lines: Sequence[CostLine]) -> None:
    """Prints one row a group."""
    table = Grid.of(
        "group", ">jobs", ">estimated", ">billed", ">without a bill", ">above estimate", ">per credited Mbit"
    )
    for one in lines:
        per_mbit = one.billed_per_credited_mbit
        table.add_row(
            one.group, f"{one.jobs:,}", money_range(one.estimated_low, one.estimated_high, one.currency),
            money(one.billed, one.currency), f"{one.bills_unknown:,}", money(one.overrun, one.currency),
            "nothing credited" if per_mbit is None else money(per_mbit, one.currency),
        )  # fmt: skip
    _print(table, "no jobs are on record")


def show_budgets(budgets: Sequence[Budget]) -> None:
    """Prints one row a budget."""
    table = Grid.of("budget", ">limit", ">spent or reserved", ">left")
    for one in budgets:
        amounts = (one.most, one.committed, max(one.most - one.committed, Decimal(0)))
        table.add_row(one.name, *(money(amount, one.unit) for amount in amounts))
    _print(table, "no budget was ever drawn on")


def show_queue(lines: Sequence[QueueLine]) -> None:
    """Prints one row a backend, with a small histogram of its queue times."""
    table = Grid.of("backend", ">jobs", ">shortest s", ">median s", ">longest s", ">expect s", ">held", "distribution")
    for one in lines:
        expected = one.expected
        table.add_row(
            one.address, f"{one.jobs:,}", f"{one.shortest_seconds:.1f}", f"{one.median_seconds:.1f}",
            f"{one.longest_seconds:.1f}",
            f"{expected.low_seconds:.1f}-{expected.high_seconds:.1f}" if expected else "too few jobs",
            "-" if one.held is None else f"{one.held:.0%} of {one.predictions}", _histogram(one.queue_seconds),
        )  # fmt: skip
    _print(table, "no job has queued yet")


def _histogram(values: Sequence[float]) -> str:
    """Draws ten bars, from the shortest to the longest."""
    low, width = min(values), (max(values) - min(values)) / 10 or 1.0
    counts = [0] * 10
    for value in values:
        counts[min(int((value - low) / width), 9)] += 1
    return "".join(_BARS[-(-8 * count // max(counts))] for count in counts)


def _print(table: Grid, nothing: str) -> None:
    """Prints a table, or that there is nothing in it."""
    if table.rows:
        table.show(console_of())
    else:
        console_of().print(nothing)
