"""What the README shows, run as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest

from qrng_hub.config import run_file_from

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)  # noqa: S102 - running it is the test
    assert len(names["key"]) == 32  # type: ignore[arg-type]


def test_the_run_file_of_the_readme_is_right() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert run_file_from(tomllib.loads(block)).backends[0].qubits == 100


def test_the_readme_names_every_command() -> None:
    from qrng_hub.cli import _COMMANDS

    assert {f"qrng {name}" for name in _COMMANDS} <= {" ".join(line.split()[:2]) for line in README.splitlines()}
