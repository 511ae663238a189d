"""`qrng certify plan`: what it takes to certify bits on a backend."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import click

from qrng_hub.cli.output import force_option
from qrng_hub.errors import RequestError
from qrng_hub.files import require_new, write_private
from qrng_hub.records import CertificationPlan


@click.command("plan")
@click.option("--method", type=click.Choice(["pef", "eat", "df19", "mermin", "source-independent"]), required=True)
@click.option("--bits", type=float, required=True, metavar="N", help="How many bits are to be certified.")
@click.option("--epsilon", type=float, required=True, metavar="E", help="Sets both errors, of all attempts together.")
@click.option("--backend", metavar="ADDRESS", required=True, help="Where, e.g. ibm:snapshot/fez.")
@click.option("--qubits", type=int, metavar="N", help="How many qubits to use.  [default: the backend's usual number]")
@click.option(
    "--shots-per-setting", type=click.IntRange(1), default=8, show_default=True, metavar="S",
    help="The shots of each circuit, with the same settings; 1 for eat and df19.",
)  # fmt: skip
@click.option("--score", type=float, metavar="W", help="The threshold.  [default: 5 deviations below what is expected]")
@click.option("--source-rate", type=float, default=1.0, metavar="R", help="Of mermin's source of settings.")
@click.option("--plot", type=click.Path(), help="Draw certified bits against rounds into this SVG file.")
@force_option
@click.option("--config", type=click.Path(), help="A run file with settings of adapters.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def plan_command(
    bits: float, epsilon: float, backend: str, qubits: int | None, plot: str | None, config: str | None, force: bool,
    as_json: bool,    method: Any, shots_per_setting: int, score: float | None, source_rate: float,
) -> None:  # fmt: skip
    """Rounds, shots and cost that it takes to certify bits on a backend, from its calibration; runs nothing."""
    from qrng_hub.certificates.certificate import require_epsilon
    from qrng_hub.certificates.planning import Prospect
    from qrng_hub.cli.opening import open_hub
    from qrng_hub.reports.charts.certified_bits import certified_bits_svg

    if not bits >= 1:
        raise RequestError(f"{bits:g} bits need no plan: give at least 1")
    if plot:
        require_new(plot, force=force)
    sharing = 1 if method in ("eat", "df19") else shots_per_setting
    half = require_epsilon(epsilon) / 2  # what a first attempt has
    prospect = Prospect(method, half, sharing=sharing, source_rate=source_rate, threshold=score)
    with open_hub(config) as hub:
        found = hub.certification(backend, prospect, bits, qubits=qubits)
    if plot:
        write_private(plot, certified_bits_svg(found).encode())
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        _show(found)


def _show(plan: CertificationPlan) -> None:
    """Prints a plan line by line, and what it assumes."""
    never = "never: settings cost more than is certified"
    lines = {
        "backend": f"{plan.address}, {plan.sites} set(s) of qubits at the same time",
        "method": f"{plan.method} ({plan.level}), epsilon {plan.epsilon:g}",
        "score": f"{plan.expected_score:.6g} expected from readout errors, {plan.threshold_score:.6g} as the threshold",
        "rounds": f"{plan.rounds:,} certify {plan.certified_bits:,.1f} bits",
        "shots": f"{plan.shots:,}: {plan.circuits:,} circuits of {plan.shots_each} shot(s), in {plan.jobs:,} job(s)",
        "cost": f"{_range(plan.cost_low, plan.cost_high, plan.currency)} ({plan.price_source})",
        "first bit": f"from {plan.first_bit_rounds:,} rounds on",
        "break-even": never if plan.break_even_rounds is None else f"from {plan.break_even_rounds:,} rounds on",
    }
    for name, value in lines.items():
        click.echo(f"{name:<11} {value}")
    for assumption in plan.assumptions:
        click.echo(f"assumed     {assumption}")


def _range(low: Decimal | None, high: Decimal | None, currency: str) -> str:
    if low is None or high is None:
        return "unknown"
    return f"{low:.2f} {currency}" if low == high else f"{low:.2f} to {high:.2f} {currency}"
