"""Checks what people write against a model, and says what is wrong in their words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from qrng_hub.errors import ConfigError
from qrng_hub.records import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)
Path = Sequence[str | int]


_SENTENCES = {
    "missing": "this key is required",
    "timezone_aware": "must say its zone, as in 2026-12-31T23:00:00Z",
    "tuple_type": "must be a list",
}


def decimal_of(text: str) -> Decimal:
    """Reads a number of a file as it is written; raises `ValueError` for an exponent that no `Decimal` has."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} is out of the range of numbers") from None


def validated(
    model: type[AnyRecord], values: Mapping[str, Any], prefix: str = "", place: Callable[[Path], str] | None = None
) -> AnyRecord:
    """Makes a `model` of `values`; raises `ConfigError` with one line a problem.

    A line begins with `place(path)`, by default the dotted path of the key below `prefix`.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        name = place or (lambda path: key_path([prefix, *path] if prefix else path))
        problems = error.errors(include_url=False, include_input=False)
        # A list whose items are all wrong is then too short as well, which nobody needs to hear.
        worth = [one for one in problems if one["type"] != "too_short" and not _is_beside(one, problems)] or problems
        lines = [f"{name(_keys_of(one['loc']))}: {_sentence(model, one)}" for one in worth]
        raise ConfigError("\n".join(lines)) from None


def first_problem(error: ValidationError) -> str:
    """Says the first thing that is wrong with a document; names in it may be anything, and are quoted."""
    problem = error.errors(include_url=False, include_input=False)[0]
    path = key_path(
        [part if isinstance(part, int) else part.encode("unicode_escape").decode() for part in problem["loc"]]
    )
    message = "unknown key" if problem["type"] == "extra_forbidden" else _in_words(problem)
    return f"{path}: {message}" if path else message


def _in_words(problem: Any) -> str:
    message: str = _SENTENCES.get(problem["type"]) or problem["msg"]
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def key_path(path: Path) -> str:
    """Writes a path as a reader of TOML would: backend[0].qubits.

    >>> key_path(["backend", 0, "qubits"])
    'backend[0].qubits'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def nearest(name: str, names: Iterable[str]) -> str:
    """Ends a message about an unknown name: with the nearest valid one, or with them all."""
    listed = list(names)
    if near := get_close_matches(name, listed, n=1):
        return f"; did you mean {near[0]!r}?"
    return f"; there is: {', '.join(listed)}" if listed else "; there is nothing to set here"


def _keys_of(path: Path) -> Path:
    """Drops from a path what pydantic adds to name the member of a union."""
    return [part for part in path if isinstance(part, int) or not re.match(r"(constrained-|tuple\[|function-)", part)]


def _is_beside(problem: Any, problems: Sequence[Any]) -> bool:
    """Whether a value that may be a number or a list was meant as the other, of which more is said."""
    path = _keys_of(problem["loc"])
    others = [_keys_of(one["loc"]) for one in problems if one is not problem]
    return any(len(one) > len(path) and one[: len(path)] == path for one in others) or (
        problem["type"] == "tuple_type" and path in others
    )


def _sentence(model: type[BaseModel], problem: Any) -> str:
    *parents, last = problem["loc"] or ("",)
    if problem["type"] == "extra_forbidden":
        return f"unknown key{nearest(str(last), _keys(_model_at(model, parents)))}"
    return re.sub(r"\b0\.\d{9,}|\b\d\.\d+e-\d+", _as_power, _in_words(problem))


def _as_power(number: re.Match[str]) -> str:
    """Writes a bound that is a tiny power of two as one: nobody counts its zeros."""
    mantissa, exponent = math.frexp(float(number[0]))
    return f"2^{exponent - 1}" if mantissa == 0.5 else number[0]


def _keys(model: type[BaseModel] | None) -> Iterator[str]:
    fields = model.model_fields if model else {}
    return (field.alias or name for name, field in fields.items())


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Finds the model that the keys under `path` belong to."""
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or found is None:
            continue
        fields = {field.alias or name: field for name, field in found.model_fields.items()}
        found = _model_in(fields[part].annotation) if part in fields else None
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
