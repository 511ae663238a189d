"""The page on crediting, held against what it describes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qrng_hub.health import HealthReport
from qrng_hub.protocols.crediting import QubitCredit

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "crediting.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the source distribution has no docs")


def test_the_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - running it is the test
    credit, report = names["credit"], names["report"]
    assert isinstance(credit, QubitCredit) and 2.5 < credit.credited_bits_per_shot < 3
    assert isinstance(report, HealthReport) and report.tested_bits_per_qubit == (0.9, 0.9, 0.9)


def test_the_table_is_what_its_command_prints() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "crediting.py")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "| fake_cusco | 127 | 114.4 | 89.5 | 27.9 % | 80.7 |" in printed
    assert printed in PAGE.read_text()
