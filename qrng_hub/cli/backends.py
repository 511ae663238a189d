"""`qrng backends`: what there is."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from pydantic import BaseModel

from qrng_hub.cli import tables
from qrng_hub.cli.opening import open_hub
from qrng_hub.records import Origin


@click.command("backends")
@click.option("--config", type=click.Path(), help="With the adapters' settings of this run file.")
@click.option("--origin", type=click.Choice([*Origin]), help="Only these.")
@click.option("--min-qubits", type=click.IntRange(min=1), default=1, help="Only those with as many qubits.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def backends_command(config: str | None, origin: str | None, min_qubits: int, as_json: bool) -> None:
    """List every backend of the installed vendors."""
    with open_hub(config) as hub:
        backends = hub.backends(origin=origin, min_qubits=min_qubits)
        unavailable = hub.unavailable()
    if as_json:
        print_json(backends)
    else:
        tables.show_backends(backends, unavailable)


def print_json(records: Sequence[BaseModel]) -> None:
    """Prints records as one JSON document."""
    click.echo(json.dumps([record.model_dump(mode="json") for record in records], indent=2))
