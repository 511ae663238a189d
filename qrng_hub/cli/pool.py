"""`qrng pool`: fill a pool of bytes, look at it, take from it, destroy it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from qrng_hub.cli.output import ENCODERS, force_option, open_output
from qrng_hub.cli.printable import printable
from qrng_hub.cli.sizes import Size
from qrng_hub.cli.spending import Command, ask_before_drawing, pointing_to_resumption, yes_option
from qrng_hub.delivery.pool import KeyFile, Pool, PoolStatus, default_folder


def _place(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which pool."""
    folder = click.option("--folder", type=click.Path(), help="The pool's folder.  [default: pool in the state folder]")
    key_file = click.option(
        "--key-file", type=click.Path(), help="Its key.  [default: the keyring, or a file beside the folder]"
    )
    return folder(key_file(command))


@click.group("pool")
def pool_command() -> None:
    """Keep delivered bytes, encrypted, until they are needed; each leaves once."""


@pool_command.command("fill")
@click.argument("count", metavar="BYTES", type=Size())
@click.option("--config", type=click.Path(), help="Draw as this run file says.  [default: local:stim]")
@yes_option
@_place
def fill(count: int, config: str | None, yes: bool, folder: str | None, key_file: str | None) -> None:
    """Draw BYTES more bytes and put them into the pool, which is made if there is none."""
    from qrng_hub.cli.opening import open_hub  # the other commands need no hub

    with open_hub(config) as hub:
        if (settings := hub.run_file.pool) is not None:
            folder, key_file = folder or settings.folder, key_file or settings.key_file
        pool = Pool.open(folder, key_source=_key_source(key_file))
        ask_before_drawing(hub, count, yes=yes)
        with pointing_to_resumption(hub, Command(config) if config else None, count):
            draw = hub.draw(count, deliver=pool.add_draw)
    receipt = draw.receipt
    click.echo(
        f"{len(draw):,} bytes put in, {receipt.origin}, {receipt.credit.bits:,.0f} bits credited; receipt"
        f" {receipt.draw_id}; {pool.bytes_left():,} bytes are in the pool"
    )


@pool_command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@_place
def status(as_json: bool, folder: str | None, key_file: str | None) -> None:
    """Read every block and say what is left; exit code 1 if there are blocks that cannot be read."""
    found = _existing(folder, key_file).status()
    click.echo(json.dumps(found.model_dump(mode="json"), indent=2) if as_json else _described(found))
    for complaint in found.damaged:
        click.echo(printable(f"qrng: {complaint}"), err=True)
    if found.damaged:
        click.echo("qrng: `qrng pool salvage` gives these blocks up and keeps the others", err=True)
        sys.exit(1)


@pool_command.command("take")
@click.argument("count", type=Size())
@click.option("--format", "encoding", type=click.Choice(sorted(ENCODERS)), default="hex", show_default=True)
@click.option("--out", type=click.Path(), help="Write to this file (mode 0600), and not to stdout.")
@click.option("--sources", "sources_path", type=click.Path(), help="Write which draws they come from to this file.")
@force_option
@click.option("--unmixed", is_flag=True, help="Leave out the XOR with the operating system's bytes.")
@_place
def take(
    count: int,
    encoding: str,
    out: str | None,
    sources_path: str | None,
    force: bool,
    unmixed: bool,
    folder: str | None,
    key_file: str | None,
) -> None:
    """Hand out COUNT bytes of the pool, which never hands them out again."""
    if out is not None and out == sources_path:
        raise click.UsageError("--out and --sources name the same file")
    pool = _existing(folder, key_file)
    open_sources = open_output(sources_path, default=None, force=force)
    with open_output(out, force=force) as file, open_sources as sources_file:
        taken = pool.take_unmixed(count) if unmixed else pool.take_with_sources(count)
        file.write(ENCODERS[encoding](bytes(taken.data)))
        sources = [source.model_dump(mode="json") for source in taken.sources]
        sources_file.write(json.dumps(sources, indent=2).encode() + b"\n")


@pool_command.command("drain")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_place
def drain(yes: bool, folder: str | None, key_file: str | None) -> None:
    """Destroy everything that is left in the pool."""
    pool = _existing(folder, key_file)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"this destroys {pool.bytes_left():,} bytes: run it with --yes")
        click.confirm(f"Destroy {pool.bytes_left():,} bytes?", abort=True, err=True)
    click.echo(f"{pool.drain():,} bytes destroyed")


@pool_command.command("rotate-key")
@_place
def rotate_key(folder: str | None, key_file: str | None) -> None:
    """Encrypt the pool under a new key; copies made before can be read no more."""
    _existing(folder, key_file).rotate_key()
    click.echo("the pool has a new key, and the old one is deleted")


@pool_command.command("salvage")
@_place
def salvage(folder: str | None, key_file: str | None) -> None:
    """Give up the blocks that cannot be read and keep the others, under a new key."""
    pool = _existing(folder, key_file)
    for complaint in pool.salvage():
        click.echo(printable(f"given up: {complaint}"), err=True)
    click.echo(f"{pool.bytes_left():,} bytes are left")


def _existing(folder: str | None, key_file: str | None) -> Pool:
    return Pool.open_existing(folder or default_folder(), key_source=_key_source(key_file))


def _key_source(path: str | None) -> KeyFile | None:
    return KeyFile(Path(path)) if path else None


def _described(found: PoolStatus) -> str:
    origins = ", ".join(f"{count:,} {origin}" for origin, count in sorted(found.bytes_by_origin.items()))
    low = f"{found.low_water_bytes:,} bytes{', and it is below' if found.is_low else ''}"
    readable, lost = sum(found.bytes_by_origin.values()), len(found.damaged)
    lines = {
        "pool": f"{found.folder} ({found.pool_id}, made {found.created_utc:%Y-%m-%d %H:%M} UTC)",
        "left": f"{readable:,} bytes in {found.blocks - lost:,} blocks{f': {origins}' if origins else ''}",
        "unreadable": f"{found.bytes_left - readable:,} bytes in {lost:,} blocks" if lost else "none",
        "credited": f"{found.credited_bits_left:,} of {8 * readable:,} bits",
        "low-water mark": low if found.low_water_bytes else "none",
        "key": f"in {'the keyring' if found.key_place == 'keyring' else 'a file'}, generation {found.key_generation}",
    }
    return "\n".join(f"{name:<15} {text}" for name, text in lines.items())
