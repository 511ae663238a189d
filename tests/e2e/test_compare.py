"""`qrng compare` as its users run it, on the shipped example with fewer shots and repeats."""

import csv
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from qrng_hub.files import claimed
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
    (folder / "compare.toml").write_text(re.sub(r"qubits = 1\d\d", "qubits = 20", text))
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
    receipts = json.loads((folder / "receipts.json").read_text())
    assert {one["block_sha256"] for one in receipts} == digests
    assert {(one["credited_bits"], one["bytes_delivered"]) for one in receipts} == {(0.0, 0)}
    calibrations = json.loads((folder / "calibrations.json").read_text())
    assert len(calibrations["ibm:snapshot/fez"]["calibration"]) == 156
    assert calibrations["ibm:snapshot/fez"]["calibrated_utc"].startswith("2025-02")
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


def test_kept_outcomes_are_measured_again_by_one_command_and_set_against_another_comparison(tmp_path: Path) -> None:
    text = TWO.replace("[compare]", "[request]\nretain_raw = true\n[compare]")
    (tmp_path / "two.toml").write_text(text)
    (tmp_path / "other.toml").write_text(text.replace("qubits = 16", "qubits = 12"))
    assert qrng("compare", "two.toml", "--out", "first", folder=tmp_path).returncode == 0
    first = json.loads((tmp_path / "first" / "comparison.json").read_text())
    again = qrng("compare", "first", "--out", "again", "--json", folder=tmp_path)
    assert again.returncode == 0, again.stderr.decode()
    for part in ("measures", "totals", "repeats", "failure"):
        assert [row[part] for row in json.loads(again.stdout)["backends"]] == [row[part] for row in first["backends"]]
    assert (tmp_path / "again" / "qubits.csv").read_text() == (tmp_path / "first" / "qubits.csv").read_text()
    second = qrng("compare", "other.toml", "--out", "second", "--against", "first", folder=tmp_path)
    assert second.returncode == 0, second.stderr.decode()
    assert "local:stim: no qubit's share of ones is told apart from before" in second.stdout.decode()
    page = (tmp_path / "second" / "report.html").read_text()
    assert "What changed since" in page and first["comparison_id"] in page
    assert b"another run file" in qrng("compare", "other.toml", "--resume", "first", folder=tmp_path).stderr
    assert (
        b"holds the outcomes of a comparison" in qrng("compare", "two.toml", "--out", "first", folder=tmp_path).stderr
    )
    assert qrng("compare", "first", "--resume", "second", folder=tmp_path).returncode == 2


def test_the_results_of_another_comparison_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(TWO)
    (tmp_path / "other.toml").write_text(TWO.replace("qubits = 16", "qubits = 12"))
    assert qrng("compare", "two.toml", "--out", "first", folder=tmp_path).returncode == 0
    first = (tmp_path / "first" / "comparison.json").read_bytes()
    refused = qrng("compare", "other.toml", "--out", "first", folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"first holds the results of a comparison" in refused.stderr
    assert (tmp_path / "first" / "comparison.json").read_bytes() == first
    assert qrng("compare", "two.toml", "--out", "first", "--force", folder=tmp_path).returncode == 0
    assert (tmp_path / "first" / "comparison.json").read_bytes() != first
    assert qrng("compare", "other.toml", "--out", "second", folder=tmp_path).returncode == 0
    again = qrng("compare", "first", "--out", "second", "--against", "first", folder=tmp_path)
    assert (again.returncode, b"second/comparison.json is there already" in again.stderr) == (2, True)


def digests_kept(folder: Path) -> set[str]:
    """The outcomes of repeats that are described, which happens last: an end just before it leaves others."""
    return {digest for path in (folder / "raw").glob("*.json") for digest in json.loads(path.read_bytes())["digests"]}


def test_an_interrupted_comparison_says_how_to_go_on_and_goes_on(tmp_path: Path) -> None:
    """Ctrl-C once the first outcomes are kept: what was there is taken, and the rest is run."""
    (tmp_path / "many.toml").write_text(TWO.replace("repeats = 2", "repeats = 200"))
    arguments = ("compare", "many.toml", "--out", "results")
    with subprocess.Popen([QRNG, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while len(list((tmp_path / "results" / "raw").glob("*.json"))) < 3:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=300)
    assert running.returncode != 0
    assert b"go on with --resume results" in errors
    kept = digests_kept(tmp_path / "results")
    assert 3 <= len(kept) < 200
    done = qrng("compare", "many.toml", "--resume", "results", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    row = next(row for row in json.loads(done.stdout)["backends"] if not row["failure"])
    assert len(row["repeats"]) == 200
    assert kept <= {one["block_sha256"] for one in row["repeats"]}


def test_a_killed_comparison_is_gone_on_with_by_one_process_at_a_time(tmp_path: Path) -> None:
    """SIGKILL in the middle leaves what was kept, and no claim on the folder; finished, it is not run again."""
    (tmp_path / "many.toml").write_text(TWO.replace("repeats = 2", "repeats = 200"))
    folder, resume = tmp_path / "results", ("compare", "many.toml", "--resume", "results", "--json")
    with subprocess.Popen([QRNG, "compare", "many.toml", "--out", "results"], cwd=tmp_path) as running:
        while len(list((folder / "raw").glob("*.json"))) < 3:
            assert running.poll() is None
            time.sleep(0.01)
        running.kill()
    kept = digests_kept(folder)
    with claimed(folder / "comparison.lock", "it"):
        refused = qrng(*resume, folder=tmp_path)
    assert (refused.returncode, b"another process is working on" in refused.stderr) == (1, True)
    first, again = (qrng(*resume, folder=tmp_path) for _ in range(2))
    assert first.returncode == 0, first.stderr.decode()
    (row,) = (row for row in json.loads(first.stdout)["backends"] if not row["failure"])
    assert kept <= {one["block_sha256"] for one in row["repeats"]} and len(row["repeats"]) == 200
    assert again.stdout == first.stdout


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


def test_made_faults_show_what_would_be_found_and_whether_a_bound_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QRNG_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "two.toml").write_text(TWO.replace("2048", "1024"))
    shown = qrng("compare", "two.toml", "--inject", "7", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr.decode()
    text = shown.stdout.decode()
    assert re.search(r"^shots:clean +32 +\d+\.\d+ +\d+\.\d+ +holds .*a generator with no fault$", text, re.MULTILINE)
    assert "local:" not in text
    printed = qrng("compare", "two.toml", "--inject", "7", "--json", folder=tmp_path)
    document = json.loads(printed.stdout)
    rows = {row["address"] for row in document["comparison"]["backends"]}
    assert {one["address"] for one in document["injected"]} == rows > {"shots:period", "shots:clean"}
    assert {row["totals"]["credited_bits"] for row in document["comparison"]["backends"]} == {0}
    refused = qrng("compare", "two.toml", "--inject", "7", "--resume", "results", folder=tmp_path)
    assert (refused.returncode, b"--inject begins a comparison of its own" in refused.stderr) == (2, True)
