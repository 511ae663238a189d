"""`qrng jobs`: what was run, what became of it, and what a crash left behind."""

from __future__ import annotations

import json
import threading

import click

from qrng_hub.cli import history_tables
from qrng_hub.cli.backends import print_json
from qrng_hub.cli.printable import printable
from qrng_hub.clock import SystemClock
from qrng_hub.hub import Hub

_config = click.option("--config", type=click.Path(), help="The run file whose ledger and accounts to use.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_WATCH_SECONDS = 10.0


@click.group("jobs", invoke_without_command=True)
@_config
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many, newest first.")
@click.option("--watch", is_flag=True, help="Ask the vendors again and again until every job is finished.")
@click.option("--runs", is_flag=True, help="List the runs with jobs at vendors instead, and which can be resumed.")
@_json
@click.pass_context
def jobs_command(
    context: click.Context, config: str | None, limit: int, watch: bool, runs: bool, as_json: bool
) -> None:
    """List the jobs in the ledger, newest first, or work on one of them."""
    if context.invoked_subcommand:
        return
    if watch and as_json:
        raise click.UsageError("--watch shows a table that changes: leave out --json")
    with Hub.open(config) as hub:
        if runs:
            (print_json if as_json else history_tables.show_runs)(hub.runs()[:limit])
        elif watch:
            _watch(hub, limit)
        elif as_json:
            print_json(hub.jobs(limit))
        else:
            history_tables.show_jobs(hub.jobs(limit))


@jobs_command.command("show")
@click.argument("job")
@_config
@_json
def show(job: str, config: str | None, as_json: bool) -> None:
    """Show JOB, a key or a vendor's id or the beginning of one, and what happened to it."""
    with Hub.open(config) as hub:
        found, events = hub.job(job), hub.job_events(job)
    if as_json:
        document = found.model_dump(mode="json") | {"events": [event.model_dump(mode="json") for event in events]}
        click.echo(json.dumps(document, indent=2))
    else:
        history_tables.show_job(found, events)


@jobs_command.command("cancel")
@click.argument("job")
@_config
def cancel(job: str, config: str | None) -> None:
    """Ask the vendor to stop JOB."""
    with Hub.open(config) as hub:
        found = hub.cancel(job)
    click.echo(printable(f"{found.address} {found.vendor_id}: {found.state}"))


@jobs_command.command("collect")
@click.argument("job")
@_config
def collect(job: str, config: str | None) -> None:
    """Fetch the outcomes of JOB again, for a run that ended before it used them."""
    with Hub.open(config) as hub:
        for path in hub.collect(job):
            click.echo(path)


@jobs_command.command("reconcile")
@_config
@_json
def reconcile(config: str | None, as_json: bool) -> None:
    """Ask the vendors about every unfinished job; adopt, close, and report what cannot be decided."""
    with Hub.open(config) as hub:
        results = hub.reconcile()
    if as_json:
        print_json(results)
    else:
        history_tables.show_reconciled(results)
    if not all(result.decided for result in results):
        raise SystemExit(1)


@jobs_command.command("audit")
@_config
@click.option("--export", is_flag=True, help="Print every event with its hash as JSON, one a line.")
@click.option("--head", is_flag=True, help="Print only COUNT:HASH of the chain of events: keep it elsewhere.")
@click.option("--against", metavar="HEAD", help="Hold the chain also against what --head printed earlier.")
def audit(config: str | None, export: bool, head: bool, against: str | None) -> None:
    """Hold the ledger against itself: events, jobs, bills, budgets and receipts must tell one story."""
    if head and export:
        raise click.UsageError("--head and --export each print something of their own: leave one out")
    with Hub.open(config) as hub:
        findings, chain, last, older = hub.audit(against), hub.chain(), hub.chain_head(), hub.undigested()
    for event in chain if export else ():
        click.echo(json.dumps(event._asdict() | {"at_utc": event.at_utc.isoformat(timespec="microseconds")}))
    for finding in findings:
        click.echo(printable(finding), err=True)
    if older:
        click.echo(f"qrng: {len(older):,} draw(s) of an earlier release: there is no digest of that time", err=True)
    if head:
        click.echo(last)
    if findings:
        raise SystemExit(1)
    if not export and not head:
        shown = f"; the last bears the hash {chain[-1].hash}" if chain else ""
        click.echo(f"{len(chain):,} events: everything fits{shown}")


def _watch(hub: Hub, limit: int) -> None:
    clock, never = SystemClock(), threading.Event()
    while True:
        hub.reconcile()
        jobs = hub.jobs(limit)
        click.clear()
        history_tables.show_jobs(jobs)
        if all(job.state.finished for job in jobs):
            return
        clock.sleep(_WATCH_SECONDS, never)
