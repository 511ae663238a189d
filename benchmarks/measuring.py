"""What the benchmarks share: paired medians, CPU time of a process, and what machine this is."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping


def machine() -> dict[str, object]:
    """Says on what the figures were measured."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - a device, not a file of ours
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}


def cpu_seconds(command: list[str], environment: Mapping[str, str] | None = None) -> float:
    """Returns the user and system seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wall_seconds(run: Callable[[], object]) -> float:
    """Returns the seconds that a call takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def median_each(rounds: int, **runs: Callable[[], float]) -> dict[str, float]:
    """Measures every run in turn, A B C A B C ..., after one round that is not counted; returns medians."""
    seen: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            value = run()
            if number:
                seen[name].append(value)
    return {name: statistics.median(values) for name, values in seen.items()}


def paired(rounds: int, ours: Callable[[], object], theirs: Callable[[], object]) -> dict[str, float]:
    """Times two calls in turn, after one round that is not counted.

    Returns the median seconds of each and the median of the ratios, ours to theirs, pair by pair.
    """
    for run in (ours, theirs):
        run()
    pairs = []
    for number in range(rounds):
        first, second = (ours, theirs) if number % 2 else (theirs, ours)
        times = {run: wall_seconds(run) for run in (first, second)}
        pairs.append((times[ours], times[theirs]))
    return {
        "hub_seconds": statistics.median(mine for mine, _ in pairs),
        "sdk_seconds": statistics.median(other for _, other in pairs),
        "ratio": round(statistics.median(mine / other for mine, other in pairs), 3),
    }


PYTHON = sys.executable
