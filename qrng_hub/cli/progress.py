"""The progress display of a run, on stderr: one line a backend."""

from __future__ import annotations

import sys
import threading
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from qrng_hub.config import RunFile
from qrng_hub.runner import Progress


class Display:
    """Shows how far each backend is; nothing unless stderr is a terminal."""

    def __init__(self, run_file: RunFile) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        console, is_off = Console(stderr=True), not sys.stderr.isatty()
        self._bars = Bars(*columns, console=console, transient=True, redirect_stdout=False, disable=is_off)
        self._tasks = {one.address: self._bars.add_task(one.address, note="waiting") for one in run_file.backends}
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        """Shows how far one backend is now."""
        with self._lock:
            if progress.address not in self._tasks:
                self._tasks[progress.address] = self._bars.add_task(progress.address, note="")
            task = self._tasks[progress.address]
        self._bars.update(task, total=progress.bytes_wanted, completed=progress.bytes_done, note=_note(progress))

    def close(self) -> None:
        """Takes the display away."""
        self._bars.stop()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _note(progress: Progress) -> str:
    if progress.note:
        return progress.note
    parts = [f"{progress.bytes_done:,} of {progress.bytes_wanted:,} bytes", progress.jobs]
    return "; ".join([part for part in parts if part] + ([f"{progress.usd:.2f} USD"] if progress.usd else []))
