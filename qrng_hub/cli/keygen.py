"""`qrng keygen`: a key of credited bytes, with its receipt."""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import get_args

import click

from qrng_hub.cli.opening import open_hub
from qrng_hub.cli.output import force_option
from qrng_hub.cli.spending import Command, ask_before_drawing, pointing_to_resumption, yes_option
from qrng_hub.config import load_run_file
from qrng_hub.delivery.keys import Key, KeyKind, KeyReceipt, Seed, make_key, seed_bytes
from qrng_hub.delivery.pool import Pool
from qrng_hub.errors import ConfigError
from qrng_hub.files import require_new, require_writable, write_private
from qrng_hub.signing import KEY_DOMAIN, SigningKey, receipt_keys, signed

_SUFFIXES = {"private_key": "", "public_key": ".pub", "receipt": ".receipt.json"}


@click.command("keygen")
@click.argument("kind", type=click.Choice(get_args(KeyKind)))
@click.option("--out", type=click.Path(), help="Write to FILE, FILE.pub and FILE.receipt.json (mode 0600).")
@force_option
@yes_option
@click.option("--config", type=click.Path(), help="Draw as this run file says.  [default: local:stim]")
@click.option("--pool", "from_pool", is_flag=True, help="Take from the pool, in place of a draw.")
@click.option("--passphrase", "ask", is_flag=True, help="Ask for a passphrase to encrypt the private key with.")
@click.option("--passphrase-env", metavar="NAME", help="Take it from this environment variable.")
@click.option("--allow-simulated", is_flag=True, help="Make the key although not all bytes are hardware's.")
@click.option("--allow-low-credit", is_flag=True, help="Make the key although the bytes' credit does not suffice.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def keygen_command(
    kind: KeyKind,
    out: str | None,
    force: bool,
    yes: bool,
    config: str | None,
    from_pool: bool,
    ask: bool,
    passphrase_env: str | None,
    allow_simulated: bool,
    allow_low_credit: bool,
    as_json: bool,
) -> None:
    """Make a key of hardware's bytes: the private key as PKCS#8 (an AES key in hex), the public key, a receipt."""
    if from_pool and config is not None:
        raise click.UsageError("--pool takes from the pool and --config draws: name one of them")
    if (ask or passphrase_env) and kind == "aes-256":
        raise click.UsageError("an AES key is written in hex, which no passphrase encrypts")
    paths = _free_paths(out, kind, force=force) if out is not None else {}
    passphrase = _passphrase(ask, passphrase_env)
    signing_key = receipt_keys().current()  # before anything is drawn whose receipt could then not be signed
    if from_pool:
        seed = Seed.of_pool(Pool.open_existing().take_with_sources(seed_bytes(kind)))
        key = make_key(kind, seed, allow_simulated=allow_simulated, allow_low_credit=allow_low_credit)
        _deliver(key, signing_key, paths, passphrase, as_json=as_json)
    else:
        run_file = None if config is None else load_run_file(config)
        if run_file is not None and run_file.pool is None and run_file.request.mode == "plan":
            raise click.UsageError(f"{config} is a plan: `qrng pool fill` runs it with --yes, then use --pool")
        stdout = sys.stdout
        with open_hub(run_file) as hub:
            pool = hub.run_file.pool
            ask_before_drawing(hub, pool.high_water_bytes if pool else seed_bytes(kind), yes=yes)

            def deliver(key: Key) -> None:
                with redirect_stdout(stdout):  # here, since closing the hub may wait for a refill of its pool
                    _deliver(key, signing_key, paths, passphrase, as_json=as_json)

            with pointing_to_resumption(hub, Command(config) if config else None, seed_bytes(kind)):
                hub.keygen(kind, allow_simulated=allow_simulated, allow_low_credit=allow_low_credit, deliver=deliver)


def _free_paths(out: str, kind: str, *, force: bool) -> dict[str, Path]:
    """Names the files to write, before anything is drawn; none is there yet, unless it is to be replaced."""
    if out in ("", "-"):
        raise click.UsageError("--out needs a file; without it the key goes to the standard output")
    paths = {
        part: Path(out + suffix) for part, suffix in _SUFFIXES.items() if part != "public_key" or kind != "aes-256"
    }
    for path in paths.values():
        require_new(path, force=force)
        require_writable(path)
    return paths


def _passphrase(ask: bool, name: str | None) -> bytes | None:
    if ask and name:
        raise click.UsageError("--passphrase asks and --passphrase-env does not: name one of them")
    if name and not os.environ.get(name):
        raise ConfigError(f"the environment variable {name}, which is to hold the passphrase, is not set or is empty")
    if name:
        return os.environ[name].encode()
    if not ask:
        return None
    if not _has_terminal():
        raise click.UsageError("there is no terminal to ask for the passphrase on: use --passphrase-env NAME")
    prompt = "Passphrase for the private key"
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)).encode()


def _has_terminal() -> bool:
    """Whether there is one to ask on; getpass too looks for /dev/tty before the standard input."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | getattr(os, "O_NOCTTY", 0)))
    except OSError:
        return sys.stdin is not None and sys.stdin.isatty()
    return True


def _deliver(
    key: Key, signing_key: SigningKey, paths: dict[str, Path], passphrase: bytes | None, *, as_json: bool
) -> None:
    """Writes or prints the key, the private key first."""
    private, public = key.private_text(passphrase), key.public_text()
    receipt = signed(key.receipt.model_dump_json(), signing_key, KEY_DOMAIN)
    key.wipe()
    texts = {"private_key": private, "public_key": public, "receipt": receipt.text()}
    for part, path in paths.items():
        write_private(path, texts[part] or b"")
    if as_json:
        shown = {f"{part}_path": str(path) for part, path in paths.items()} or {
            part: text.decode() for part, text in texts.items() if text and part != "receipt"
        }
        click.echo(json.dumps(shown | receipt.model_dump(mode="json"), indent=2))
    elif paths:
        click.echo(_described(key.receipt, paths))
    else:
        click.echo((private + (public or b"")).decode(), nl=False)
        click.echo(_described(key.receipt, {}), err=True)


def _described(receipt: KeyReceipt, paths: dict[str, Path]) -> str:
    mixed = ", mixed with the operating system's" if receipt.mixed_with_os_entropy else ""
    lines = {
        "key": receipt.kind,
        "bytes": f"{receipt.origin}, {', '.join(f'draw {one.draw_id}' for one in receipt.sources)}{mixed}",
        "credited": f"{receipt.credited_bits} bits; a key of this kind needs {receipt.required_bits}",
        "public key": f"SHA-256 {receipt.public_key_sha256}" if receipt.public_key_sha256 else "none",
        "files": ", ".join(map(str, paths.values())),
    }
    return "\n".join(f"{name:<10} {text}" for name, text in lines.items() if text)
