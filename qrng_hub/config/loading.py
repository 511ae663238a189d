"""The run file: TOML -> checked settings, with the file and line of what is wrong."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qrng_hub.config.settings import LedgerSettings, RunFile
from qrng_hub.errors import ConfigError, UnknownNameError
from qrng_hub.files import state_folder
from qrng_hub.integers import as_python
from qrng_hub.validation import Path as KeyPath
from qrng_hub.validation import decimal_of, key_path, nearest, validated


def load_run_file(path: str | Path) -> RunFile:
    """Reads and checks a run file; raises `ConfigError` with file, line or key, and what was expected."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = tomllib.loads(text, parse_float=decimal_of)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `qrng config init` copies an example") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: this is not UTF-8 text: save it as UTF-8") from error
    except (ValueError, RecursionError) as error:  # integers of thousands of digits, tables in tables without end
        raise ConfigError(f"{path}: this is not TOML: {error}") from error
    return _checked(
        values, place=lambda keys: ": ".join([f"{path}{_line_of(text, keys)}", *filter(None, [key_path(keys)])])
    )


def run_file_from(values: Mapping[str, Any]) -> RunFile:
    """Checks a run file given as a mapping; raises `ConfigError`."""
    return _checked(values, place=key_path)


def with_budget(run_file: RunFile, usd: Decimal | None) -> RunFile:
    """Returns the run file with another `budget.usd`, if one is given; raises `ConfigError` if it may not be so."""
    if usd is None:
        return run_file
    values = run_file.model_dump(by_alias=True, exclude_unset=True)
    return run_file_from(values | {"budget": values.get("budget", {}) | {"usd": usd}})


def ledger_url(settings: LedgerSettings) -> str:
    """Returns the database URL of the ledger; raises `ConfigError` if it is to be in a variable that is not set."""
    if settings.url_env and settings.url:
        raise ConfigError("ledger: set url or url_env, not both")
    if settings.url_env and not os.environ.get(settings.url_env):
        raise ConfigError(f"ledger.url_env: the environment variable {settings.url_env} is not set")
    url = os.environ[settings.url_env] if settings.url_env else settings.url
    return url or "sqlite:///" + quote(str(state_folder() / "ledger.db"))


def example(name: str) -> str:
    """Reads a run file that ships with the package; raises `UnknownNameError`."""
    shipped = Path(__file__).parents[1] / "configs"
    folder = shipped if shipped.is_dir() else Path(__file__).parents[2] / "configs"
    names = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in names:
        raise UnknownNameError(f"there is no example {name!r}{nearest(name, names)}")
    return (folder / f"{name}.toml").read_text(encoding="utf-8")


def _checked(values: Mapping[str, Any], place: Any) -> RunFile:
    if values.get("version", 1) != 1:
        raise ConfigError(
            f"{place(['version'])}: this release reads version 1, not {values['version']!r}; upgrade qrng-hub"
        )
    try:
        return validated(RunFile, _plain(values), place=place)
    except RecursionError as error:
        raise ConfigError(f"{place([])}: its tables and lists nest too deeply") from error


def _plain(value: Any) -> Any:
    """Turns the `Decimal`s of opaque tables, which JSON does not have, into floats."""
    if not isinstance(value, Mapping):
        return value
    opaque = {"adapters", "options", "sweep", "certificate"}
    return {key: _floats(item) if key in opaque else _plain_items(item) for key, item in value.items()}


def _plain_items(value: Any) -> Any:
    """Takes the items of a list, and whole numbers of numpy's, which a run file given as a mapping may hold."""
    if isinstance(value, list | tuple):
        return [_plain_items(item) for item in value]
    return _plain(as_python(value))


def _floats(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case list():
            return [_floats(item) for item in value]
        case dict():
            return {key: _floats(item) for key, item in value.items()}
    return as_python(value)


def _line_of(text: str, path: KeyPath) -> str:
    """Finds the line of a key, or of the table it is missing from; '' if it is written otherwise."""
    table, wanted = list(path[:-1]), str(path[-1]) if path else ""
    here: list[str | int] = []
    found = ""
    arrays: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([\w.-]+)\s*\]", line):
            here = _table(header[2], is_array=header[1] == "[[", arrays=arrays)
            found = f", line {number}" if here in (table, list(path)) else found
        elif here == table and re.match(rf"\s*{re.escape(wanted)}\s*=", line):
            return f", line {number}"
    return found


def _table(name: str, *, is_array: bool, arrays: dict[str, int]) -> list[str | int]:
    """Gives the key path of a table header; a table below an array belongs to its latest element."""
    if is_array:
        arrays[name] = arrays.get(name, -1) + 1
    first, *rest = name.split(".")
    return [first, arrays[first], *rest] if first in arrays else [first, *rest]
