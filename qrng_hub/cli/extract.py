"""`qrng extract`: extract from anybody's raw bits, with an account of every one of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from qrng_hub import extractors
from qrng_hub.bits import Packed
from qrng_hub.cli import tables
from qrng_hub.cli.output import force_option, open_output
from qrng_hub.data_files import map_data
from qrng_hub.errors import ConfigError
from qrng_hub.extractors import Extracted

#: so many bytes are alike by chance once in 2^128
_FEWEST_BYTES = 16
_CLAIMS = {"min_entropy_per_bit": "min_entropy_per_bit", "epsilon": "epsilon"}
_SECOND = _CLAIMS | {"seed_min_entropy_per_bit": "second_min_entropy_per_bit"}


@dataclass(frozen=True)
class _Method:
    """An extractor, and the options it needs, each with its name there; one that needs none takes no seed."""

    extract: Callable[..., Extracted]
    needs: dict[str, str] = field(default_factory=dict)
    may_have: tuple[str, ...] = ("block_bits",)


_METHODS = {
    "toeplitz": _Method(extractors.toeplitz, _CLAIMS),
    "circulant": _Method(extractors.circulant, _SECOND),
    "dodis": _Method(extractors.dodis, _SECOND),
    "dodis-markov": _Method(extractors.dodis_markov, _SECOND),
    "von-neumann": _Method(extractors.von_neumann, may_have=()),
}


@click.command("extract")
@click.option("--in", "source", type=click.Path(), required=True, help="Raw bits, packed, first bit highest.")
@click.option("--method", type=click.Choice(list(_METHODS)), default="toeplitz", show_default=True)
@click.option(
    "--min-entropy-per-bit", type=float, metavar="H", help="What is claimed of the input, above 0, at most 1."
)
@click.option("--epsilon", type=float, metavar="E", help="The distance from uniform allowed, of the whole output.")
@click.option("--seed", type=click.Path(), help="Bits independent of the input: a uniform seed, or the second source.")
@click.option("--seed-min-entropy-per-bit", type=float, metavar="H", help="The same of a second source.")
@click.option("--block-bits", type=int, metavar="N", help="Input bits of a block.  [default: 65,536; two-source: all]")
@click.option("--out", type=click.Path(), required=True, help="Write the packed output to this file (mode 0600).")
@force_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def extract_command(
    source: str, method: str, seed: str | None, out: str, force: bool, as_json: bool, **numbers: float | None
) -> None:
    """Extract nearly uniform bits from raw bits of a known min-entropy.

    toeplitz takes a uniform seed, which serves all blocks; circulant and dodis take a second source instead;
    dodis-markov stands against quantum side information that relates the two. The seed must be independent of
    the input. von-neumann only debiases: nothing is claimed of its output.
    """
    chosen = _METHODS[method]
    given = {name: value for name, value in numbers.items() if value is not None}
    _require_options(method, chosen, {*given} | ({"seed"} if seed is not None else set()))
    _require_other_files(source, seed, out)
    inputs = [_mapped(source, "the input")] + ([] if seed is None else [_mapped(seed, "the seed")])
    _require_no_copy(*inputs)
    with open_output(out, force=force) as file:
        extracted = chosen.extract(*inputs, **{chosen.needs.get(name, name): value for name, value in given.items()})
        for piece in extracted.pieces:
            file.write(piece)
    if as_json:
        click.echo(extracted.extraction.model_dump_json(indent=2))
    else:
        tables.show_extraction(extracted.extraction, f"written to {out}")


def _require_options(method: str, chosen: _Method, given: set[str]) -> None:
    """Refuses options that a method lacks, and one that it does not have."""
    needed = {*chosen.needs, "seed"} if chosen.needs else set[str]()
    if missing := sorted(needed - given):
        raise click.UsageError(f"--method {method} needs {_options(missing)}")
    if superfluous := sorted(given - needed - set(chosen.may_have)):
        raise click.UsageError(f"--method {method} takes no {_options(superfluous)}")


def _options(names: list[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def _require_other_files(source: str, seed: str | None, out: str) -> None:
    """Refuses an output in place of an input, and a seed that is the input itself."""
    if not out or out == "-":
        raise ConfigError("--out needs the name of a file: the standard output is for the account")
    for path in filter(None, (source, seed)):
        if _same_file(out, path):
            raise ConfigError(f"the output would take the place of {path}: choose another name")
    if seed and _same_file(source, seed):
        raise ConfigError(f"{seed} is both the input and the seed, which have to be independent: give two files")


def _require_no_copy(source: Packed, seed: Packed | None = None) -> None:
    """Refuses a seed that begins, or ends, with the bits of the input, or the input with its: they depend entirely."""
    size = min(source.size, 0 if seed is None else seed.size)
    if seed is None or size < _FEWEST_BYTES:
        return
    if np.array_equal(source[:size], seed[:size]) or np.array_equal(source[-size:], seed[-size:]):
        raise ConfigError("the seed has the very bits of the input, from which it has to be independent: give others")


def _same_file(one: str, other: str) -> bool:
    both = Path(one).exists() and Path(other).exists()
    return Path(one).samefile(other) if both else os.path.realpath(one) == os.path.realpath(other)


def _mapped(path: str, what: str) -> Packed:
    """Maps a file of packed bits into memory, from where it is read as it is needed."""
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise ConfigError(f"{what} {path} is not a plain file: its length has to be known before its first bit")
        return map_data(Path(path))
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read: {error.strerror}; name a file of packed bits") from error
