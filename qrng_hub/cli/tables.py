"""The tables that the command line prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qrng_hub.certificates import Certificate
from qrng_hub.estimators import ESTIMATES, Assessment
from qrng_hub.ledger import Budget, LedgerJob, Run
from qrng_hub.planner import Plan
from qrng_hub.pricing import Price
from qrng_hub.reconciliation import Reconciled
from qrng_hub.records import (
    Backend,
    Check,
    ComparedBackend,
    Comparison,
    Extraction,
    LedgerEvent,
    Measures,
    Origin,
    Receipt,
    SourceReceipt,
    Totals,
)
from qrng_hub.reports import CostLine, QueueLine

_POOR_QUBIT_BITS = 0.5
_WIDE = 118
_WIDEST = 240
_WHAT_AN_ESTIMATE_IS = (
    "An estimate is a floor with a bias and never a certificate: ideal data are given less than they have, "
    "and a generator without any entropy can be given all of it."
)
_BARS = " ▁▂▃▄▅▆▇█"


def draw_tables(receipt: Receipt, width: int) -> tuple[Table, ...]:
    """Makes the table of a draw, one row a backend; two of them where `width` columns do not hold one."""
    headers = (
        "origin", ">qubits", ">shots", ">raw bits", ">P(1) min-max", ">bound h/bit", ">credit h/bit", ">cost est.",
        ">billed", ">queue s", ">run s",
    )  # fmt: skip
    rows = [(source.address, _cells(source)) for source in receipt.sources]
    parts = ((0, 11),) if width >= _WIDE else ((0, 5), (5, 11))
    return tuple(_part(headers, rows, start, end) for start, end in parts)


def _cells(source: SourceReceipt) -> tuple[str, ...]:
    estimate = _range(source.cost_estimated_low, source.cost_estimated_high, source.currency)
    return (
        str(source.origin), str(len(source.qubits)), f"{source.shots:,}", f"{source.raw_bits:,}",
        f"{min(source.p_one):.3f}-{max(source.p_one):.3f}", f"{source.bound_bits_per_raw_bit:.3f}",
        f"{source.credited_bits_per_raw_bit:.3f}", estimate, _money(source.cost_billed, source.currency),
        _seconds(source.queue_seconds), _seconds(source.run_seconds),
    )  # fmt: skip


def _part(headers: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], start: int, end: int) -> Table:
    table = _table("backend", *headers[start:end])
    for address, cells in rows:
        table.add_row(address, *cells[start:end])
    return table


def show_draw(receipt: Receipt, output: str, path: Path, console: Console | None = None) -> None:
    """Prints the table of a draw, what to know of it, its output and the path of its receipt."""
    console = console or _console()
    for table in draw_tables(receipt, console.width):
        console.print(table)
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
            job.key[:8],
        )  # fmt: skip
    _print(table, "no jobs are on record")


def show_runs(runs: Sequence[Run]) -> None:
    """Prints one row a run by plan."""
    table = _table("started (UTC)", "run", ">bytes", ">jobs", ">spent or reserved", "delivered")
    for one in runs:
        spent, delivered = _money(one.spent_usd, "USD"), "yes" if one.delivered else "no: qrng run CONFIG --resume ID"
        table.add_row(
            f"{one.started_utc:%Y-%m-%d %H:%M:%S}", one.draw_id, f"{one.bytes:,}", f"{one.jobs:,}", spent, delivered
        )
    _print(table, "no runs by plan are on record")


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


def show_prices(prices: Sequence[Price], today: date) -> None:
    """Prints one row a price, the stale ones marked."""
    table = _table(
        "vendor", "device", ">per task", ">per shot", ">per second", ">at least s", "dated", ">days old", "confidence",
        "source",
    )  # fmt: skip
    for one in prices:
        age = f"{(today - one.dated).days}{' (stale)' if one.is_stale(today) else ''}"
        table.add_row(
            one.vendor, one.device, _money(one.per_task, one.currency, 6), _money(one.per_shot, one.currency, 6),
            _money(one.per_second, one.currency, 6), f"{one.minimum_seconds:g}", f"{one.dated}", age, one.confidence,
            one.source,
        )  # fmt: skip
    _console().print(table)


def show_plan(plan: Plan, *, to_stderr: bool = False) -> None:
    """Prints one row a backend, then the whole, and what the same would cost without planning."""
    table = _table(
        "backend", "origin", ">qubits", ">jobs", ">shots a job", ">output bytes", ">bits expected", ">cost est.",
        ">wait s", ">run s", "why",
    )  # fmt: skip
    for one in plan.lines:
        wait = "unknown" if one.wait_seconds is None else f"{one.wait_seconds[0]:.0f}-{one.wait_seconds[1]:.0f}"
        runs = (
            f"{one.jobs:,}", f"{max(one.shots):,}", f"{64 * one.outputs:,}", f"{one.expected_bits:,.0f}",
            _range(one.cost_low, one.cost_high, "USD"), wait,
            "unknown" if one.run_seconds is None else f"{one.run_seconds:,.0f}",
        ) if one.chosen else ("", "", "", "", "", "", "")  # fmt: skip
        table.add_row(one.address, one.origin, str(len(one.qubits) or "-"), *runs, one.reason)
    console = _console(stderr=to_stderr)
    console.print(table)
    expected = "" if plan.seconds is None else f", done in about {plan.seconds:,.0f} s"
    total = _range(plan.cost_low, plan.cost_high, "USD")
    console.print(f"{plan.bytes:,} bytes for {total}{expected}", soft_wrap=True)
    if plan.naive_cost is not None:
        naive = _money(plan.naive_cost, "USD")
        console.print(f"all on the lowest price a shot, {plan.naive_address}: {naive}", soft_wrap=True)
    for warning in plan.warnings:
        console.print(Text(warning, "yellow"), soft_wrap=True)


def show_comparison(comparison: Comparison, folder: Path) -> None:
    """Prints the summary, one row a backend, what was found in each, and where the rest is."""
    console = _console()
    for sentence in comparison.summary:
        console.print(sentence, soft_wrap=True)
    for table in comparison_tables(comparison, console.width):
        console.print(table)
    for row in comparison.backends:
        for sentence in (row.failure, *(one.sentence for one in (row.measures.findings if row.measures else ()))):
            if sentence:
                console.print(Text(f"{row.label}: {sentence}", "yellow"), soft_wrap=True)
    for change in comparison.against.changes if comparison.against else ():
        console.print(Text(change.sentence, "yellow" if change.is_real else "dim"), soft_wrap=True)
    if worked := comparison.hub_seconds + comparison.vendor_seconds:
        share = f"{comparison.hub_seconds:.1f} s of {worked:.1f} s, {comparison.hub_seconds / worked:.0%}"
        console.print(Text(f"the hub's own share of the time: {share}", style="dim"), soft_wrap=True)
    console.print(Text(f"every qubit, difference and digest: {folder}", style="dim"), soft_wrap=True)


def comparison_tables(comparison: Comparison, width: int) -> tuple[Table, ...]:
    """Makes the table of a comparison, one row a backend; two of them where `width` columns do not hold one."""
    headers = (
        "origin", ">qubits", ">shots", ">P(1) min-max", ">bound h/shot", ">bound h/bit", ">pooled h/bit",
        ">most common value h/bit", ">max lag-1", ">max pair", "found", ">queue s", ">run s", ">raw Mbit/s",
        ">s/bounded Mbit", ">cost est.", ">billed", ">cost/raw Mbit", ">cost/bounded Mbit",
    )  # fmt: skip
    rows = [(row.label, (str(row.origin), *_compared_cells(row))) for row in comparison.backends]
    parts = ((0, len(headers)),) if width >= _WIDEST else ((0, 11), (11, len(headers)))
    return tuple(_part(headers, rows, start, end) for start, end in parts)


def _compared_cells(row: ComparedBackend) -> tuple[str, ...]:
    if row.measures is None or row.totals is None:
        return (*("-" for _ in range(9)), "failed", *("-" for _ in range(8)))
    return (*_measured_cells(row.measures), *_totals_cells(row.totals))


def _measured_cells(measures: Measures) -> tuple[str, ...]:
    qubits, pair = measures.qubits, measures.strongest_pair
    shares = [one.p_one.value for one in qubits]
    return (
        str(len(qubits)), f"{measures.shots:,}", f"{min(shares):.3f}-{max(shares):.3f}",
        f"{measures.bound_bits_per_shot:.2f}", f"{measures.bound_bits_per_raw_bit:.3f}",
        f"{measures.pooled_bits_per_shot / len(qubits):.3f}",
        f"{sum(one.most_common_value_bits for one in qubits) / len(qubits):.3f}",
        f"{max((one.lag_one.value for one in qubits), key=abs):+.3f}",
        "-" if pair is None else f"{pair.correlation.value:+.3f}",
        ", ".join(one.kind for one in measures.findings) or "nothing",
    )  # fmt: skip


def _totals_cells(sums: Totals) -> tuple[str, ...]:
    rate, seconds = sums.raw_bits_per_second, sums.seconds_per_bounded_mbit
    return (
        _seconds(sums.queue_seconds), _seconds(sums.run_seconds),
        "unknown" if rate is None else f"{rate / 1e6:.3f}", _seconds(seconds),
        _range(sums.cost_estimated_low, sums.cost_estimated_high, sums.currency),
        _money(sums.cost_billed, sums.currency), _money(sums.cost_per_raw_mbit, sums.currency),
        _money(sums.cost_per_bounded_mbit, sums.currency),
    )  # fmt: skip


def show_costs(lines: Sequence[CostLine]) -> None:
    """Prints one row a group."""
    table = _table(
        "group", ">jobs", ">estimated", ">billed", ">without a bill", ">above estimate", ">per credited Mbit"
    )
    for one in lines:
        per_mbit = one.billed_per_credited_mbit
        table.add_row(
            one.group, f"{one.jobs:,}", _range(one.estimated_low, one.estimated_high, one.currency),
            _money(one.billed, one.currency), f"{one.bills_unknown:,}", _money(one.overrun, one.currency),
            "nothing credited" if per_mbit is None else _money(per_mbit, one.currency),
        )  # fmt: skip
    _print(table, "no jobs are on record")


def show_budgets(budgets: Sequence[Budget]) -> None:
    """Prints one row a budget."""
    table = _table("budget", ">limit", ">spent or reserved", ">left")
    for one in budgets:
        amounts = (one.most, one.committed, max(one.most - one.committed, Decimal(0)))
        table.add_row(one.name, *(_money(amount, one.unit) for amount in amounts))
    _print(table, "no budget was ever drawn on")


def show_queue(lines: Sequence[QueueLine]) -> None:
    """Prints one row a backend, with a small histogram of its queue times."""
    table = _table("backend", ">jobs", ">shortest s", ">median s", ">longest s", ">expect s", ">held", "distribution")
    for one in lines:
        expected = one.expected
        table.add_row(
            one.address, f"{one.jobs:,}", f"{one.shortest_seconds:.1f}", f"{one.median_seconds:.1f}",
            f"{one.longest_seconds:.1f}",
            f"{expected.low_seconds:.1f}-{expected.high_seconds:.1f}" if expected else "too few jobs",
            "-" if one.held is None else f"{one.held:.0%} of {one.predictions}", _histogram(one.queue_seconds),
        )  # fmt: skip
    _print(table, "no job has queued yet")


def show_extraction(extraction: Extraction, written: str) -> None:
    """Prints an extraction, field by field, what it assumes, and where its output is."""
    table = _table("field", "value")
    for name, value in extraction:
        if value is not None and name != "assumptions":
            table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    console = _console()
    console.print(table)
    for assumption in extraction.assumptions:
        console.print(Text(f"assumed: {assumption}", "yellow"), soft_wrap=True)
    console.print(Text(written), soft_wrap=True)


def show_certificate(certificate: Certificate) -> None:
    """Prints what is certified, field by field, and what it assumes."""
    table = _table("field", "value")
    fields = certificate.model_dump(mode="json", exclude={"assumptions", "epsilons", "quantities"})
    named = {f"epsilon ({name})": value for name, value in certificate.epsilons.items()}
    for name, value in (fields | named | certificate.quantities).items():
        if value is not None:
            table.add_row(name, value if isinstance(value, str) else f"{value:,.10g}")
    console = _console()
    console.print(table)
    for assumption in certificate.assumptions:
        console.print(Text(f"assumed: {assumption}", "yellow"), soft_wrap=True)


def show_checks(checks: Sequence[Check]) -> None:
    """Prints one line a check."""
    colours = {"ok": "green", "warning": "yellow", "failed": "red"}
    table = _table("what", "verdict", "detail")
    for one in checks:
        table.add_row(one.subject, Text(one.verdict, style=colours[one.verdict]), one.detail)
    _console().print(table)


def show_assessment(assessment: Assessment, samples: int, bits_per_symbol: int) -> None:
    """Prints one row an estimator, then what is assessed and what that means."""
    table = _table("estimator", ">bits per symbol", *([">per bit of the bit string"] if assessment.bitstring else []))
    for name in ESTIMATES:
        cells = [found.get(name) for found in (assessment.literal, assessment.bitstring) if found]
        if cells != [None] * len(cells):
            table.add_row(name, *("-" if cell is None else f"{cell:.6f}" for cell in cells))
    least = [one for one in (assessment.h_original, assessment.h_bitstring) if one is not None]
    table.add_row("least", *(f"{one:.6f}" for one in least), style="bold")
    console = _console()
    console.print(table)
    of = f"of {bits_per_symbol} bit(s) per symbol, from {samples:,} samples"
    console.print(f"assessed min-entropy: {assessment.assessed_min_entropy:.6f} {of}", soft_wrap=True)
    console.print(_WHAT_AN_ESTIMATE_IS, soft_wrap=True)


def _histogram(values: Sequence[float]) -> str:
    """Draws ten bars, from the shortest to the longest."""
    low, width = min(values), (max(values) - min(values)) / 10 or 1.0
    counts = [0] * 10
    for value in values:
        counts[min(int((value - low) / width), 9)] += 1
    return "".join(_BARS[-(-8 * count // max(counts))] for count in counts)


def _console(*, stderr: bool = False) -> Console:
    """Prints to stdout or stderr; without a terminal, as wide as the table needs."""
    console = Console(markup=False, stderr=stderr)
    return console if console.is_terminal else Console(width=200, markup=False, stderr=stderr)


def _print(table: Table, nothing: str) -> None:
    """Prints a table, or that there is nothing in it."""
    _console().print(table if table.row_count else Text(nothing))


def _table(*columns: str) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 1))
    for column in columns:
        table.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    return table


def _remarks(receipt: Receipt) -> Iterable[Text]:
    for source in receipt.sources:
        poor = [q for q, h in zip(source.qubits, source.bound_bits_per_qubit, strict=True) if h < _POOR_QUBIT_BITS]
        for run in source.certified:
            simulated = ", if it were hardware" if source.origin is Origin.SIMULATOR else ""
            yield Text(f"{run.certificate.level} certificate of {source.address}{simulated}: {run.certificate.claim}")
        if poor and not source.certified:
            yield Text(
                f"poor qubits of {source.address}, under {_POOR_QUBIT_BITS} bit a shot: {_listed(poor)}", "yellow"
            )
    for one in receipt.substitutions:
        yield Text(f"{one.failed} did not deliver, {one.used} did: {one.reason}", "yellow")
    if receipt.bound is not None:
        yield Text(f"bound: {receipt.bound.certified_bits:,.0f} bits certified ({receipt.bound.reason})")
    yield Text(f"credited: {receipt.credit.bits:.0f} of {8 * receipt.bytes} bits ({receipt.credit.reason})")


def _listed(qubits: Sequence[int]) -> str:
    return ", ".join(map(str, qubits[:20])) + (f" and {len(qubits) - 20} more" if len(qubits) > 20 else "")


def _range(low: Decimal | None, high: Decimal | None, currency: str) -> str:
    return _money(high, currency) if low == high else f"{_money(low, currency)}-{_money(high, currency)}"


def _money(amount: Decimal | None, currency: str, digits: int = 4) -> str:
    return "unknown" if amount is None else f"{amount:.{digits}f} {currency}" if amount else "0"


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.3f}"
