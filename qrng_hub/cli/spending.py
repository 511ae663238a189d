"""What a command asks before it spends: whether to go on with an unfinished run, and whether to pay at all."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import click

from qrng_hub.cli import tables
from qrng_hub.errors import QRNGError
from qrng_hub.hub import Hub
from qrng_hub.ledger import Run


@dataclass(frozen=True, slots=True)
class Command:
    """A `qrng run` as it was typed, without what says which run to go on with."""

    config: str
    options: tuple[str, ...] = ()

    def resuming(self, run: Run) -> str:
        """The same command, going on with a run."""
        return shlex.join(["qrng", "run", self.config, "--resume", run.draw_id, *self.options])


def run_to_resume(hub: Hub, command: Command) -> str | None:
    """Asks whether to go on with the newest unfinished run of the same request; without a terminal it is refused.

    Runs that have no job yet do not count: nothing of them can be used.
    """
    run = next((run for run in hub.unfinished_runs() if run.jobs), None)
    if run is None:
        return None
    said = f"run {run.draw_id} of this request is unfinished: {run.jobs} job(s), {run.spent_usd:.2f} USD spent"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{said}. Go on with `{command.resuming(run)}`, or begin anew with --new")
    return run.draw_id if click.confirm(f"{said}. Go on with it?", default=True, err=True) else None


yes_option = click.option("--yes", is_flag=True, help="Spend, within the budget, without asking.")


def ask_before_drawing(
    hub: Hub, count: int, *, yes: bool, backend: str | None = None, resume: str | None = None
) -> None:
    """Asks once before a draw that may cost money; without a terminal to ask on, it is refused."""
    if yes or not hub.run_file.budget.may_spend:
        return
    if resume is not None:
        _ask(f"the rest of the run may cost up to what is left of budget.usd = {hub.run_file.budget.usd or 0} USD")
    elif hub.run_file.request.mode == "plan":
        plan = hub.plan(count)
        if plan.cost_high or plan.warnings:
            tables.show_plan(plan, to_stderr=True)
            _ask(f"this plan may cost {plan.cost_high:.2f} USD; if backends give less than expected, {_most(hub)}")
    else:
        _ask_for(hub, "draw", hub.highest_costs(count, backend))


def ask_before_comparing(hub: Hub, *, yes: bool) -> None:
    """Asks once before a comparison that may cost money."""
    if not yes and hub.run_file.budget.may_spend:
        _ask_for(hub, "comparison", hub.highest_costs_compared())


def _ask_for(hub: Hub, what: str, costs: Mapping[str, Decimal | None]) -> None:
    known = sum((cost for cost in costs.values() if cost is not None), Decimal(0))
    unknown = [address for address, cost in costs.items() if cost is None]
    if known or unknown:
        more = f", and what {', '.join(unknown)} takes, which nobody knows" if unknown else ""
        _ask(f"this {what} may cost {known:.2f} USD{more}; if backends give less than expected, {_most(hub)}")


def _most(hub: Hub) -> str:
    usd, month = hub.run_file.budget.usd, hub.run_file.budget.usd_per_month
    if usd is not None:
        return f"up to budget.usd = {usd} USD"
    return f"up to budget.usd_per_month = {month} USD" if month is not None else "more: no budget.usd bounds it"


def _ask(said: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{said}: run it with --yes")
    click.confirm(f"{said[0].upper()}{said[1:]}. Go on?", abort=True, err=True)


@contextmanager
def pointing_to_resumption(
    hub: Hub, command: Command | None, count: int | None = None, backend: str | None = None
) -> Iterator[None]:
    """Says after an error, or Ctrl-C, how to go on with the run that it ended; without a run file there is none."""
    before = {run.draw_id: run.jobs for run in hub.unfinished_runs(count, backend)} if command else {}
    try:
        yield
    except (QRNGError, OSError, KeyboardInterrupt):
        if command is not None:
            click.echo(_left(hub, command, before, count, backend), err=True, nl=False)
        raise


def _left(hub: Hub, command: Command, before: Mapping[str, int], count: int | None, backend: str | None) -> str:
    try:
        unfinished = hub.unfinished_runs(count, backend)
    except QRNGError as error:
        return f"qrng: {error}; what was paid for is kept, and `qrng jobs --runs` says later how to go on with it\n"
    run = next((run for run in unfinished if run.jobs > before.get(run.draw_id, 0)), None)
    if run is None:
        return ""
    kept = "what was paid for" if run.spent_usd else "what was run"
    return f"qrng: {kept} is kept, and `{command.resuming(run)}` goes on with it\n"
