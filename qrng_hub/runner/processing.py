"""What is made of a job's outcomes: credited and conditioned, here or wherever an executor runs it."""

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
from qrng_hub.errors import InsufficientEntropyError
from qrng_hub.extractors import condition, shots_per_output
from qrng_hub.files import write_private
from qrng_hub.protocols import Superposition
from qrng_hub.records import BlockYield, EntropyCredit, Job, RawBlock
from qrng_hub.registry import Registry


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


@dataclass(frozen=True, slots=True)
class Processing:
    """Collects and processes what jobs gave, on an executor.

    `adapters` are the tables `[adapters]` of the run file as JSON, if other processes may collect with
    them; `raw_folder` is where to keep raw outcomes, if they are kept.
    """

    executor: Executor
    adapters: str | None = None
    raw_folder: Path | None = None

    def start(self, adapter: Adapter, job: Job) -> Future[tuple[BlockYield, ...]]:
        """Begins to collect and process a job."""
        if isinstance(self.executor, (Inline, ThreadPoolExecutor)):
            return self.executor.submit(lambda: processed(self._collected(adapter, job)))
        if self.adapters is not None and self.raw_folder is None and adapter.is_remote(job.spec.backend_name):
            return self.executor.submit(collected, self.adapters, job)
        return self.executor.submit(processed, self._collected(adapter, job))

    def _collected(self, adapter: Adapter, job: Job) -> tuple[RawBlock, ...]:
        blocks = adapter.collect(job)
        if self.raw_folder is not None:
            for block in blocks:
                retain(block, self.raw_folder)
        return blocks


def processed(blocks: Sequence[RawBlock]) -> tuple[BlockYield, ...]:
    """Credits and conditions blocks; raises `EntropyError` if one gives nothing."""
    return tuple(_processed(block) for block in blocks)


def collected(adapters: str, job: Job) -> tuple[BlockYield, ...]:
    """Collects and processes a job in a process that has no hub; its credentials are the process's own."""
    adapter, _ = _registry(adapters).resolve(job.spec.address)
    return processed(adapter.collect(job))


@lru_cache(maxsize=4)
def _registry(adapters: str) -> Registry:
    return Registry(json.loads(adapters), SystemClock())


def _processed(block: RawBlock) -> BlockYield:
    credit = Superposition().credit(block)
    return BlockYield(block=block.summary(), credit=credit, output=_conditioned(block, credit))


def _conditioned(block: RawBlock, credit: EntropyCredit) -> bytes:
    """Hashes a block down; raises `InsufficientEntropyError` if it does not even give one output."""
    output = condition(block.outcomes, shots_per_output(credit.estimated_bits_per_shot))
    if not output:
        carried = credit.estimated_bits_per_shot * block.shots
        raise InsufficientEntropyError(
            f"{block.address}: {block.shots} shots of {len(block.qubits)} qubits carry {carried:.0f} estimated bits,"
            " and an output needs 576 in whole shots; ask for more shots or more qubits"
        )
    return output


def retain(block: RawBlock, folder: Path) -> Path:
    """Writes a block's packed outcomes, which are secrets, to a .npy file of mode 0600 named by its SHA-256."""
    file = io.BytesIO()
    np.save(file, block.outcomes, allow_pickle=False)
    return write_private(folder / f"{block.sha256}.npy", file.getvalue())
