"""What is made of a job's outcomes: tested, credited and extracted, here or wherever an executor runs it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from qrng_hub.adapter import Adapter
from qrng_hub.clock import SystemClock
from qrng_hub.files import write_private
from qrng_hub.protocols import Recipe, protocol_of
from qrng_hub.records import BlockYield, Job, RawBlock
from qrng_hub.registry import Registry
from qrng_hub.runner.cluster import require_private


class Inline(Executor):
    """Runs everything at once, in the caller's thread."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        """Runs a call and returns its result, or its error, as a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **more))
        except Exception as error:  # noqa: BLE001 - the future raises it again
            future.set_exception(error)
        return future


def in_this_process(executor: Executor) -> bool:
    """Whether an executor runs its calls in this process."""
    return isinstance(executor, (Inline, ThreadPoolExecutor))


@dataclass(frozen=True, slots=True)
class Processing:
    """Collects and processes what jobs gave, on an executor.

    `adapters` are the tables `[adapters]` of the run file as JSON, if other processes may collect with
    them; `raw_folder` is where to keep raw outcomes, if they are kept.
    """

    executor: Executor
    adapters: str | None = None
    raw_folder: Path | None = None

    def start(self, adapter: Adapter, jobs: Sequence[Job], recipe: Recipe) -> Future[BlockYield]:
        """Begins to collect and process a job, or the jobs of a run together."""
        if in_this_process(self.executor):
            return self.executor.submit(lambda: processed(jobs, self._collected(adapter, jobs), recipe))
        require_private(self.executor)  # workers may have joined since it was looked at
        if self.adapters is not None and self.raw_folder is None and adapter.is_remote(jobs[0].spec.backend_name):
            return self.executor.submit(collected, self.adapters, jobs, recipe)
        return self.executor.submit(processed, jobs, self._collected(adapter, jobs), recipe)

    def _collected(self, adapter: Adapter, jobs: Sequence[Job]) -> tuple[RawBlock, ...]:
        blocks = _blocks(adapter, jobs)
        if self.raw_folder is not None:
            for block in blocks:
                retain(block, self.raw_folder)
        return blocks


def processed(jobs: Sequence[Job], blocks: Sequence[RawBlock], recipe: Recipe) -> BlockYield:
    """Makes of outcomes what the recipe's protocol does; raises an `EntropyError` if they may not be used."""
    return protocol_of(recipe.protocol).process(_as_one(jobs), blocks, recipe)


def collected(adapters: str, jobs: Sequence[Job], recipe: Recipe) -> BlockYield:
    """Collects and processes jobs in a process that has no hub; its credentials are the process's own."""
    adapter, _ = _registry(adapters).resolve(jobs[0].spec.address)
    return processed(jobs, _blocks(adapter, jobs), recipe)


def _blocks(adapter: Adapter, jobs: Sequence[Job]) -> tuple[RawBlock, ...]:
    return tuple(block for job in jobs for block in adapter.collect(job))


def _as_one(jobs: Sequence[Job]) -> Job:
    """Gives the first job the circuits of all, in their order, for that is whose outcomes are looked at."""
    circuits = tuple(circuit for job in jobs for circuit in job.spec.circuits)
    return jobs[0].model_copy(update={"spec": jobs[0].spec.model_copy(update={"circuits": circuits})})


@lru_cache(maxsize=4)
def _registry(adapters: str) -> Registry:
    return Registry(json.loads(adapters), SystemClock())


def retain(block: RawBlock, folder: Path) -> Path:
    """Writes a block's packed outcomes, which are secrets, to a .npy file of mode 0600 named by its SHA-256."""
    file = io.BytesIO()
    np.save(file, block.outcomes, allow_pickle=False)
    return write_private(folder / f"{block.sha256}.npy", file.getvalue())
