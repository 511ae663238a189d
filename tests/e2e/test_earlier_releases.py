"""What version 0.1.0 wrote is read, held and gone on with."""

import csv
import json
import tarfile
from pathlib import Path

import pytest

from commands import Done, qrng

WRITTEN = Path(__file__).parents[1] / "vectors" / "state-0.1.0" / "state.tar.gz"
UNFINISHED = "20261129T223620-63801963f27f"
CERTIFIED = "20261129T223632-f02299b0cc2f"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which 0.1.0 was used, as it was left, and the working folder of the test."""
    with tarfile.open(WRITTEN) as archive:
        archive.extractall(tmp_path / "used", filter="tar")
    monkeypatch.chdir(tmp_path / "used")
    monkeypatch.setenv("QRNG_STATE_DIR", str(tmp_path / "used" / "state"))
    return tmp_path / "used"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Done:
    done = qrng(capsys, *arguments)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.usefixtures("folder")
def test_its_ledger_is_read_and_fits_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(json.loads(run(capsys, "jobs", "--json").stdout)) == 11
    assert "everything fits" in run(capsys, "jobs", "audit").stdout


def test_its_receipts_are_printed_and_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "receipt", CERTIFIED, "--out", "again.json")
    written = (folder / "state" / "receipts" / f"{CERTIFIED}.json", folder / "receipt.json", folder / "again.json")
    for receipt in map(str, written):
        assert run(capsys, "verify", receipt).stdout.startswith("holds")
    assert run(capsys, "verify", "key.receipt.json", "--data", "key.pub").stdout.startswith("holds")


@pytest.mark.usefixtures("folder")
def test_its_pool_gives_what_is_left_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(run(capsys, "pool", "status", "--json").stdout)["bytes_left"] == 224
    assert len(bytes.fromhex(run(capsys, "pool", "take", "224").stdout)) == 224
    assert qrng(capsys, "pool", "take", "1").returncode == 1


@pytest.mark.usefixtures("folder")
def test_its_unfinished_run_is_resumed_once(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "run", "plan.toml", "--resume", UNFINISHED, "--json")
    assert json.loads(done.stdout)["receipt"]["draw_id"] == UNFINISHED
    assert qrng(capsys, "run", "plan.toml", "--resume", UNFINISHED).returncode != 0


def test_its_comparison_is_measured_again_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sums may end in another last digit where a processor adds in another order."""
    run(capsys, "compare", "comparison", "--out", "again")
    before, again = (cells(folder / name / "qubits.csv") for name in ("comparison", "again"))
    assert again == [pytest.approx(cell, rel=1e-12) if isinstance(cell, float) else cell for cell in before]


def cells(path: Path) -> list[float | str]:
    """Reads the cells of a table, row by row: numbers where they are numbers."""
    return [as_number(cell) for row in csv.reader(path.read_text().splitlines()) for cell in row]


def as_number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
