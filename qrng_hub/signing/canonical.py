"""The canonical form of a JSON document, by RFC 8785 (JSON Canonicalization Scheme), and a reader of what has one.

Members are sorted by the UTF-16 code units of their names, nothing is spaced, the text is UTF-8, and a number is
written as ECMAScript writes the double that it is. What two programs may read differently has no canonical form: a
name that stands twice in one object, NaN and infinities, integers beyond 2^53 - 1, lone surrogates.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

_LARGEST_INTEGER = 2**53 - 1
_MOST_NESTED = 32


def canonical(document: Any) -> bytes:
    r"""Writes a document of dicts, lists, strings, numbers, booleans and None; raises `ValueError` if it has no form.

    >>> canonical({"b": [1.0, 1e-7, "é"], "a": None})
    b'{"a":null,"b":[1,1e-7,"\xc3\xa9"]}'
    """
    return _text(document, 0).encode()


def read_json(text: bytes) -> Any:
    """Reads a document that has a canonical form; raises `ValueError`, with one sentence, for any other."""
    hooks: dict[str, Any] = {
        "object_pairs_hook": _object,
        "parse_constant": _refuse_constant,
        "parse_int": _read_integer,
    }
    try:
        document = json.loads(text.decode(), **hooks)
        canonical(document)
    except UnicodeError:
        raise ValueError("it is not text in UTF-8, or has half a character in it") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON document, or a part of one: {error}") from None
    return document


def _text(value: Any, depth: int) -> str:
    if depth > _MOST_NESTED:
        raise _too_deep()
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return _integer(value)
        case float():
            return _number(value)
        case list() | tuple():
            return "[" + ",".join(_text(item, depth + 1) for item in value) + "]"
        case dict():
            members = (f"{_text(name, depth)}:{_text(value[name], depth + 1)}" for name in sorted(value, key=_order))
            return "{" + ",".join(members) + "}"
    raise ValueError(f"a {type(value).__name__} has no form in JSON")


def _order(name: str) -> bytes:
    return name.encode("utf-16-be")


def _integer(value: int) -> str:
    if abs(value) > _LARGEST_INTEGER:
        raise _too_large()
    return str(value)


def _read_integer(text: str) -> int:
    """Reads an integer of no more digits than one may have: Python's own limit is not a sentence."""
    if len(text) > len(f"-{_LARGEST_INTEGER}"):
        raise _too_large()
    return int(text)


def _number(value: float) -> str:
    """Writes a double as Number::toString of ECMA-262, with the fewest digits that lead back to it."""
    if not math.isfinite(value):
        raise ValueError("it has a number that is infinite or none")
    if value == 0:
        return "0"
    parts = Decimal(float.__repr__(abs(value)))
    point = parts.adjusted() + 1
    digits = "".join(map(str, parts.as_tuple().digits)).rstrip("0")
    return "-" * (value < 0) + _positional(digits, point)


def _positional(digits: str, point: int) -> str:
    """Places the decimal point after the first `point` digits; far away, it is an exponent."""
    if not -6 < point <= 21:
        return digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{point - 1:+d}"
    if point <= 0:
        return "0." + "0" * -point + digits
    whole, rest = digits[:point].ljust(point, "0"), digits[point:]
    return f"{whole}.{rest}" if rest else whole


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            raise ValueError(f"the name {name!r} stands twice in one object, so that it says two things")
        found[name] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _too_deep() -> ValueError:
    return ValueError(f"it nests more than {_MOST_NESTED} deep")


def _too_large() -> ValueError:
    return ValueError("it has an integer beyond 2^53 - 1, which not every program reads alike")
