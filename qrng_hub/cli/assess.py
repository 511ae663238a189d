"""`qrng assess`: the min-entropy of a file of samples, by the estimators of NIST SP 800-90B."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from qrng_hub.bits import Bits, Packed
from qrng_hub.cli import tables
from qrng_hub.data_files import map_data
from qrng_hub.errors import SamplesError
from qrng_hub.estimators import RECOMMENDED_SAMPLES, AssessmentStep, assess


@click.command("assess")
@click.argument("file", type=click.Path())
@click.option("--bits-per-symbol", type=click.IntRange(1, 8), metavar="N", help="How many bits a sample has: 1 to 8.")
@click.option("--bits", "packed", is_flag=True, help="FILE is packed: 8 samples of one bit to the byte, highest first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def assess_command(file: str, bits_per_symbol: int | None, packed: bool, as_json: bool) -> None:
    """Estimate the min-entropy of FILE, one sample to the byte, by NIST SP 800-90B, section 6.3."""
    width = _width(bits_per_symbol, packed=packed)
    content = _content(Path(file))
    symbols = Bits.from_bytes(content.tobytes()).to_array() if packed else content
    show_assessment_of(symbols, width, file, as_json=as_json)


def show_assessment_of(symbols: npt.NDArray[np.uint8], width: int, file: str, *, as_json: bool) -> None:
    """Assesses samples of a file and prints the result; raises `SamplesError` for what no estimate is defined for."""
    try:
        with _progress() as on_progress:
            assessment = assess(symbols, width, on_progress)
    except SamplesError as error:
        raise SamplesError(f"{file}: {error}") from error
    _warn_of(symbols, width)
    if as_json:
        click.echo(json.dumps(assessment.model_dump(mode="json"), indent=2))
    else:
        tables.show_assessment(assessment, symbols.size, width)


def _width(bits_per_symbol: int | None, *, packed: bool) -> int:
    if packed and bits_per_symbol not in (None, 1):
        raise click.UsageError("--bits are samples of one bit: leave out --bits-per-symbol")
    if not packed and bits_per_symbol is None:
        raise click.UsageError("--bits-per-symbol is needed: how many bits of each byte of FILE are a sample?")
    return bits_per_symbol or 1


def _content(path: Path) -> Packed:
    try:
        content = map_data(path)
    except FileNotFoundError:
        raise SamplesError(f"{path}: no such file") from None
    except OSError as error:
        raise SamplesError(f"{path}: cannot be read: {error.strerror}") from error
    if not content.size:
        raise SamplesError(f"{path}: the file is empty; there is nothing to assess")
    return content


def _warn_of(symbols: npt.NDArray[np.uint8], width: int) -> None:
    used = int(symbols.max()).bit_length()
    if (symbols == symbols[0]).all():
        warnings.warn("every sample is the same: no entropy is awarded", stacklevel=2)
    elif used < width:
        warnings.warn(f"no sample has more than {used} bit(s): --bits-per-symbol {used} may be meant", stacklevel=2)
    if symbols.size < RECOMMENDED_SAMPLES:
        warnings.warn(
            f"{symbols.size:,} samples are fewer than the {RECOMMENDED_SAMPLES:,} that SP 800-90B asks for",
            stacklevel=2,
        )


@contextmanager
def _progress() -> Iterator[Callable[[AssessmentStep], None]]:
    """Shows on stderr, on a terminal only, which estimate is being made."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("")
        yield lambda step: bars.update(
            task, completed=step.done, total=step.total, description=f"{step.analysis}: {step.estimate}"
        )
