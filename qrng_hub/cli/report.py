"""`qrng report`: prices, costs and queue times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast, get_args

import click

from qrng_hub.cli import history_tables
from qrng_hub.cli.backends import print_json
from qrng_hub.cli.opening import open_hub
from qrng_hub.cli.printable import printable
from qrng_hub.pricing import price_book, refresh
from qrng_hub.reports import Grouping

_config = click.option("--config", type=click.Path(), help="From the ledger of this run file.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group("report")
def report_command() -> None:
    """Tell prices, costs and queue times."""


@report_command.command("prices")
@click.option("--refresh", "fetch", is_flag=True, help="First fetch Braket's from AWS's public price list.")
@_json
def prices(fetch: bool, as_json: bool) -> None:
    """Show the price book: every price with its source, date and age."""
    today = datetime.now(UTC).date()
    book, remarks = refresh(today) if fetch else (price_book(), ())
    for remark in remarks:
        click.echo(printable(f"qrng: {remark}"), err=True)
    if as_json:
        print_json(book.prices)
    else:
        history_tables.show_prices(book.prices, today)


@report_command.command("costs")
@click.option("--by", type=click.Choice(get_args(Grouping)), default="backend", show_default=True)
@_config
@_json
def costs(by: str, config: str | None, as_json: bool) -> None:
    """Add up what was estimated, what was billed, and what a credited megabit cost."""
    with open_hub(config) as hub:
        lines = hub.costs(cast("Grouping", by))
    if as_json:
        print_json(lines)
    else:
        history_tables.show_costs(lines)


@report_command.command("queue")
@_config
@_json
def queue(config: str | None, as_json: bool) -> None:
    """Show how long jobs queued, what to expect now, and how often such expectations held."""
    with open_hub(config) as hub:
        lines = hub.queue_times()
    if as_json:
        print_json(lines)
    else:
        history_tables.show_queue(lines)


@report_command.command("budgets")
@_config
@_json
def budgets(config: str | None, as_json: bool) -> None:
    """Show what is spent or reserved of each budget."""
    with open_hub(config) as hub:
        listed = hub.budgets()
    if as_json:
        print_json(listed)
    else:
        history_tables.show_budgets(listed)
