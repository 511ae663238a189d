"""The tables that the command line prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from qrng_hub.certificates import Certificate
from qrng_hub.cli.cells import in_seconds, money, money_range
from qrng_hub.cli.grid import Grid, console_of
from qrng_hub.estimators import ESTIMATES, Assessment
from qrng_hub.planner import Plan
from qrng_hub.records import (
    Backend,
    Check,
    ComparedBackend,
    Comparison,
    Extraction,
    Measures,
    Origin,
    Receipt,
    SourceReceipt,
    Totals,
)

_POOR_QUBIT_BITS = 0.5
_WHAT_AN_ESTIMATE_IS = (
    "An estimate is a floor with a bias and never a certificate: ideal data are given less than they have, "
    "and a generator without any entropy can be given all of it."
)


def _draw_table(receipt: Receipt) -> Grid:
    claims = any(source.claimed_bits for source in receipt.sources)
    table = Grid.of(
        "backend", "origin", ">qubits", ">shots", ">raw bits", ">P(1) min-max", ">bound h/bit", ">credit h/bit",
        *((">claimed h/bit",) if claims else ()), ">cost est.", ">billed", ">queue s", ">run s",
    )  # fmt: skip
    for source in receipt.sources:
        table.add_row(source.address, *_cells(source, claims=claims))
    return table


def _cells(source: SourceReceipt, *, claims: bool) -> tuple[str, ...]:
    estimate = money_range(source.cost_estimated_low, source.cost_estimated_high, source.currency)
    return (
        str(source.origin), str(len(source.qubits)), f"{source.shots:,}", f"{source.raw_bits:,}",
        f"{min(source.p_one):.3f}-{max(source.p_one):.3f}", f"{source.bound_bits_per_raw_bit:.3f}",
        f"{source.credited_bits_per_raw_bit:.3f}",
        *((f"{source.claimed_bits_per_raw_bit:.3f}",) if claims else ()),
        estimate, money(source.cost_billed, source.currency),
        in_seconds(source.queue_seconds), in_seconds(source.run_seconds),
    )  # fmt: skip


def show_draw(receipt: Receipt, output: str, path: Path, console: Console | None = None) -> None:
    """Prints the table of a draw, what to know of it, its output and the path of its receipt."""
    console = console or console_of()
    _draw_table(receipt).show(console)
    for line in _remarks(receipt):
        console.print(line, soft_wrap=True)
    console.print(Text(output), soft_wrap=True)
    console.print(Text(f"receipt {path}", style="dim"), soft_wrap=True)


def show_backends(backends: Sequence[Backend], unavailable: Sequence[str]) -> None:
    """Prints one row a backend, and why others cannot be listed."""
    table = Grid.of("backend", "origin", "status", ">qubits", ">max shots", ">pending", "~description")
    for one in backends:
        shots = "-" if one.max_shots is None else f"{one.max_shots:,}"
        pending = "-" if one.pending_jobs is None else f"{'>' * one.pending_jobs_is_lower_bound}{one.pending_jobs:,}"
        row = [one.address, str(one.origin), str(one.availability), str(one.qubits), shots, pending, one.description]
        table.add_row(*row)
    console = console_of()
    table.show(console)
    for line in unavailable:
        console.print(Text(line, style="dim"), soft_wrap=True)


def show_plan(plan: Plan, *, to_stderr: bool = False) -> None:
    """Prints one row a backend, then the whole, and what the same would cost without planning."""
    table = Grid.of(
        "backend", "origin", ">qubits", ">jobs", ">shots a job", ">output bytes", ">bits expected", ">cost est.",
        ">wait s", ">run s", "~why",
    )  # fmt: skip
    for one in plan.lines:
        wait = "unknown" if one.wait_seconds is None else f"{one.wait_seconds[0]:.0f}-{one.wait_seconds[1]:.0f}"
        runs = (
            f"{one.jobs:,}", f"{max(one.shots):,}", f"{64 * one.outputs:,}", f"{one.expected_bits:,.0f}",
            money_range(one.cost_low, one.cost_high, "USD"), wait,
            "unknown" if one.run_seconds is None else f"{one.run_seconds:,.0f}",
        ) if one.chosen else ("", "", "", "", "", "", "")  # fmt: skip
        table.add_row(one.address, one.origin, str(len(one.qubits) or "-"), *runs, one.reason)
    console = console_of(stderr=to_stderr)
    table.show(console)
    expected = "" if plan.seconds is None else f", done in about {plan.seconds:,.0f} s"
    total = money_range(plan.cost_low, plan.cost_high, "USD")
    console.print(f"{plan.bytes:,} bytes for {total}{expected}", soft_wrap=True)
    if plan.naive_cost is not None:
        naive = money(plan.naive_cost, "USD")
        console.print(f"all on the lowest price a shot, {plan.naive_address}: {naive}", soft_wrap=True)
    for warning in plan.warnings:
        console.print(Text(warning, "yellow"), soft_wrap=True)


def show_comparison(comparison: Comparison, folder: Path) -> None:
    """Prints the summary, one row a backend, what was found in each, and where the rest is."""
    console = console_of()
    for sentence in comparison.summary:
        console.print(sentence, soft_wrap=True)
    _comparison_table(comparison).show(console)
    for row in comparison.backends:
        findings = row.measures.findings if row.measures else ()
        for sentence in (row.failure, row.claim, *(one.sentence for one in findings)):
            if sentence:
                console.print(Text(f"{row.label}: {sentence}", "yellow"), soft_wrap=True)
    for change in comparison.against.changes if comparison.against else ():
        console.print(Text(change.sentence, "yellow" if change.is_real else "dim"), soft_wrap=True)
    if worked := comparison.hub_seconds + comparison.vendor_seconds:
        share = f"{comparison.hub_seconds:.1f} s of {worked:.1f} s, {comparison.hub_seconds / worked:.0%}"
        console.print(Text(f"the hub's own share of the time: {share}", style="dim"), soft_wrap=True)
    console.print(Text(f"every qubit, difference and digest: {folder}", style="dim"), soft_wrap=True)


def _comparison_table(comparison: Comparison) -> Grid:
    table = Grid.of(
        "backend", "origin", ">qubits", ">shots", ">P(1) min-max", ">bound h/shot", ">bound h/bit", ">pooled h/bit",
        ">most common value h/bit", ">max lag-1", ">max pair", "~found", ">queue s", ">run s", ">raw Mbit/s",
        ">s/bounded Mbit", ">cost est.", ">billed", ">cost/raw Mbit", ">cost/bounded Mbit",
    )  # fmt: skip
    for row in comparison.backends:
        table.add_row(row.label, str(row.origin), *_compared_cells(row))
    return table


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
        in_seconds(sums.queue_seconds), in_seconds(sums.run_seconds),
        "unknown" if rate is None else f"{rate / 1e6:.3f}", in_seconds(seconds),
        money_range(sums.cost_estimated_low, sums.cost_estimated_high, sums.currency),
        money(sums.cost_billed, sums.currency), money(sums.cost_per_raw_mbit, sums.currency),
        money(sums.cost_per_bounded_mbit, sums.currency),
    )  # fmt: skip


def show_extraction(extraction: Extraction, written: str) -> None:
    """Prints an extraction, field by field, what it assumes, and where its output is."""
    table = Grid.of("field", "~value")
    for name, value in extraction:
        if value is not None and name != "assumptions":
            table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    console = console_of()
    table.show(console)
    for assumption in extraction.assumptions:
        console.print(Text(f"assumed: {assumption}", "yellow"), soft_wrap=True)
    console.print(Text(written), soft_wrap=True)


def show_certificate(certificate: Certificate) -> None:
    """Prints what is certified, field by field, and what it assumes."""
    table = Grid.of("field", "~value")
    fields = certificate.model_dump(mode="json", exclude={"assumptions", "epsilons", "quantities"})
    named = {f"epsilon ({name})": value for name, value in certificate.epsilons.items()}
    for name, value in (fields | named | certificate.quantities).items():
        if value is not None:
            table.add_row(name, value if isinstance(value, str) else f"{value:,.10g}")
    console = console_of()
    table.show(console)
    for assumption in certificate.assumptions:
        console.print(Text(f"assumed: {assumption}", "yellow"), soft_wrap=True)


def show_checks(checks: Sequence[Check]) -> None:
    """Prints one line a check."""
    colours = {"ok": "green", "warning": "yellow", "failed": "red"}
    table = Grid.of("what", "verdict", "~detail")
    for one in checks:
        table.add_row(one.subject, Text(one.verdict, style=colours[one.verdict]), one.detail)
    table.show(console_of())


def show_assessment(assessment: Assessment, samples: int, bits_per_symbol: int) -> None:
    """Prints one row an estimator, then what is assessed and what that means."""
    table = Grid.of("estimator", ">bits per symbol", *([">per bit of the bit string"] if assessment.bitstring else []))
    for name in ESTIMATES:
        cells = [found.get(name) for found in (assessment.literal, assessment.bitstring) if found]
        if cells != [None] * len(cells):
            table.add_row(name, *("-" if cell is None else f"{cell:.6f}" for cell in cells))
    least = [one for one in (assessment.h_original, assessment.h_bitstring) if one is not None]
    table.add_row("least", *(f"{one:.6f}" for one in least), style="bold")
    console = console_of()
    table.show(console)
    of = f"of {bits_per_symbol} bit(s) per symbol, from {samples:,} samples"
    console.print(f"assessed min-entropy: {assessment.assessed_min_entropy:.6f} {of}", soft_wrap=True)
    console.print(_WHAT_AN_ESTIMATE_IS, soft_wrap=True)


def _remarks(receipt: Receipt) -> Iterable[Text]:
    for source in receipt.sources:
        poor = [q for q, h in zip(source.qubits, source.bound_bits_per_qubit, strict=True) if h < _POOR_QUBIT_BITS]
        for run in source.certified:
            simulated = ", if it were hardware" if source.origin is not Origin.HARDWARE else ""
            yield Text(f"{run.certificate.level} certificate of {source.address}{simulated}: {run.certificate.claim}")
        if poor and not source.certified:
            yield Text(
                f"poor qubits of {source.address}, under {_POOR_QUBIT_BITS} bit a shot: {_listed(poor)}", "yellow"
            )
    for one in receipt.substitutions:
        yield Text(f"{one.failed} did not deliver, {one.used} did: {one.reason}", "yellow")
    if receipt.bound is not None:
        yield Text(f"bound: {receipt.bound.certified_bits:,.0f} bits certified ({receipt.bound.reason})")
    if receipt.claimed_bits:
        claimed = f"{receipt.claimed_bits:.0f} of {8 * receipt.bytes} bits"
        yield Text(f"claimed by {receipt.claimed_by}: {claimed}, of which none are credited")
    yield Text(f"credited: {receipt.credit.bits:.0f} of {8 * receipt.bytes} bits ({receipt.credit.reason})")


def _listed(qubits: Sequence[int]) -> str:
    return ", ".join(map(str, qubits[:20])) + (f" and {len(qubits) - 20} more" if len(qubits) > 20 else "")
