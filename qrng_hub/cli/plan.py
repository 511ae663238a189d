"""`qrng plan`: who would run what, for how much and how long, and why the others would not. Submits nothing."""

from __future__ import annotations

import click

from qrng_hub.cli import tables
from qrng_hub.cli.opening import native_output_to_stderr, open_hub


@click.command("plan")
@click.argument("config", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def plan_command(config: str, as_json: bool) -> None:
    """Plan what the run file CONFIG asks for, as cheaply or as fast as its limits allow. Nothing is submitted."""
    with open_hub(config) as hub:
        if hub.run_file.request.mode != "plan":
            raise click.UsageError(f'{config} has mode = "{hub.run_file.request.mode}": a plan needs mode = "plan"')
        with native_output_to_stderr():
            plan = hub.plan()
    if as_json:
        click.echo(plan.model_dump_json(indent=2))
    else:
        tables.show_plan(plan)
