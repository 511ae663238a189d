"""`qrng bytes` and `qrng run`: draw bytes and show where they came from."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from qrng_hub.cli import tables
from qrng_hub.cli.opening import open_hub
from qrng_hub.cli.output import ENCODERS, open_output
from qrng_hub.cli.progress import progress_display
from qrng_hub.config import load_run_file
from qrng_hub.files import state_folder, write_private
from qrng_hub.hub import Hub
from qrng_hub.records import Draw, Receipt

_SHOWN_BYTES = 4096


@click.command("bytes", context_settings={"ignore_unknown_options": True})
@click.argument("count", type=int)
@click.option("--config", "config", type=click.Path(), help="Draw as this run file says.  [default: local:stim]")
@click.option("--format", "encoding", type=click.Choice(sorted(ENCODERS)), default="hex", show_default=True)
@click.option(
    "--out", type=click.Path(), help="Write to this file (mode 0600), in the format chosen, and not to stdout."
)
@click.option("--backend", metavar="ADDRESS", help="Draw from this backend only, e.g. cirq:simulator.")
@click.option("--receipt", "receipt_path", type=click.Path(), help="Write the receipt to this file.")
def bytes_command(
    count: int, config: str | None, encoding: str, out: str | None, backend: str | None, receipt_path: str | None
) -> None:
    """Print COUNT random bytes."""
    if out is not None and out == receipt_path:
        raise click.UsageError("--out and --receipt name the same file")
    with open_output(out) as file, open_output(receipt_path, default=None) as receipt_file:
        with open_hub(config) as hub:
            if hub.run_file.request.mode == "plan":
                raise click.UsageError("this run file is a plan, which asks before it spends: use qrng run")
            draw = hub.draw(count, backend=backend)
        file.write(ENCODERS[encoding](draw.data))
        receipt_file.write(_receipt_text(draw.receipt))


@click.command("run")
@click.argument("config", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: the bytes in hex and their receipt.")
@click.option("--out", type=click.Path(), help="Write the raw bytes to this file (mode 0600) and do not print them.")
@click.option("--yes", is_flag=True, help="Run a plan that costs money without asking.")
@click.option("--resume", metavar="ID", help="Go on with a run by plan that was not delivered: see qrng jobs --runs.")
def run_command(config: str, as_json: bool, out: str | None, yes: bool, resume: str | None) -> None:
    """Draw what the run file CONFIG asks for and show where it came from."""
    if resume == "":
        raise click.UsageError("--resume needs the id of a run: `qrng jobs --runs` lists them")
    if out == "-":
        raise click.UsageError("--out needs a file here: `qrng bytes` writes to the standard output")
    run_file = load_run_file(config)
    if run_file.request.bytes > _SHOWN_BYTES and not (out or as_json):
        raise click.UsageError(f"{run_file.request.bytes:,} bytes are too many to print; name a file with --out")
    with open_output(out, default=None) as file:
        with open_hub(run_file) as hub:
            if run_file.request.mode == "plan" and not yes:
                _ask_before_spending(hub, resume)
            with progress_display(run_file) as on_progress:
                draw = (
                    hub.run(on_progress=on_progress) if resume is None else hub.resume(resume, on_progress=on_progress)
                )
        file.write(draw.data)
    path = state_folder() / "receipts" / f"{draw.receipt.draw_id}.json"
    write_private(path, _receipt_text(draw.receipt))
    if as_json:
        click.echo(json.dumps(_document(draw, path, with_bytes=not out), indent=2))
    else:
        tables.show_draw(draw.receipt, f"written to {out}" if out else draw.data.hex(), path)


def _ask_before_spending(hub: Hub, resume: str | None) -> None:
    """Shows a plan that can cost money and asks; without a terminal to ask on, it is refused."""
    most = f"budget.usd = {hub.run_file.budget.usd or 0} USD"
    if resume is None:
        plan = hub.plan()
        if not plan.cost_high and not plan.warnings:
            return
        tables.show_plan(plan, to_stderr=True)
        said = f"this plan may cost {plan.cost_high:.2f} USD; if backends give less than expected, up to {most}"
    else:
        said = f"the rest of the run may cost up to what is left of {most}"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{said}: run it with --yes")
    click.confirm(f"{said[0].upper()}{said[1:]}. Go on?", abort=True, err=True)


def _document(draw: Draw, path: Path, *, with_bytes: bool) -> dict[str, object]:
    shown: dict[str, object] = {"bytes_hex": draw.data.hex()} if with_bytes else {}
    return shown | {"receipt_path": str(path), "receipt": draw.receipt.model_dump(mode="json")}


def _receipt_text(receipt: Receipt) -> bytes:
    return receipt.model_dump_json(indent=2).encode() + b"\n"
