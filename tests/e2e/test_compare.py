"""`qrng compare` as its users run it, on the shipped example with fewer shots and repeats."""

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qrng_hub.records import Comparison

QRNG = Path(sys.executable).with_name("qrng")
EXAMPLE = Path(__file__).parents[2] / "configs" / "compare.toml"
TWO = """
version = 1
[compare]
shots = 2048
repeats = 2
[[backend]]
address = "local:stim"
qubits = 16
[[backend]]
address = "local:nosuch"
"""


def qrng(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([QRNG, *arguments], capture_output=True, cwd=folder, timeout=300, env=os.environ)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Runs the example once, with less of everything, and returns its document and folder."""
    folder = tmp_path_factory.mktemp("compare")
    text = EXAMPLE.read_text().replace("shots = 4096", "shots = 1024").replace("repeats = 3", "repeats = 2")
    (folder / "compare.toml").write_text(text.replace("qubits = 100", "qubits = 20"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QRNG_STATE_DIR", str(folder / "state"))
        done = qrng("compare", "compare.toml", "--json", "--by", "time", "--out", "results", folder=folder)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout), folder / "results"


def test_the_example_compares_at_least_twelve_backends(example: tuple[dict[str, Any], Path]) -> None:
    document, _ = example
    rows = document["backends"]
    assert len(rows) >= 12
    assert {row["failure"] for row in rows} == {""}
    assert {row["address"] for row in rows} > {"local:stim", "cirq:qvm/weber", "ibm:snapshot/fez", "braket:braket_sv"}
    assert {len(row["repeats"]) for row in rows} == {2}
    assert {row["totals"]["credited_bits"] for row in rows} == {0}
    assert all(0 < row["totals"]["extractable_bits"] < row["totals"]["bounded_bits"] for row in rows)
    seconds = [row["totals"]["seconds_per_bounded_mbit"] for row in rows]
    assert seconds == sorted(seconds)
    assert len(document["differences"]) == len(rows) * (len(rows) - 1) // 2
    assert "deterministic generator" in document["summary"][2]


def test_the_folder_holds_config_document_digests_and_qubits(example: tuple[dict[str, Any], Path]) -> None:
    document, folder = example
    assert json.loads((folder / "comparison.json").read_text()) == document
    assert Comparison.model_validate(document).model_dump(mode="json") == document
    assert json.loads((folder / "config.json").read_text())["compare"]["repeats"] == 2
    blocks = list(csv.DictReader((folder / "blocks.csv").read_text().splitlines()))
    digests = {one["block_sha256"] for row in document["backends"] for one in row["repeats"]}
    assert {block["block_sha256"] for block in blocks} == digests
    assert len(digests) == len(blocks) == 2 * len(document["backends"])
    qubits = list(csv.DictReader((folder / "qubits.csv").read_text().splitlines()))
    assert len(qubits) == sum(len(row["measures"]["qubits"]) for row in document["backends"])
    assert all(float(one["p_one_low"]) <= float(one["p_one"]) <= float(one["p_one_high"]) for one in qubits)
    assert "All data are simulated" in (folder / "report.html").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_prints_a_row_a_backend_and_the_reason_of_one_that_fails(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(TWO)
    done = qrng("compare", "two.toml", "--csv", "qubits.csv", folder=tmp_path)
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    row = next(line for line in text.splitlines() if line.startswith("local:stim")).split()
    assert row[1:4] == ["simulator", "16", "4,096"]
    assert "local:nosuch: UnknownBackendError" in text
    assert "credit is 0" in text
    assert len((tmp_path / "qubits.csv").read_text().splitlines()) == 17


def test_fails_if_every_backend_does_and_never_writes_a_password(tmp_path: Path) -> None:
    secret = f"sqlite:///{tmp_path}/hunter2.db"
    (tmp_path / "none.toml").write_text(
        f'version = 1\n[ledger]\nurl = "{secret}"\n[compare]\nout = "results"\n[[backend]]\naddress = "local:nosuch"\n'
    )
    assert qrng("compare", "none.toml", folder=tmp_path).returncode == 1
    assert not [path for path in (tmp_path / "results").iterdir() if "hunter2" in path.read_text()]


def test_a_pattern_is_for_comparisons_only(tmp_path: Path) -> None:
    (tmp_path / "many.toml").write_text('version = 1\n[compare]\n[[backend]]\naddress = "local:*"\n')
    refused = qrng("run", "many.toml", folder=tmp_path)
    assert (refused.returncode, b"only qrng compare" in refused.stderr) == (2, True)
