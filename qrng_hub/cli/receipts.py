"""`qrng receipt` and `qrng keys`: signed receipts of earlier draws, and the key that signs them."""

from __future__ import annotations

import json

import click

from qrng_hub.cli.output import force_option, open_output

_LISTED = 20


@click.command("receipt")
@click.argument("draw_id", metavar="[ID]", required=False)
@click.option("--config", type=click.Path(), help="The run file whose ledger to read.")
@click.option("--out", type=click.Path(), help="Write to this file (mode 0600), and not to stdout.")
@force_option
def receipt_command(draw_id: str | None, config: str | None, out: str | None, force: bool) -> None:
    """Print the signed receipt of the draw ID, as it was delivered; without one, list the newest draws."""
    from qrng_hub.cli.opening import open_hub  # the keys need no hub

    if draw_id is None:
        with open_hub(config) as hub:
            newest = hub.receipts()[: -_LISTED - 1 : -1]
        for one in newest:
            credited = f"{one.credit.bits:,.0f} bits credited"
            click.echo(f"{one.draw_id}  {one.bytes:>13,} bytes  {one.origin:<9}  {credited}")
        return
    with open_output(out, force=force) as file:
        with open_hub(config) as hub:
            receipt, older = hub.signed_receipt(draw_id), hub.undigested()
        if draw_id in older:
            click.echo("qrng: signed as the ledger has it now: there is no digest of the time of delivery", err=True)
        file.write(receipt.text())


@click.group("keys")
def keys_command() -> None:
    """Show or replace the key that signs the receipts of this user on this host."""


@keys_command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(as_json: bool) -> None:
    """Show the fingerprint of the key, which is made if there is none, and of those before it."""
    from qrng_hub.signing import receipt_keys, short

    keys = receipt_keys()
    current = keys.current().fingerprint
    former = [one for one in keys.known() if one != current]
    public = keys.public_path(current)
    if as_json:
        click.echo(json.dumps({"fingerprint": current, "public_key": str(public), "former": former}, indent=2))
        return
    for name, text in (("key", short(current)), ("fingerprint", current), ("public key", str(public))):
        click.echo(f"{name:<12} {text}")
    for one in former:
        click.echo(f"{'former':<12} {one}")


@keys_command.command("rotate")
def rotate() -> None:
    """Sign with a new key from now on; what the old one signed can still be verified here."""
    from qrng_hub.signing import receipt_keys

    click.echo(f"receipts are signed with the key {receipt_keys().rotate().fingerprint} from now on")
