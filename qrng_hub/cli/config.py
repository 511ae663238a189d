"""`qrng config`: check a run file, print a schema, copy an example."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from qrng_hub.cli.output import force_option
from qrng_hub.cli.printable import printable
from qrng_hub.config import RunFile, example, load_run_file
from qrng_hub.errors import ConfigError, UnknownNameError
from qrng_hub.files import require_new, write_private
from qrng_hub.hub import check_run_file, run_file_schema


@click.group("config")
def config_command() -> None:
    """Check, describe and copy run files."""


@config_command.command("check")
@click.argument("path", type=click.Path())
def check(path: str) -> None:
    """Check the run file PATH; nothing is run or spent."""
    run_file = load_run_file(path)
    try:
        remarks = check_run_file(run_file)
        _require_seed(run_file)
    except (ConfigError, UnknownNameError) as error:
        raise ConfigError(f"{path}: {error}") from error
    for remark in remarks:
        click.echo(printable(f"qrng: warning: {path}: {remark}"), err=True)
    wanted = "to compare" if run_file.compare else f"{run_file.request.bytes:,} bytes"
    click.echo(f"{path}: fine, {len(run_file.backends)} backend(s), {wanted}")


def _require_seed(run_file: RunFile) -> None:
    seed = run_file.request.seed
    if seed is not None and not Path(seed.file).is_file():
        raise ConfigError(f"request.seed.file: there is no file {seed.file} with the bytes of draw {seed.draw}")


@config_command.command("schema")
@click.argument("document", type=click.Choice(["run-file", "receipt"]), default="run-file")
def schema(document: str) -> None:
    """Print the JSON Schema of a run file, or of a signed receipt."""
    from qrng_hub.verification import signed_receipt_schema  # loads cryptography

    make = signed_receipt_schema if document == "receipt" else run_file_schema
    click.echo(json.dumps(make(), indent=2, sort_keys=True))


@config_command.command("init")
@click.argument("name")
@click.option("--out", type=click.Path(), help="Write to this file.  [default: NAME.toml]")
@force_option
def init(name: str, out: str | None, force: bool) -> None:
    """Copy the shipped example NAME to the working folder."""
    text, path = example(name), Path(out or f"{name}.toml")
    require_new(path, force=force)
    write_private(path, text.encode())
    command = "compare" if load_run_file(path).compare else "run"
    click.echo(f"wrote {path}; try: qrng {command} {shlex.quote(str(path))}")
