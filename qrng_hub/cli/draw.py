"""`qrng bytes` and `qrng run`: draw bytes and show where they came from."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

from qrng_hub.cli import tables
from qrng_hub.cli.interrupting import saying_that_it_stops
from qrng_hub.cli.opening import open_hub
from qrng_hub.cli.output import ENCODERS, encoding_of, force_option, open_output
from qrng_hub.cli.progress import Display
from qrng_hub.cli.sizes import Size
from qrng_hub.cli.spending import Command, ask_before_drawing, pointing_to_resumption, run_to_resume, yes_option
from qrng_hub.config import load_run_file, with_budget
from qrng_hub.delivery.pieces import PIECE_BYTES
from qrng_hub.files import require_new, require_writable, state_folder, write_private
from qrng_hub.hub import Hub
from qrng_hub.records import Draw, Receipt

if TYPE_CHECKING:
    from qrng_hub.signing import SignedReceipt

_SHOWN_BYTES = 4096


class _Dollars(click.ParamType[Decimal]):
    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Reads an amount of money."""
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal("NaN")
        if amount.is_nan() or amount < 0:
            self.fail(f"{value!r} is no amount of money, such as 12.50", param, ctx)
        return amount


class _CountsBytes(click.Command):
    """Takes -5 for a number of bytes, which is then refused as one, and not for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the command line."""
        ctx.ignore_unknown_options = any(re.match(r"-\d", arg) for arg in args)
        return super().parse_args(ctx, args)


@click.command("bytes", cls=_CountsBytes)
@click.argument("count", type=Size())
@click.option("--config", "config", type=click.Path(), help="Draw as this run file says.  [default: local:stim]")
@click.option(
    "--format", "encoding", type=click.Choice(sorted(ENCODERS)), help="[default: hex; npy where --out ends in .npy]"
)
@click.option(
    "--out", type=click.Path(), help="Write to this file (mode 0600), in the format chosen, and not to stdout."
)
@click.option("--backend", metavar="ADDRESS", help="Draw from this backend only, e.g. cirq:simulator.")
@click.option("--receipt", "receipt_path", type=click.Path(), help="Write the signed receipt to this file.")
@force_option
@yes_option
@click.option(
    "--source",
    type=click.Choice(["draws", "drbg"]),
    default="draws",
    show_default=True,
    help="drbg: the output of a generator that a draw seeds, with the credit of the seed.",
)
def bytes_command(
    count: int,
    config: str | None,
    encoding: str | None,
    out: str | None,
    backend: str | None,
    receipt_path: str | None,
    force: bool,
    yes: bool,
    source: Literal["draws", "drbg"],
) -> None:
    """Print COUNT random bytes: 32, 10MB, 1GiB.

    More than 3 MiB are made and written piece by piece, each from a draw of its own. With --out the same command
    goes on where it was after a kill: FILE.part says how far it is.
    """
    if out is not None and out == receipt_path:
        raise click.UsageError("--out and --receipt name the same file")
    encoding = encoding_of(encoding, out)
    if source == "drbg" or count > PIECE_BYTES:
        from qrng_hub.cli.large import write_large  # few outputs are large
        from qrng_hub.delivery.ctr_drbg import SEED_BYTES

        stdout = sys.stdout.buffer
        with open_hub(config) as hub:
            _require_no_plan(hub)
            ask_before_drawing(hub, SEED_BYTES if source == "drbg" else count, yes=yes, backend=backend)
            write_large(hub, count, source, backend, encoding, out, receipt_path, stdout, force=force)
        return
    with ExitStack() as outputs:
        file = outputs.enter_context(open_output(out, force=force))
        receipt_file = outputs.enter_context(open_output(receipt_path, default=None, force=force))
        sign = signer() if receipt_path else None

        def store(draw: Draw) -> None:
            file.write(ENCODERS[encoding](draw.data))
            file.flush()
            if sign:
                receipt_file.write(sign(draw.receipt).text())
            outputs.close()  # whole and on the disk, before it is recorded as delivered

        with open_hub(config) as hub:
            _require_no_plan(hub)
            ask_before_drawing(hub, count, yes=yes, backend=backend)
            command = Command(config, ("--out", out) if out not in (None, "-") else ()) if config else None
            with pointing_to_resumption(hub, command, count, backend):
                draw = hub.draw(count, backend=backend, deliver=store)
    if out not in (None, "-") and receipt_path is None:
        receipt = draw.receipt
        told = f"{count:,} bytes: {receipt.origin}, {receipt.credit.bits:,.0f} bits credited"
        click.echo(f"qrng: {told}; `qrng receipt {receipt.draw_id}` prints the receipt", err=True)


