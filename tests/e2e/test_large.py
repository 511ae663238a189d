"""`qrng bytes` of more than memory is to hold: streams, files that go on after a kill, and what is said of them."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub import Hub

QRNG = (sys.executable, "-m", "qrng_hub", "bytes")
PIECE = 3 * 2**20
#: Runs a command and prints the most memory it ever had, in KiB on Linux and in bytes on macOS.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1024 if sys.platform == "darwin" else 1))
"""


def qrng(*arguments: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*QRNG, *arguments], capture_output=True, timeout=300, cwd=folder)


def receipts_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["receipt"] for line in path.read_text().splitlines()]


def require_each_piece_once(data: bytes, receipts: list[dict[str, Any]]) -> None:
    """Sees that the bytes are the outputs of these draws, one after another, by the digests in their receipts."""
    assert len({receipt["draw_id"] for receipt in receipts}) == len(receipts)
    position = 0
    for receipt in receipts:
        end = position + receipt["bytes"]
        assert sha256(data[position:end]).hexdigest() == receipt["sha256"]
        position = end
    assert position == len(data)


def killed_when(path: Path, pieces: int, *arguments: str, folder: Path) -> bytes:
    """Runs the command until its `.part` names so many pieces, and kills it; returns what `.part` names then."""
    process = subprocess.Popen([*QRNG, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder)
    while not path.exists() or path.read_bytes().count(b"\n") < 1 + pieces:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.001)
    process.kill()
    process.communicate(timeout=300)
    return path.read_bytes()


def test_a_killed_output_goes_on_and_no_piece_is_delivered_twice(tmp_path: Path) -> None:
    arguments = ("25MB", "--out", "big.npy", "--receipt", "receipts")
    part, out, count = tmp_path / "big.npy.part", tmp_path / "big.npy", 25_000_000
    kept: list[bytes] = []
    for pieces in (1, 3, 5):
        said = killed_when(part, pieces, *arguments, folder=tmp_path)
        lines = said[: said.rindex(b"\n")].splitlines()
        assert lines[: len(kept)] == kept
        assert out.stat().st_size >= json.loads(lines[-1])["position"] >= 128 + pieces * PIECE
        kept = lines[:-1]  # of the last piece, the draw may not be on record
    written = out.read_bytes()[: json.loads(kept[-1])["position"]]
    done = qrng(*arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == (b"", b"qrng: 25,000,000 bytes in 8 draw(s): simulator, 0 bits credited\n")
    assert out.read_bytes().startswith(written)
    receipts = receipts_in(tmp_path / "receipts")
    array = np.load(out, mmap_mode="r")
    assert (array.shape, array.dtype, oct(out.stat().st_mode)) == ((count,), np.uint8, "0o100600")
    require_each_piece_once(array.tobytes(), receipts)
    assert [json.loads(line)["draw_id"] for line in kept[1:]] == [
        receipt["draw_id"] for receipt in receipts[: len(kept) - 1]
    ]
    assert [path.name for path in tmp_path.iterdir() if "big" in path.name] == ["big.npy"]

    again = qrng(*arguments, folder=tmp_path)
    assert (again.returncode, b" is there already" in again.stderr) == (2, True)


def test_a_killed_output_of_a_generator_goes_on_with_another_seed(tmp_path: Path) -> None:
    arguments = ("300MB", "--source", "drbg", "--format", "raw", "--out", "big")
    said = killed_when(tmp_path / "big.part", 2, *arguments, folder=tmp_path)
    position = json.loads(said[: said.rindex(b"\n")].splitlines()[-1])["position"]
    with (tmp_path / "big").open("rb") as file:
        written = file.read(position)
    other = qrng("300MB", "--format", "raw", "--out", "big", folder=tmp_path)
    assert (other.returncode, b"big.part is of another output" in other.stderr) == (2, True)
    done = qrng(*arguments, folder=tmp_path)
    assert b"that 2 draw(s) seeded: simulator, 0 bits credited to the seed(s), and no more" in done.stderr
    data = np.memmap(tmp_path / "big", np.uint8, "r")
    assert (len(data), data[:position].tobytes()) == (300_000_000, written)
    assert len({data[start : start + 64].tobytes() for start in range(0, len(data), PIECE)}) == 96
    with Hub.open() as hub:
        assert sorted(hub.receipt(job.draw_id).bytes for job in hub.jobs() if job.draw_id) == [48, 48]


def test_streams_text_with_the_receipts_of_its_draws(tmp_path: Path) -> None:
    decoders: dict[str, Callable[[bytes], bytes]] = {
        "hex": lambda text: bytes.fromhex(text.decode()),
        "base64": partial(base64.b64decode, validate=True),
    }
    for encoding, decode in decoders.items():
        done = qrng("4MB", "--format", encoding, "--receipt", encoding, folder=tmp_path)
        assert (done.returncode, done.stdout.count(b"\n"), done.stdout[-1:]) == (0, 1, b"\n"), done.stderr
        require_each_piece_once(decode(done.stdout[:-1]), receipts_in(tmp_path / encoding))


def test_small_outputs_take_sizes_and_npy_too(tmp_path: Path) -> None:
    assert len(qrng("1KiB", "--format", "raw", folder=tmp_path).stdout) == 1024
    assert qrng("1kB", "--out", "small.npy", folder=tmp_path).returncode == 0
    assert np.load(tmp_path / "small.npy").shape == (1000,)
    refused = qrng("1kB", "--out", "small.npy", "--format", "hex", folder=tmp_path)
    assert (refused.returncode, b"small.npy would hold hex" in refused.stderr) == (2, True)
    generated = qrng("32", "--source", "drbg", folder=tmp_path)
    assert len(bytes.fromhex(generated.stdout.decode())) == 32
    assert (
        b"32 bytes of a generator (CTR_DRBG with AES-256) that 1 draw(s) seeded: simulator, 0 bits" in generated.stderr
    )


@pytest.mark.parametrize("source", ["draws", "drbg"])
def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path, source: str) -> None:
    arguments = [*QRNG, "1PB", "--format", "raw", "--source", source]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert len(process.stdout.read(5_000_000)) == 5_000_000
        process.stdout.close()
        assert process.wait(timeout=300) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("source", "few", "many"),
    [pytest.param("draws", "7MB", "67MB", marks=pytest.mark.slow), ("drbg", "7MB", "307MB")],
)
def test_memory_does_not_grow_with_the_output(tmp_path: Path, source: str, few: str, many: str) -> None:
    """60 MB or 300 MB more are written; in memory they take less than 40 MB more, which allocators may."""

    def most_kib(size: str) -> int:
        command = [*QRNG, size, "--source", source, "--format", "raw"]
        done = subprocess.run([sys.executable, "-c", MEASURED, *command], capture_output=True, cwd=tmp_path, check=True)
        return int(done.stdout)

    assert most_kib(many) - most_kib(few) < 40_000


def test_devices_are_written_to_as_they_stand(tmp_path: Path) -> None:
    done = qrng("4MB", "--out", os.devnull, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert not Path(f"{os.devnull}.part").exists()


def test_a_plan_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('version = 1\n[request]\nmode = "plan"\n[[backend]]\naddress = "local:stim"\n')
    done = qrng("10MB", "--config", "plan.toml", "--out", "big", folder=tmp_path)
    assert (done.returncode, b"this run file is a plan" in done.stderr) == (2, True)
    assert not list(tmp_path.glob("*big*"))
