"""The tables that the command line prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qrng_hub.ledger import LedgerJob
from qrng_hub.reconciliation import Reconciled
from qrng_hub.records import Backend, LedgerEvent, Receipt, SourceReceipt

_POOR_QUBIT_BITS = 0.5


def draw_table(receipt: Receipt) -> Table:
    """Makes the table of a draw: one row a backend."""
    table = _table(
        "backend", "origin", ">qubits", ">shots", ">raw bits", ">P(1) min-max", ">est. h/bit", ">credit h/bit",
        ">cost est.", ">billed", ">queue s", ">run s",
    )  # fmt: skip
    for source in receipt.sources:
        table.add_row(
            source.address, str(source.origin), str(len(source.qubits)), f"{source.shots:,}", f"{source.raw_bits:,}",
            f"{min(source.p_one):.3f}-{max(source.p_one):.3f}", f"{source.estimated_bits_per_raw_bit:.3f}",
            f"{source.credited_bits_per_raw_bit:.3f}", _cost_range(source), _money(source.cost_billed, source.currency),
            _seconds(source.queue_seconds), _seconds(source.run_seconds),
        )  # fmt: skip
    return table


def show_draw(receipt: Receipt, output: str, path: Path, console: Console | None = None) -> None:
    """Prints the table of a draw, what to know of it, its output and the path of its receipt."""
    console = console or _console()
    console.print(draw_table(receipt))
    for line in _remarks(receipt):
        console.print(line, soft_wrap=True)
    console.print(Text(output), soft_wrap=True)
    console.print(Text(f"receipt {path}", style="dim"), soft_wrap=True)


def show_backends(backends: Sequence[Backend], unavailable: Sequence[str]) -> None:
    """Prints one row a backend, and why others cannot be listed."""
    table = _table("backend", "origin", "status", ">qubits", ">max shots", ">pending", "description")
    for one in backends:
        shots = "-" if one.max_shots is None else f"{one.max_shots:,}"
        pending = "-" if one.pending_jobs is None else f"{'>' * one.pending_jobs_is_lower_bound}{one.pending_jobs:,}"
        row = [one.address, str(one.origin), str(one.availability), str(one.qubits), shots, pending, one.description]
        table.add_row(*row)
    console = _console()
    console.print(table)
    for line in unavailable:
        console.print(Text(line, style="dim"), soft_wrap=True)


def show_jobs(jobs: Sequence[LedgerJob]) -> None:
    """Prints one row a job."""
    table = _table(
        "recorded (UTC)", "backend", "state", ">qubits", ">shots", ">cost est.", ">billed", ">queue s", ">run s", "job"
    )
    for job in jobs:
        estimate = _money(job.cost_estimated_high, job.currency)
        table.add_row(
            f"{job.recorded_utc:%Y-%m-%d %H:%M:%S}", job.address, str(job.state), str(job.qubits), f"{job.shots:,}",
            estimate, _money(job.cost_billed, job.currency), _seconds(job.queue_seconds), _seconds(job.run_seconds),
            job.vendor_id or job.key,
        )  # fmt: skip
    _console().print(table)


def show_job(job: LedgerJob, events: Sequence[LedgerEvent]) -> None:
    """Prints a job, field by field, and its events."""
    table = _table("field", "value")
    for name, value in job:
        table.add_row(name, "unknown" if value is None else str(value))
    console = _console()
    console.print(table)
    for event in events:
        console.print(Text(f"{event.at_utc:%Y-%m-%d %H:%M:%S} {event.kind} {event.detail}"), soft_wrap=True)


def show_reconciled(results: Sequence[Reconciled]) -> None:
    """Prints one row a job that was unfinished."""
    if not results:
        _console().print("every job in the ledger is finished")
        return
    table = _table("backend", "before", "now", "job", "note")
    for one in results:
        table.add_row(one.address, str(one.before), str(one.after), one.vendor_id or one.key, one.note)
    _console().print(table)


def _console() -> Console:
    """Prints to stdout; without a terminal, as wide as the table needs."""
    console = Console()
    return console if console.is_terminal else Console(width=200)


def _table(*columns: str) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    return table


def _remarks(receipt: Receipt) -> Iterable[Text]:
    for source in receipt.sources:
        poor = [q for q, h in zip(source.qubits, source.estimated_bits_per_qubit, strict=True) if h < _POOR_QUBIT_BITS]
        if poor:
            yield Text(
                f"poor qubits of {source.address}, under {_POOR_QUBIT_BITS} bit a shot: {_listed(poor)}", "yellow"
            )
    for one in receipt.substitutions:
        yield Text(f"{one.failed} did not deliver, {one.used} did: {one.reason}", "yellow")
    yield Text(f"credited: {receipt.credit.bits:.0f} of {8 * receipt.bytes} bits ({receipt.credit.reason})")


def _listed(qubits: Sequence[int]) -> str:
    return ", ".join(map(str, qubits[:20])) + (f" and {len(qubits) - 20} more" if len(qubits) > 20 else "")


def _cost_range(source: SourceReceipt) -> str:
    low, high = source.cost_estimated_low, source.cost_estimated_high
    if low == high:
        return _money(high, source.currency)
    return f"{_money(low, source.currency)}-{_money(high, source.currency)}"


def _money(amount: Decimal | None, currency: str) -> str:
    return "unknown" if amount is None else f"{amount:.4f} {currency}" if amount else "0"


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.3f}"
