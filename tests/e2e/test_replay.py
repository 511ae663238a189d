"""`qrng replay` as its users run it, on a published record and on files that are none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qrng_hub.bits import pack_shots
from qrng_hub.testing import FaultyShots

QRNG = Path(sys.executable).with_name("qrng")
VECTORS = Path(__file__).parents[1] / "vectors" / "recorded"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes a folder with a record of a fair device and one of GHZ states, and a state folder of its own."""
    monkeypatch.setenv("QRNG_STATE_DIR", str(tmp_path / "state"))
    np.save(tmp_path / "fair.npy", pack_shots(FaultyShots(np.full(12, 0.5), (), 3).sample(0, 4096)))
    shutil.copy(VECTORS / "marrakesh-ghz-baseline.csv", tmp_path / "ghz.csv")
    return tmp_path


def qrng(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([QRNG, *arguments], capture_output=True, text=True, cwd=folder, timeout=120, env=os.environ)


def test_a_record_is_measured_like_a_device_and_credited_nothing(folder: Path) -> None:
    done = qrng("replay", "ghz.csv", "--qubit-0", "right", "--device", "ibm_marrakesh", "--json", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = json.loads(done.stdout)["backends"]
    assert (row["origin"], row["measures"]["shots"], len(row["measures"]["qubits"])) == ("recorded", 2000, 15)
    assert row["totals"]["credited_bits"] == 0
    assert row["measures"]["bound_bits_per_shot"] < 1.7  # the commonest shot allows no more
    assert row["measures"]["strongest_pair"]["correlation"]["value"] > 0.7
    assert row["description"].endswith("said to be of ibm_marrakesh")


def test_a_draw_from_a_record_says_what_is_claimed_and_by_whom(folder: Path) -> None:
    claim = ("--claimed-bits", "11.9", "--claimed-by", "the maker")
    said = ("replay", "fair.npy", "--qubits", "12", "--qubit-0", "left", *claim, "--draw", "64")
    done = qrng(*said, "--out", "bytes.bin", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "claimed by the maker: 512 of 512 bits, of which none are credited" in done.stdout
    assert "credited: 0 of 512 bits (no source is hardware, and nothing else is credited)" in done.stdout
    assert len((folder / "bytes.bin").read_bytes()) == 64
    (receipt,) = (folder / "state" / "receipts").glob("*.json")
    verified = qrng("verify", str(receipt), "--data", "bytes.bin", folder=folder)
    assert verified.returncode == 0
    assert "claimed     512 bits by the maker, none of them credited" in verified.stdout
    refused = qrng(*said, "--out", "bytes.bin", folder=folder)
    assert (refused.returncode, "bytes.bin" in refused.stderr) == (2, True)


def test_a_record_is_assessed(folder: Path) -> None:
    done = qrng("replay", "fair.npy", "--qubits", "12", "--qubit-0", "left", "--assess", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    assert 0.5 < json.loads(done.stdout)["assessed_min_entropy"] < 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("missing.npy",), 2, "replay has no record 'missing.npy': there is no such file"),
        (("ghz.csv",), 2, 'ghz.csv does not say which end of a shot is qubit 0: set qubit_0 = "left"'),
        (("fair.npy", "--qubit-0", "left"), 2, "fair.npy does not say how many qubits a shot has: set qubits"),
        (("short.txt", "--qubit-0", "left"), 2, "short.txt holds 3 shots, and the health tests start up with 1,024"),
        (("counts.csv",), 1, "counts.csv holds counts and not shots"),
        (("sorted.txt", "--qubits", "1"), 1, "sorted.txt holds shots in the order of their values"),
        (("short.txt", "--claimed-bits", "1"), 2, "go together"),
        (("short.txt", "--draw", "32", "--assess"), 2, "--draw or --assess, not both"),
        (
            ("fair.npy", "--qubits", "12", "--qubit-0", "left", "--draw", "9000", "--out", "x"),
            2,
            "its 4,096 shots left",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_sentence(
    folder: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (folder / "short.txt").write_text("01\n10\n11\n")
    (folder / "counts.csv").write_text("bitstring,count\n00,512\n11,512\n")
    (folder / "sorted.txt").write_text("0" * 600 + "1" * 600)
    done = qrng("replay", *arguments, folder=folder)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
