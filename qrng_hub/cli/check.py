"""`qrng check`: is everything a run needs in order? Spends nothing."""

from __future__ import annotations

import click

from qrng_hub.cli import tables
from qrng_hub.cli.backends import print_json
from qrng_hub.cli.opening import open_hub


@click.command("check")
@click.argument("config", type=click.Path(), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check_command(config: str | None, as_json: bool) -> None:
    """Check what the run file CONFIG needs: ledger, credentials, devices, quota. Nothing is spent."""
    with open_hub(config) as hub:
        checks = tuple(hub.preflight())
    if as_json:
        print_json(checks)
    else:
        tables.show_checks(checks)
    if any(check.verdict == "failed" for check in checks):
        raise SystemExit(1)
