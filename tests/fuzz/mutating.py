"""Damages files as people, programs and disks damage them: by their structure, their text and their bytes."""

from __future__ import annotations

import json
import re
import struct
import tomllib
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from random import Random
from typing import Any

_DEEP: Any = []
for _ in range(300):
    _DEEP = [_DEEP]
#: what stands where something else is expected
_ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e-320, 1e308, float("nan"),
    float("inf"), float("-inf"), "", " ", "0", "1e999", "nan", "NaN", "-1", "9" * 5000, "x" * 10_000, "\x00",
    "\x1b[31m\x07\x9b", "a\r\nb", "\u202eabc", "\ud800", "\u0661", "\U0001f600", "../../x", "/", "local:stim",
    [], [[]], [0], [None] * 3, {}, {"": 0}, {"a": {"a": 1}}, _DEEP,
)  # fmt: skip
_ODD_WORDS = [
    b"", b"null", b"true", b"-1", b"0", b"2", b"1e400", b"-0", b"nan", b"inf", b"1_0", b"0x1f", b"9" * 25, b"9" * 5000,
    b"0.0000001", b'"', b"'", b"[]", b"{}", b"[" * 400, b"[" * 970 + b"]" * 970,
    *(b"[" * depth + b"1" + b"]" * depth for depth in (40, 200, 320, 440, 470, 490)), b"[" * 100_000, b'{"a":' * 400,
    b"\x00", b"\x1b[2J", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\\ud800", b"\xef\xbb\xbf", b"\r", b"\x85",
    b"2026-13-45", b"1979-05-27T07:32:00Z", b"#", b"=", b",", b"x" * 70_000,
]  # fmt: skip
_WORD = re.compile(rb"[0-9.eE+-]+|[A-Za-z_]+|\"[^\"\n]*\"")


