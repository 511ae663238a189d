"""Warnings that point at the line of whoever called the library, from any depth of it and from its threads."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")
#: this library and its adapters, and the modules of Python's through which a caller may come to them
_WITHIN = frozenset({"qrng_hub", "contextlib", "random", "secrets"})


@dataclass(frozen=True, slots=True)
class _Caller:
    """A line of code outside the library, and the names of its module."""

    file: str
    line: int
    module: dict[str, Any]


_caller: ContextVar[_Caller | None] = ContextVar("qrng_hub_caller", default=None)


def warn(message: str, category: type[Warning]) -> None:
    """Warns as `warnings.warn` does, at the line that called the library."""
    caller = _caller.get() or _found()
    registry = caller.module.setdefault("__warningregistry__", {})
    name = str(caller.module.get("__name__", "<unknown>"))
    warnings.warn_explicit(message, category, caller.file, caller.line, name, registry)


def on_behalf(run: Callable[Given, Result]) -> Callable[Given, Result]:
    """Binds what is to run in another thread to whoever calls now: its warnings are at that line."""
    return partial(_run, _caller.get() or _found(), run)


def _run(caller: _Caller, run: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
    token = _caller.set(caller)
    try:
        return run(*args, **kwargs)
    finally:
        _caller.reset(token)


def _found() -> _Caller:
    """Finds the nearest line outside the library; where there is none, the outermost."""
    frame: FrameType = sys._getframe(1)
    while frame.f_back is not None and _is_within(frame):
        frame = frame.f_back
    return _Caller(frame.f_code.co_filename, frame.f_lineno, frame.f_globals)


def _is_within(frame: FrameType) -> bool:
    root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return root in _WITHIN or root.startswith("qrng_hub_")
