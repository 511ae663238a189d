"""`qrng replay`: a record of shots as a device: measured, drawn from, or assessed, and credited nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qrng_hub.cli import tables
from qrng_hub.cli.opening import open_hub
from qrng_hub.cli.output import force_option
from qrng_hub.cli.sizes import Size

if TYPE_CHECKING:
    from qrng_hub.hub.replaying import Replay

_FORMATS = ["npy", "bits", "csv", "ibm", "braket"]


@click.command("replay")
@click.argument("file", type=click.Path())
@click.option("--qubits", type=click.IntRange(min=1), metavar="N", help="How many qubits a shot has.")
@click.option("--qubit-0", type=click.Choice(["left", "right"]), help="Which end of a shot is qubit 0 (Qiskit: right).")
@click.option("--format", "encoding", type=click.Choice(_FORMATS), help="[default: by the name or the content]")
@click.option("--part", type=click.IntRange(min=0), metavar="N", help="Which of several circuits, from 0 on.")
@click.option("--skip", type=click.IntRange(min=0), metavar="SHOTS", help="Leave out so many shots at the beginning.")
@click.option("--device", metavar="TEXT", help="What is said to have measured the shots.")
@click.option("--claimed-bits", type=float, metavar="H", help="The min-entropy a shot that somebody vouches for.")
@click.option("--claimed-by", metavar="NAME", help="Who vouches for it.")
@click.option("--draw", "count", type=Size(), metavar="BYTES", help="Draw so many bytes from the record.")
@click.option("--assess", "is_assessed", is_flag=True, help="Estimate the min-entropy of all bits by SP 800-90B.")
@click.option("--out", type=click.Path(), help="The folder of the results; with --draw, the file of the bytes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@force_option
def replay_command(
    file: str, encoding: str | None, count: int | None, is_assessed: bool, out: str | None, as_json: bool, force: bool,
    claimed_bits: float | None, **said: Any,
) -> None:  # fmt: skip
    """Measure the recorded shots in FILE as those of a device, draw from them, or assess them.

    FILE is .npy (rows packed by numpy.packbits), bit strings (one shot a line), CSV, a SamplerV2 job's result as JSON,
    or Braket's results.json. Its origin is `recorded`, and it is credited nothing: nobody here saw it measured.
    """
    if count is not None and is_assessed:
        raise click.UsageError("--draw or --assess, not both")
    if is_assessed and out:
        raise click.UsageError("--assess prints what it finds and writes no file: leave out --out")
    from qrng_hub.hub.replaying import read_replay

    given = said | {"format": encoding, "claimed_bits_per_shot": claimed_bits}
    replay = read_replay(file, {name: value for name, value in given.items() if value is not None})
    if count is not None:
        _draw(replay, count, out, as_json=as_json, force=force)
    elif is_assessed:
        _assess(replay, file, as_json=as_json)
    else:
        _measure(replay, out, as_json=as_json, force=force)


def _draw(replay: Replay, count: int, out: str | None, *, as_json: bool, force: bool) -> None:
    from qrng_hub.cli.draw import deliver_draw, require_outlet, signer

    require_outlet(out, as_json, count, force=force)
    sign = signer()
    with open_hub(replay.run_file, (replay.adapter,)) as hub:
        draw = hub.draw(count)
    deliver_draw(draw, sign(draw.receipt), out, as_json)


def _assess(replay: Replay, file: str, *, as_json: bool) -> None:
    from qrng_hub.bits import unpack_shots
    from qrng_hub.cli.assess import show_assessment_of

    with open_hub(replay.run_file, (replay.adapter,)) as hub:
        (block,) = hub.raw(replay.backend.address, replay.circuit, replay.shots)
    show_assessment_of(unpack_shots(block.outcomes, len(block.qubits)).ravel(), 1, file, as_json=as_json)


def _measure(replay: Replay, out: str | None, *, as_json: bool, force: bool) -> None:
    from qrng_hub.cli.compare import compare_in, new_folder
    from qrng_hub.hub.comparing import Place

    place = Place(Path(out) if out else new_folder(), is_replaced=force)
    made = compare_in(place, replay.run_file, adapters=(replay.adapter,))
    if as_json:
        click.echo(made.model_dump_json(indent=2))
    else:
        tables.show_comparison(made, place.folder)
    if all(row.measures is None for row in made.backends):
        raise SystemExit(1)