def mutate(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Damages a file once or a few times; `others` are files that could stand in its place."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        ways: list[Callable[[bytes, Sequence[bytes], Random], bytes]] = [_words, _lines, _bytes]
        if data.lstrip()[:1] in (b"{", b"[") and data.lstrip()[:2] != b"[[":
            ways += [_document] * 5
        if data.startswith(b"\x93NUMPY"):
            ways += [_header] * 4
        if _is_toml(data):
            ways += [_run_file] * 5
        data = random.choice(ways)(data, others, random)
    return data


def _is_toml(data: bytes) -> bool:
    return b"version = 1" in data[:4096] or b"[[prices]]" in data


def _document(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Alters a JSON document, or each of several, one a line."""
    try:
        document = json.loads(data)
        return json.dumps(_altered(document, random), ensure_ascii=random.random() < 0.8).encode(errors="surrogatepass")
    except (ValueError, RecursionError):
        return _words(data, others, random)


def _run_file(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Alters what a TOML file says."""
    try:
        document = _altered(tomllib.loads(data.decode()), random)
        if not isinstance(document, dict):
            return _toml(document).encode(errors="surrogatepass")
        lines = [f"{json.dumps(key)} = {_toml(value)}" for key, value in document.items()]
    except (ValueError, RecursionError):
        return _words(data, others, random)
    return "\n".join(lines).encode(errors="surrogatepass")


def _toml(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case datetime() | date() | time():
            return value.isoformat()
        case None:
            return '"null"'
        case float():
            return repr(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else json.dumps(value)


def _altered(value: Any, random: Random) -> Any:
    """Alters one value of a document, somewhere in it."""
    if isinstance(value, str) and value[:1] in ("{", "[") and random.random() < 0.8:
        return _document(value.encode(errors="replace"), (), random).decode(errors="replace")
    if not isinstance(value, dict | list) or not value or random.random() < 0.1:
        return _retyped(value, random)
    return _altered_table(value, random) if isinstance(value, dict) else _altered_list(value, random)


def _altered_table(value: dict[str, Any], random: Random) -> dict[str, Any]:
    value = dict(value)
    key = random.choice(list(value))
    match random.randrange(12):
        case 0:
            del value[key]
        case 1:
            value[random.choice(["", key.upper(), key + "\x1b", "__class__", "é", "version", "a.b"])] = value[key]
        case 2:
            value[random.choice(list(value))] = value[key]
        case _:
            value[key] = _altered(value[key], random)
    return value


def _altered_list(value: list[Any], random: Random) -> list[Any]:
    at = random.randrange(len(value))
    match random.randrange(10):
        case 0:
            return value[:at] + value[at + 1 :]
        case 1:
            return value + value[at:]
        case 2:
            return [*value[:at], random.choice(_ODD), *value[at:]]
        case 3:
            return value[::-1]
    return [*value[:at], _altered(value[at], random), *value[at + 1 :]]


def _retyped(value: Any, random: Random) -> Any:
    """Puts something else in the place of a value: its text, a list of it, a near or an odd value."""
    near: list[Any] = [str(value), [value], {"a": value}]
    if isinstance(value, int | float) and not isinstance(value, bool):
        near += [-value, value * 2, value + 1, value / 3 if abs(value) < 1e300 else 0, value * 10**6]
    if isinstance(value, str) and value:
        at = random.randrange(len(value))
        near += [value[:at], value[:at] + random.choice("0aZ \n\x7f\u2028é") + value[at + 1 :], value * 3]
    return random.choice(near if random.random() < 0.4 else _ODD)


def _words(data: bytes, _others: Sequence[bytes], random: Random) -> bytes:
    """Puts an odd word in the place of one of the first words of a text, or of any."""
    found = [match.span() for match in _WORD.finditer(data[:20_000])]
    start, end = random.choice(found or [(0, 0)])
    return data[:start] + random.choice(_ODD_WORDS) + data[end:]


def _lines(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Drops, repeats, swaps or ends lines as another system does."""
    lines = data.splitlines(keepends=True) or [b""]
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines = [line.rstrip(b"\r\n") + random.choice((b"\r\n", b"\r", b"\n\n", b"\x0b")) for line in lines]
        case 4:
            lines[at] = b"," * 3 + lines[at].strip() + b",\n"
        case 5:
            lines.insert(at, random.choice(random.choice(others or [data]).splitlines(keepends=True) or [b""]))
    return b"".join(lines)


def _bytes(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Truncates, splices, flips and recodes bytes."""
    at = random.randrange(len(data) + 1)
    end = min(len(data), at + random.choice((1, 2, 8, 100, 5000)))
    other = random.choice(others or [data])
    flipped = bytes([data[at] ^ 1 << random.randrange(8)]) if at < len(data) else b"x"
    ways: Sequence[Callable[[], bytes]] = (
        lambda: data[:at],
        lambda: data[at:],
        lambda: data[:at] + data[end:],
        lambda: data[:end] + data[at:],
        lambda: data[:at] + random.randbytes(random.choice((1, 4, 64))) + data[end:],
        lambda: data[:at] + other[at:],
        lambda: other,
        lambda: data.decode("latin-1").encode(random.choice(("utf-16", "utf-8-sig", "utf-32-le", "utf-7"))),
        lambda: random.choice((b"", b"\x00" * 100, b"\n", data * 2)),
        lambda: data[:at] + flipped + data[at + 1 :],
    )
    return random.choice(ways)()


def _header(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Alters the header of an .npy file, and mostly keeps its stated length right."""
    if len(data) < 12:
        return _bytes(data, others, random)
    end = 10 + struct.unpack("<H", data[8:10])[0]
    header, body = data[10:end], data[end:]
    swaps = {
        b"|u1": (b"|b1", b"|O", b"<f8", b">u4", b"<U4", b"|S0", b"|V9", b"<M8[ns]", b"<c16"),
        b"False": (b"True", b"None", b"0"),
        b"(": (b"(-1,", b"(0,", b"(1,", b"(10**9,", b"(9999999999999,", b"((", b"(True,", b"(1.5,", b"(2,2,"),
        b"'descr'": (b"'other'", b"1", b"''"),
    }
    old = random.choice(list(swaps))
    header = header.replace(old, random.choice(swaps[old]), 1)
    if random.random() < 0.3:
        header = _words(header, others, random)
    length = len(header) if random.random() < 0.9 else random.randrange(65_536)
    return data[:8] + struct.pack("<H", min(length, 65_535)) + header + body
