"""`qrng verify`: does a signed receipt hold, and what does that prove? Asks nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrng_hub.cli.printable import printable
from qrng_hub.errors import ConfigError, ReceiptError

if TYPE_CHECKING:
    from qrng_hub.verification import Verified, VerifiedKey, VerifiedOutput

_MOST_BYTES = 1 << 26


@click.command("verify")
@click.argument("receipt", type=click.Path())
@click.option(
    "--data", type=click.Path(), help="The output it speaks of, in any format; of a key, its public key in PEM."
)
@click.option(
    "--key",
    metavar="FINGERPRINT|FILE",
    help="The key that must have signed it, by fingerprint or PEM file.  [default: any of this user and host]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify_command(receipt: str, data: str | None, key: str | None, as_json: bool) -> None:
    """Verify the signed receipt in the file RECEIPT, offline, or several, one a line, of the pieces of one output.

    It is the receipt of a draw, of a generator's output, or of a key by `qrng keygen`.

    Exits with 1 if anything does not hold, and says what.
    """
    texts = _texts(receipt)
    for named in filter(None, (data, key)):
        _require_file(named)
    if data is not None and not Path(data).exists():
        raise ConfigError(f"{data} cannot be read: No such file or directory")
    try:
        verified = _verified(texts, data, key)
    except ReceiptError as error:
        if as_json:
            click.echo(json.dumps({"holds": False, "problems": error.problems}, indent=2))
            raise SystemExit(1) from None
        raise ReceiptError(*(f"{receipt} does not hold: {problem}" for problem in error.problems)) from error
    if as_json:
        found = [{"holds": True} | one.model_dump(mode="json") for one in verified]
        click.echo(json.dumps(found[0] if len(found) == 1 else found, indent=2))
    else:
        for one in verified:
            _show(one)


def _verified(
    texts: Sequence[bytes], data: str | None, key: str | None
) -> Sequence[Verified | VerifiedKey | VerifiedOutput]:
    """Verifies the one receipt of a file, of whichever kind, or the several of the parts of one output."""
    from qrng_hub import verification as of
    from qrng_hub.signing import receipt_keys

    named = None if key is None else of.trusted_fingerprint(key)
    host = receipt_keys().known()
    if len(texts) > 1:
        return _verified_parts(texts, data, partial(of.verify, host=host, named=named))
    (text,) = texts
    if of.is_key_receipt(text):
        digest = None if data is None else _public_key_digest(data)
        return [of.verify_key(text, host=host, named=named, public_key_sha256=digest)]
    whole = None if data is None else of.digests_of(data, [of.bytes_said(text)])[0]
    if of.is_output_receipt(text):
        return [of.verify_output(text, host=host, named=named, data=whole)]
    return [of.verify(text, host=host, named=named, data=whole)]


def _verified_parts(texts: Sequence[bytes], data: str | None, ask: Callable[..., Verified]) -> list[Verified]:
    """Verifies receipts one after the other, each against its own part of the data."""
    from qrng_hub.verification import digests_of

    verified: list[Verified] = []
    for number, text in enumerate(texts, start=1):
        with _of_line(number):
            one = ask(text)
            if one.draw_id in {other.draw_id for other in verified}:
                raise ReceiptError(f"the receipt of draw {one.draw_id!r} is there already: no part is two")
        verified.append(one)
    if data is None:
        return verified
    digests, total = digests_of(data, [one.bytes for one in verified]), sum(one.bytes for one in verified)
    if digests[-1].size > verified[-1].bytes:
        raise ReceiptError(f"the data go on after the {total:,} bytes of all {len(texts)} receipts")
    for number, (text, part) in enumerate(zip(texts, digests, strict=True), start=1):
        with _of_line(number):
            verified[number - 1] = ask(text, data=part)
    return verified


@contextmanager
def _of_line(number: int) -> Iterator[None]:
    """Says of which line a problem is."""
    try:
        yield
    except ReceiptError as error:
        raise ReceiptError(*(f"line {number}: {problem}" for problem in error.problems)) from error


def _public_key_digest(path: str) -> str:
    from qrng_hub.delivery.keys import public_key_digest

    try:
        return public_key_digest(_text(path))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _texts(path: str) -> list[bytes]:
    """Reads the receipt of a file, or of each of its lines if each is a document of its own."""
    text = _text(path)
    lines = [line for line in text.splitlines() if line.strip()]
    return lines if len(lines) > 1 and all(line.startswith(b"{") and line.endswith(b"}") for line in lines) else [text]


def _text(path: str) -> bytes:
    _require_file(path)
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"{path} is longer than {_MOST_BYTES:,} bytes, and no receipt is")
    return text


def _require_file(path: str) -> None:
    """Refuses what nobody may ever write to, as a named pipe; /dev/stdin and its like are somebody's output."""
    if not path.startswith(("/dev/", "/proc/")) and Path(path).exists() and not Path(path).is_file():
        raise ConfigError(f"{path} is no file: only plain files and /dev/stdin are read")


def _show(verified: Verified | VerifiedKey | VerifiedOutput) -> None:
    """Prints what holds; text from the receipt is shown without what could steer a terminal."""
    lines = [
        *_shown(verified),
        ("key", f"{verified.fingerprint}, {'one of this host' if verified.key == 'of this host' else 'as named'}"),
        *(("proved", text) for text in verified.proved),
        *(("not proved", text) for text in verified.not_proved),
    ]
    for name, text in lines:
        click.echo(f"{name:<11} {text}")


def _shown(verified: Verified | VerifiedKey | VerifiedOutput) -> Iterator[tuple[str, str]]:
    match verified.of:
        case "draw":
            return _of_draw(verified)
        case "key":
            return _of_key(verified)
        case "output":
            return _of_output(verified)


def _of_output(verified: VerifiedOutput) -> Iterator[tuple[str, str]]:
    yield "holds", "the receipt of a generator's output"
    yield "output", f"{verified.bytes:,} bytes, {verified.origin}, {verified.credited_bits:,.0f} bits credited to all"
    yield "generator", f"{verified.mechanism}, reseeded {verified.reseeds} times"
    yield "seeded by", ", ".join(f"draw {printable(one)}" for one in verified.seeds)


def _of_draw(verified: Verified) -> Iterator[tuple[str, str]]:
    yield "holds", f"the receipt of draw {printable(verified.draw_id)}"
    yield "output", f"{verified.bytes:,} bytes, {verified.origin}, {verified.credited_bits:,.0f} bits credited"
    if verified.claimed_bits:
        yield "claimed", f"{verified.claimed_bits:,.0f} bits by {printable(verified.claimed_by)}, none of them credited"
    if verified.certified_bits is not None:
        yield "bound", f"{verified.certified_bits:,.1f} bits certified if hardware's, reckoned anew from the counts"


def _of_key(verified: VerifiedKey) -> Iterator[tuple[str, str]]:
    yield "holds", f"the receipt of an {verified.kind} key"
    yield "made of", f"{', '.join(f'draw {printable(one)}' for one in verified.draws)}: {verified.origin}"
    yield "credited", f"{verified.credited_bits} bits; a key of this kind needs {verified.required_bits}"
