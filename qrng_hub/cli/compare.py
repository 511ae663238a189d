"""`qrng compare`: which machine gives how much bounded entropy, how fast, for how much, and how sure that is."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import click

from qrng_hub.adapter import Adapter
from qrng_hub.cli import tables
from qrng_hub.cli.opening import open_hub
from qrng_hub.cli.output import force_option
from qrng_hub.cli.spending import ask_before_comparing, yes_option
from qrng_hub.cli.verdicts import show_verdicts
from qrng_hub.clock import SystemClock
from qrng_hub.config import RunFile, SortKey, load_run_file
from qrng_hub.errors import ConfigError, RunInterruptedError
from qrng_hub.files import require_new, require_writable, require_writable_folder, state_folder, write_private
from qrng_hub.hub.comparing import Place, measured_again, with_changes
from qrng_hub.hub.comparison_document import DOCUMENT, load_comparison
from qrng_hub.records import Comparison
from qrng_hub.runner import Compared, Store

if TYPE_CHECKING:
    from qrng_hub.testing import FaultTrial


@click.command("compare")
@click.argument("config", type=click.Path())
@click.option("--by", type=click.Choice(get_args(SortKey)), help="Sort by this.  [default: compare.by, or entropy]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--csv", "csv_path", type=click.Path(), help="Also write the table of all qubits to this file.")
@click.option("--out", type=click.Path(), help="The folder for the results.  [default: compare.out]")
@force_option
@yes_option
@click.option("--resume", type=click.Path(), help="Go on with the interrupted comparison in this folder.")
@click.option("--inject", "seed", type=click.IntRange(min=0), metavar="SEED", help="Compare devices with known faults.")
@click.option("--against", type=click.Path(), help="Say what changed since the comparison in this folder.")
def compare_command(
    config: str, by: str | None, as_json: bool, csv_path: str | None, out: str | None, force: bool, yes: bool,
    resume: str | None, against: str | None, seed: int | None,
) -> None:  # fmt: skip
    """Run the same circuits on every backend of the run file CONFIG and measure what they give.

    CONFIG may also be the folder of a comparison that kept its outcomes (retain_raw): they are measured again, and
    nothing is run.

    With --inject, simulated devices with one fault each, all drawn from SEED, take the place of its backends: what of
    their faults is found, and whether more is bounded than they have. They cost nothing.
    """
    if seed is not None and (resume or Path(config).is_dir()):
        raise click.UsageError("--inject begins a comparison of its own: leave out --resume, and give a run file")
    if csv_path is not None:
        require_new(csv_path, force=force)
        require_writable(csv_path)
    trial = None if seed is None else _trial(config, seed)
    if Path(config).is_dir():
        made, folder = _again(Path(config), by, out, resume, against, force=force)
    else:
        made, folder = _run(trial or config, by, out, resume, against, force=force, yes=yes)
    if csv_path is not None:
        from qrng_hub.reports.comparison_files import csv_of, qubit_rows

        write_private(csv_path, csv_of(qubit_rows(made)).encode())
    _show(made, folder, trial, as_json=as_json)
    if all(row.measures is None for row in made.backends):
        raise SystemExit(1)


def _trial(config: str, seed: int) -> FaultTrial:
    from qrng_hub.testing import FaultTrial  # few comparisons are of made faults

    return FaultTrial(load_run_file(config), seed, SystemClock())


def _show(made: Comparison, folder: Path, trial: FaultTrial | None, *, as_json: bool) -> None:
    verdicts = [] if trial is None else list(trial.verdicts(made))
    if as_json and trial is None:
        click.echo(made.model_dump_json(indent=2))
    elif as_json:
        injected = [one.model_dump(mode="json") for one in verdicts]
        click.echo(json.dumps({"injected": injected, "comparison": made.model_dump(mode="json")}, indent=2))
    else:
        tables.show_comparison(made, folder)
        if trial is not None:
            show_verdicts(verdicts)


def _run(
    config: str | FaultTrial, by: str | None, out: str | None, resume: str | None, against: str | None,
    *, force: bool, yes: bool,
) -> tuple[Comparison, Path]:  # fmt: skip
    """Runs, or goes on with, a comparison."""
    run_file = load_run_file(config) if isinstance(config, str) else config.run_file
    if resume and out:
        raise ConfigError("--resume goes on in the folder it names: leave --out away")
    chosen = resume or out or (run_file.compare.out if run_file.compare else None)
    folder = Path(chosen) if chosen else new_folder()
    earlier = load_comparison(Path(against)) if against else None
    adapters = () if isinstance(config, str) else (config.adapter,)
    place = Place(folder, is_resumed=resume is not None, is_replaced=force)
    return compare_in(place, run_file, by, earlier, adapters, yes=yes), folder


def new_folder() -> Path:
    """Names a folder of its own for a comparison."""
    return state_folder() / "comparisons" / uuid.uuid4().hex[:12]


def compare_in(
    place: Place, run_file: RunFile, by: str | None = None, earlier: Comparison | None = None,
    adapters: Sequence[Adapter] = (), *, yes: bool = False,
) -> Comparison:  # fmt: skip
    """Runs a comparison and saves it; its folder has the run file without what may hold a password."""
    if not place.is_resumed or place.folder.exists():  # a misspelt one is not made
        require_writable_folder(place.folder)
    with open_hub(run_file, adapters) as hub:
        ask_before_comparing(hub, yes=yes)
        with _progress() as on_progress, _hinting(place.folder):
            made = hub.compare(by=cast("SortKey | None", by), place=place, on_progress=on_progress)
    made = with_changes(made, earlier) if earlier else made
    shown = run_file.model_dump_json(indent=2, by_alias=True, exclude_unset=True, exclude={"ledger"})
    _save(made, shown, place.folder)
    return made


def _again(
    source: Path, by: str | None, out: str | None, resume: str | None, against: str | None, *, force: bool
) -> tuple[Comparison, Path]:
    """Measures kept outcomes again, or takes the document as it stands if only changes are asked for."""
    if resume:
        raise ConfigError("--resume takes the run file, not a folder, beside it")
    kept = Store(source).has_outcomes or not against
    made = measured_again(source, cast("SortKey | None", by)) if kept else load_comparison(source)
    made = with_changes(made, load_comparison(Path(against))) if against else made
    folder = Path(out) if out else source
    if out:
        require_new(folder / DOCUMENT, force=force)
    _save(made, _config_of(source), folder)
    return made, folder


def _config_of(folder: Path) -> str:
    """Reads what a comparison was run with; "{}" if that is not kept."""
    config = folder / "config.json"
    try:
        return config.read_text(encoding="utf-8") if config.exists() else "{}"
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{config} cannot be read: {error}") from error


def _save(made: Comparison, config: str, folder: Path) -> None:
    from qrng_hub.reports.comparison_files import save_comparison

    save_comparison(made, config, folder)


@contextmanager
def _hinting(folder: Path) -> Iterator[None]:
    """Says how to go on with what was interrupted."""
    try:
        yield
    except (KeyboardInterrupt, RunInterruptedError):
        click.echo(f"interrupted: go on with --resume {folder}", err=True)
        raise


@contextmanager
def _progress() -> Iterator[Callable[[Compared], None]]:
    """Shows on stderr, on a terminal only, how far each backend is."""
    if not sys.stderr.isatty():
        yield lambda _compared: None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        tasks: dict[str, TaskID] = {}

        def show(compared: Compared) -> None:
            if compared.address not in tasks:
                tasks[compared.address] = bars.add_task(compared.address)
            bars.update(tasks[compared.address], total=compared.of, completed=compared.done)

        yield show
