"""The shipped run files of certified runs, as their users run them: each level on each backend, to a signed receipt.

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
CONFIGS = Path(__file__).parents[2] / "configs"
FILES = {"L3": "certified-source-independent.toml", "L4": "certified.toml", "L5": "certified-mermin.toml"}
BACKENDS = ("cirq:simulator", "cirq:qvm/willow_pink", "ibm:snapshot/fez")
#: the others take the better part of a minute: the virtual machine prepares its circuits anew for each of 300 settings
QUICK = [(level, backend) for level in FILES for backend in BACKENDS[::2] if (level, backend) != ("L4", BACKENDS[2])]


def with_one_backend(folder: Path, level: str, backend: str) -> Path:
    """Writes a shipped run file with one of its backends alone."""
    head, *tables = (CONFIGS / FILES[level]).read_text().split("[[backend]]")
    (own,) = [table for table in tables if f'"{backend}"' in table]
    path = folder / "run.toml"
    path.write_text(f"{head}[[backend]]{own}")
    return path


def qrng(*arguments: str | Path) -> str:
    done = subprocess.run([QRNG, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def require_a_bound_and_no_credit(config: Path, out: Path, level: str, *backends: str) -> None:
    """Runs a file: every backend has to give a certificate, and the receipt has to hold."""
    printed = qrng("run", config, "--out", out)
    (path,) = re.findall(r"^receipt (\S+)$", printed, re.MULTILINE)
    receipt: dict[str, Any] = json.loads(Path(path).read_text())["receipt"]
    sources = receipt["sources"]
    assert tuple(source["address"] for source in sources) == backends
    assert all(source["certified"][0]["certificate"]["certified_bits"] > 592 for source in sources)
    assert receipt["bound"]["certified_bits"] == pytest.approx(max(source["bound_bits"] for source in sources))
    assert (receipt["bound"]["level"], receipt["credit"]["bits"], receipt["origin"]) == (level, 0, "simulator")
    assert re.search(r"^bound: [\d,]+ bits certified \(what the outcomes would certify if", printed, re.MULTILINE)
    assert re.search(r"^credited: 0 of 512 bits \(every source is a simulator", printed, re.MULTILINE)
    assert out.stat().st_size == 64
    verified = qrng("verify", path, "--data", out)
    assert "bits certified if hardware's, reckoned anew from the counts" in verified
    assert "0 bits credited" in verified


@pytest.mark.parametrize(("level", "backend"), QUICK)
def test_a_level_runs_on_a_backend_to_a_signed_receipt_with_a_bound_and_no_credit(
    tmp_path: Path, level: str, backend: str
) -> None:
    require_a_bound_and_no_credit(with_one_backend(tmp_path, level, backend), tmp_path / "out", level, backend)


@pytest.mark.slow
@pytest.mark.parametrize("level", FILES)
def test_a_shipped_file_runs_its_level_on_all_three_backends(tmp_path: Path, level: str) -> None:
    require_a_bound_and_no_credit(CONFIGS / FILES[level], tmp_path / "out", level, *BACKENDS)


@pytest.mark.parametrize("name", FILES.values())
def test_a_shipped_file_is_as_it_should_be(name: str) -> None:
    assert f"{name}: fine, 3 backend(s), 64 bytes" in qrng("config", "check", CONFIGS / name)
