"""Imports SDKs one at a time, in a thread that never ends.

Two threads that import modules which import one another in a circle fail. And Qiskit (2.x) crashes the
process when it is used after the thread that imported it has ended.
"""

from __future__ import annotations

import importlib
import os
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from types import ModuleType


class _Importer:
    """The thread, started at the first import that is asked for in another than the main thread."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[str, Future[ModuleType]]] = SimpleQueue()
        self._one_at_a_time = threading.RLock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._known: dict[str, ModuleType] = {}

    def load(self, module: str) -> ModuleType:
        """Imports a module, or returns it if it was imported here before."""
        if module not in self._known:
            here = threading.current_thread() in (threading.main_thread(), self._thread)
            self._known[module] = self._import(module) if here else self._ask(module)
        return self._known[module]

    def _ask(self, module: str) -> ModuleType:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="qrng-import", daemon=True)
                self._thread.start()
        answer: Future[ModuleType] = Future()
        self._asked.put((module, answer))
        return answer.result()

    def _serve(self) -> None:
        while True:
            module, answer = self._asked.get()
            try:
                answer.set_result(self._import(module))
            except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that asked
                answer.set_exception(error)

    def _import(self, module: str) -> ModuleType:
        with self._one_at_a_time:
            return importlib.import_module(module)


_importer = _Importer()


def import_for_good(module: str) -> ModuleType:
    """Imports a module such that it can be used by any thread for as long as the process runs."""
    return _importer.load(module)


def _after_fork() -> None:
    """A forked process does not have the thread, and may have its lock held."""
    global _importer  # noqa: PLW0603 - one a process, and this is another process
    _importer = _Importer()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
