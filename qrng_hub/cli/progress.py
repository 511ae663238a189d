"""The progress display of a run, on stderr: one line a backend."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from qrng_hub.config import RunFile
from qrng_hub.runner import Progress


@contextmanager
def progress_display(run_file: RunFile) -> Iterator[Callable[[Progress], None]]:
    """Shows how far each backend is while the block runs; on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {one.address: bars.add_task(one.address, note="waiting") for one in run_file.backends}
        lock = threading.Lock()

        def on_progress(progress: Progress) -> None:
            with lock:
                if progress.address not in tasks:
                    tasks[progress.address] = bars.add_task(progress.address, note="")
                task = tasks[progress.address]
            bars.update(task, total=progress.bytes_wanted, completed=progress.bytes_done, note=_note(progress))

        yield on_progress


def _note(progress: Progress) -> str:
    return progress.note or f"{progress.bytes_done:,} of {progress.bytes_wanted:,} bytes"
