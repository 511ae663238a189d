"""Small damaged inputs that `make fuzz` once found: each command ends with a sentence and a code, never a traceback."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from commands import qrng
from qrng_hub.cli.grid import Grid, console_of
from services.prices import price_list, serving

USED = Path(__file__).parents[1] / "vectors" / "state-0.1.0" / "state.tar.gz"


RAW = "comparison/raw/f875b09af0218ca44ba7664561e4f765e816adf13c284b05e30d8abe4b0921ac.npy"


def npy(old: bytes, new: bytes) -> bytes:
    """Writes a .npy file of two rounds, and puts something else of the same length into its header."""
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((2, 4), np.uint8))
    return buffer.getvalue().replace(old, new)


DEEP = b"[" * 490 + b"1" + b"]" * 490
HUGE = npy(b"(2, 4), }" + b" " * 10, b"(99999999999999,4)}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which version 0.1.0 was used, and the working folder of the test."""
    with tarfile.open(USED) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content", "command", "says"),
    [
        (
            "rounds.npy", npy(b"'descr'", b"1      "), "certify bell-data rounds.npy --score 0.8 --epsilon 1e-3",
            "rounds.npy is no .npy file, or it is damaged",
        ),
        ("rcs.csv", b"bitstring,probability\n0101\r0101,0.5\n", "certify rcs rcs.csv --epsilon 1e-3", "does not hold"),
        ("rcs.csv", "bitstring,\n".encode("utf-16"), "certify rcs rcs.csv --epsilon 1e-3", "does not hold"),
        ("rcs.csv", b"bitstring,probability\n" + b"0" * 200_000, "certify rcs rcs.csv --epsilon 1e-3", "does not hold"),
        ("counts.json", DEEP, "certify chsh --counts counts.json --epsilon 1e-3", "counts.json does not hold"),
        ("run.toml", b"adapters.ibm.x = " + DEEP, "config check run.toml", "run.toml"),
        (RAW, HUGE, "compare comparison --out again", "of more than fits into memory, or it is damaged"),
        (
            "comparison/config.json", b'{"a": "\xd9"}', "compare comparison --out again",
            "config.json cannot be read: 'utf-8' codec",
        ),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, command: str, says: str
) -> None:
    (folder / name).write_bytes(content)
    done = qrng(capsys, *command.split())
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr
    assert len(done.stderr) < 500


@pytest.mark.parametrize("row", ['a\r"b"', '"Simulator Task","","SV1","CompleteTask","0.075"', "x" * 200_000])
def test_a_damaged_price_list_changes_no_price(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], row: str
) -> None:
    with serving(price_list(row)) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        done = qrng(capsys, "report", "prices", "--refresh")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "prices stay as they were" in done.stderr


@pytest.mark.parametrize("name", ["policy.\x1b[31mfallback", "\x9b", "\u202ebackend", "x" * 50_000])
def test_nothing_in_a_run_file_steers_the_terminal_or_floods_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "run.toml").write_text(f"version = 1\n{json.dumps(name)} = 1\n", encoding="utf-8")
    done = qrng(capsys, "config", "check", str(tmp_path / "run.toml"))
    assert done.returncode == 2
    assert all(line.isprintable() for line in done.stderr.splitlines())
    assert 0 < len(done.stderr) < 5000


def test_nothing_in_a_table_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    grid = Grid.of("backend", "said")
    grid.add_row("ibm:\x1b[31m", "a\x9b")
    console = console_of()
    grid.show(console)
    console.print("the job \x1b[2J failed")
    printed = capsys.readouterr().out
    assert all(line.isprintable() for line in printed.splitlines())
    assert "ibm:\\x1b[31m" in printed and "the job \\x1b[2J failed" in printed


@pytest.mark.parametrize(
    ("where", "key", "value"), [("request", "health_alpha", 1e400), ("", "settings", []), ("", "repeats", 0)]
)
def test_a_comparison_that_contradicts_itself_is_refused_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], where: str, key: str, value: object
) -> None:
    path = folder / "comparison" / "started.json"
    started = json.loads(path.read_text())
    (started[where] if where else started)[key] = value
    path.write_text(json.dumps(started))
    done = qrng(capsys, "compare", "comparison", "--out", "again")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "comparison holds no comparison that was begun" in done.stderr
