"""The shipped run file of certified runs, as its users run it: each level on each backend, to a signed receipt.

Thresholds lie five standard deviations or more below what the backends reach: 3 of 10 million runs miss them.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

QRNG = str(Path(sys.executable).with_name("qrng"))
CONFIG = Path(__file__).parents[2] / "configs" / "certified.toml"
CHSH = 'protocol = "chsh"', "score = 0.82"
#: level -> what takes the place of the lines of CHSH
LEVELS = {
    "L3": ('protocol = "source-independent"', "x_error_rate = 0.03"),
    "L4": CHSH,
    "L5": ('protocol = "mermin"', "score = 3.4\nsource_rate = 0.95"),
}
BACKENDS = ["cirq:simulator", "cirq:qvm/willow_pink", "ibm:snapshot/fez"]
#: the virtual machine prepares its circuits anew for each of 300 settings
SLOW = {(level, "cirq:qvm/willow_pink") for level in LEVELS} | {("L4", "ibm:snapshot/fez")}
CASES = [
    pytest.param(level, backend, marks=[pytest.mark.slow] if (level, backend) in SLOW else [])
    for level in LEVELS
    for backend in BACKENDS
]


def run_file(folder: Path, level: str, backend: str) -> Path:
    """Writes the shipped run file with another level, and with the backend alone."""
    text = CONFIG.read_text()
    for before, after in zip(CHSH, LEVELS[level], strict=True):
        assert text.count(f"\n{before}") == 1
        text = text.replace(f"\n{before}", f"\n{after}\n#")
    head, *tables = text.split("[[backend]]")
    (own,) = [table for table in tables if f'"{backend}"' in table]
    path = folder / "run.toml"
    path.write_text(f"{head}[[backend]]{own}")
    return path


def qrng(*arguments: str | Path) -> str:
    done = subprocess.run([QRNG, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("level", "backend"), CASES)
def test_a_level_runs_to_a_signed_receipt_with_a_bound_and_no_credit(tmp_path: Path, level: str, backend: str) -> None:
    out = tmp_path / "out"
    printed = qrng("run", run_file(tmp_path, level, backend), "--out", out)
    (path,) = re.findall(r"^receipt (\S+)$", printed, re.MULTILINE)
    receipt: dict[str, Any] = json.loads(Path(path).read_text())["receipt"]
    assert receipt["bound"]["certified_bits"] > 512
    assert receipt["bound"]["level"] == level
    assert (receipt["credit"]["bits"], receipt["origin"], receipt["sources"][0]["address"]) == (0, "simulator", backend)
    assert re.search(r"^bound: [\d,]+ bits certified \(what the outcomes would certify if", printed, re.MULTILINE)
    assert re.search(r"^credited: 0 of 512 bits \(every source is a simulator", printed, re.MULTILINE)
    assert out.stat().st_size == 64
    verified = qrng("verify", path, "--data", out)
    assert "bits certified if hardware's, reckoned anew from the counts" in verified
    assert "0 bits credited" in verified


def test_the_shipped_file_is_as_it_should_be() -> None:
    assert "certified.toml: fine, 3 backend(s), 64 bytes" in qrng("config", "check", CONFIG)
