"""`qrng compare`: which machine gives how much bounded entropy, how fast, for how much, and how sure that is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast, get_args

import click

from qrng_hub.cli import tables
from qrng_hub.cli.opening import open_hub
from qrng_hub.config import RunFile, SortKey, load_run_file
from qrng_hub.files import require_writable, require_writable_folder, state_folder, write_private
from qrng_hub.records import Comparison
from qrng_hub.runner import Compared


@click.command("compare")
@click.argument("config", type=click.Path())
@click.option("--by", type=click.Choice(get_args(SortKey)), help="Sort by this.  [default: compare.by, or entropy]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--csv", "csv_path", type=click.Path(), help="Also write the table of all qubits to this file.")
@click.option("--out", type=click.Path(), help="The folder for the results.  [default: compare.out]")
def compare_command(config: str, by: str | None, as_json: bool, csv_path: str | None, out: str | None) -> None:
    """Run the same circuits on every backend of the run file CONFIG and measure what they give."""
    run_file = load_run_file(config)
    chosen = out or (run_file.compare.out if run_file.compare else None)
    if csv_path is not None:
        require_writable(csv_path)
    require_writable_folder(Path(chosen) if chosen else state_folder() / "comparisons")
    with open_hub(run_file) as hub, _progress() as on_progress:
        comparison = hub.compare(by=cast("SortKey | None", by), on_progress=on_progress)
    folder = Path(chosen) if chosen else state_folder() / "comparisons" / comparison.comparison_id
    _save(comparison, run_file, folder, csv_path)
    if as_json:
        click.echo(comparison.model_dump_json(indent=2))
    else:
        tables.show_comparison(comparison, folder)
    if all(row.measures is None for row in comparison.backends):
        raise SystemExit(1)


def _save(comparison: Comparison, run_file: RunFile, folder: Path, csv_path: str | None) -> None:
    """Writes the folder, without the ledger's URL, which may hold a password, and the table of qubits."""
    from qrng_hub.reports.comparison_files import csv_of, qubit_rows, save_comparison

    config = run_file.model_dump_json(indent=2, by_alias=True, exclude_unset=True, exclude={"ledger"})
    save_comparison(comparison, config, folder)
    if csv_path is not None:
        write_private(csv_path, csv_of(qubit_rows(comparison)).encode())


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