def _require_no_plan(hub: Hub) -> None:
    if hub.run_file.request.mode == "plan":
        raise click.UsageError("this run file is a plan, which asks before it spends: use qrng run")


@click.command("run")
@click.argument("config", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: the bytes in hex and their receipt.")
@click.option("--out", type=click.Path(), help="Write the raw bytes to this file (mode 0600) and do not print them.")
@force_option
@yes_option
@click.option("--resume", metavar="ID", help="Go on with a run that was not delivered: see qrng jobs --runs.")
@click.option("--reclaim", is_flag=True, help="With --resume: deliver it although a process that is gone claimed it.")
@click.option("--new", is_flag=True, help="Begin anew although an unfinished run of the same request could go on.")
@click.option("--budget", type=_Dollars(), metavar="USD", help="Spend at most this, in place of budget.usd.")
def run_command(
    config: str, as_json: bool, out: str | None, force: bool, yes: bool, resume: str | None,
    reclaim: bool, new: bool, budget: Decimal | None,
) -> None:  # fmt: skip
    """Draw what the run file CONFIG asks for and show where it came from."""
    if reclaim and not resume:
        raise click.UsageError("--reclaim goes with --resume")
    if resume == "" or (resume and new):
        raise click.UsageError("--resume needs the id of a run, and goes without --new: `qrng jobs --runs` lists them")
    run_file = with_budget(load_run_file(config), budget)
    require_outlet(out, as_json, run_file.request.bytes, force=force)
    sign = signer()
    stdout = sys.stdout
    command = Command(
        config,
        (
            *(("--out", out) if out else ()),
            *(("--reclaim",) if reclaim else ()),
            *(("--budget", f"{budget}") if budget else ()),
            *(("--force",) if force else ()),
        ),
    )
    with open_hub(run_file) as hub:
        if run_file.request.mode == "plan":
            resume = hub.run_to_resume(resume).draw_id if resume else None if new else run_to_resume(hub, command)
        ask_before_drawing(hub, run_file.request.bytes, yes=yes, resume=resume)
        with Display(run_file) as display, pointing_to_resumption(hub, command), saying_that_it_stops():

            def deliver(draw: Draw) -> None:
                display.close()
                with redirect_stdout(stdout):
                    deliver_draw(draw, sign(draw.receipt), out, as_json)

            draw = partial(hub.resume, resume, reclaim=reclaim) if resume else hub.run
            draw(on_progress=display, deliver=deliver)


def require_outlet(out: str | None, as_json: bool, count: int, *, force: bool) -> None:
    """Refuses what could not be written in the end, before anything is paid for."""
    if out in ("-", ""):
        raise click.UsageError("--out needs a file here: `qrng bytes` writes to the standard output")
    if out:
        require_new(out, force=force)
        require_writable(out)
    elif count > _SHOWN_BYTES and not as_json:
        raise click.UsageError(f"{count:,} bytes are too many to print; name a file with --out")


def signer() -> Callable[[Receipt], SignedReceipt]:
    """Gets the key ready that signs receipts, before anything is paid for that could then not be signed."""
    from qrng_hub.signing import receipt_keys, signed  # loads cryptography, which bytes alone do not need

    key = receipt_keys().current()
    return lambda receipt: signed(receipt.model_dump_json(), key)


def deliver_draw(draw: Draw, receipt: SignedReceipt, out: str | None, as_json: bool) -> None:
    """Writes or prints the bytes, and writes their receipt."""
    path = state_folder() / "receipts" / f"{draw.receipt.draw_id}.json"
    write_private(path, receipt.text())
    if out:
        write_private(out, draw.data)
    if as_json:
        shown: dict[str, object] = {} if out else {"bytes_hex": draw.data.hex()}
        shown |= {"receipt_path": str(path)} | receipt.model_dump(mode="json")
        click.echo(json.dumps(shown, indent=2))
    else:
        tables.show_draw(draw.receipt, f"written to {out}" if out else draw.data.hex(), path)
    sys.stdout.flush()
