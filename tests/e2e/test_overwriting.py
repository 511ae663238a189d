"""A file that is there already is refused by every command that writes one, before anything is drawn."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qrng_hub.hub import Hub

QRNG = str(Path(sys.executable).with_name("qrng"))
RUN = 'version = 1\n[request]\nbytes = 16\n[policy]\nfallback = "simulator-only"\n[[backend]]\naddress = "local:stim"\n'
WRITING = {
    "bytes": ("bytes", "16", "--out", "FILE"),
    "bytes, large": ("bytes", "4MB", "--source", "drbg", "--out", "FILE"),
    "bytes, receipt": ("bytes", "16", "--receipt", "FILE"),
    "bytes, large, receipts": ("bytes", "4MB", "--source", "drbg", "--out", "big", "--receipt", "FILE"),
    "run": ("run", "run.toml", "--out", "FILE"),
    "receipt": ("receipt", "ID", "--out", "FILE"),
    "keygen": ("keygen", "aes-256", "--allow-simulated", "--allow-low-credit", "--out", "FILE"),
    "pool take": ("pool", "take", "8", "--out", "FILE"),
    "pool take, sources": ("pool", "take", "8", "--sources", "FILE"),
    "compare": ("compare", "run.toml", "--out", "folder", "--csv", "FILE"),
    "certify plan": (
        *("certify", "plan", "--method", "pef", "--bits", "1", "--epsilon", "1e-6"),
        *("--backend", "ibm:snapshot/fez", "--plot", "FILE"),
    ),
    "extract": ("extract", "--method", "von-neumann", "--in", "run.toml", "--out", "FILE"),
    "config init": ("config", "init", "embedded", "--out", "FILE"),
}


def qrng(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([QRNG, *arguments], cwd=folder, capture_output=True)


def drawn() -> int:
    with Hub.open() as hub:
        return len(hub.receipts())


@pytest.mark.parametrize("name", sorted(WRITING))
def test_a_file_that_is_there_is_replaced_by_force_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(RUN)
    file = tmp_path / "there.txt"
    file.write_text("dear")
    file.chmod(0o600)
    assert qrng(tmp_path, "pool", "fill", "64").returncode == 0
    with Hub.open() as hub:
        receipt = hub.receipts()[0].draw_id
    command = [{"FILE": str(file), "ID": receipt}.get(word, word) for word in WRITING[name]]
    before = drawn()
    refused = qrng(tmp_path, *command)
    assert refused.returncode == 2, refused.stderr
    assert f"{file} is there already: choose another name, or replace it with --force" in refused.stderr.decode()
    assert (file.read_text(), drawn()) == ("dear", before)
    forced = qrng(tmp_path, *command, "--force")
    assert forced.returncode == 0, forced.stderr
    assert file.read_bytes() != b"dear"


def test_results_of_a_comparison_are_replaced_by_force_alone(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(RUN)
    command = ("compare", "run.toml", "--out", "results")
    assert qrng(tmp_path, *command).returncode == 0
    document = tmp_path / "results" / "comparison.json"
    first = document.read_bytes()
    refused = qrng(tmp_path, *command)
    assert (refused.returncode, document.read_bytes()) == (2, first)
    assert b"results holds the results of a comparison" in refused.stderr
    assert qrng(tmp_path, "compare", "run.toml", "--resume", "results").returncode == 0
    assert document.read_bytes() == first
    assert qrng(tmp_path, *command, "--force").returncode == 0
    assert json.loads(document.read_bytes())["comparison_id"] != json.loads(first)["comparison_id"]


def test_a_device_is_no_file_to_replace(tmp_path: Path) -> None:
    assert qrng(tmp_path, "bytes", "16", "--out", os.devnull).returncode == 0
    to_stdout = qrng(tmp_path, "bytes", "16", "--format", "raw", "--out", "/dev/stdout")
    assert (to_stdout.returncode, len(to_stdout.stdout)) == (0, 16), to_stdout.stderr
