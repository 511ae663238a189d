"""Files as people save them, and machines that lack what most have: a result or one sentence, never a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.engine import make_url

from commands import qrng
from qrng_hub.certificates.reading import read_rounds
from qrng_hub.clock import SystemClock
from qrng_hub.config import load_run_file
from qrng_hub.data_files import map_data, map_npy
from qrng_hub.database import engine
from qrng_hub.errors import ConfigError, LedgerError, RequestError
from qrng_hub.ledger import open_ledger

QRNG = Path(sys.executable).with_name("qrng")
RUN_FILE = "version = 1\n[request]\nbytes = 8\n"


def test_a_run_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_bytes(b"\xef\xbb\xbf" + RUN_FILE.replace("\n", "\r\n").encode())
    assert load_run_file(tmp_path / "run.toml").request.bytes == 8


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (RUN_FILE.encode("utf-16"), "is not UTF-8 text"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b"a = " + b"9" * 5_000, "is not TOML"),
    ],
)
def test_a_file_that_is_no_run_file_is_refused_in_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "run.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        load_run_file(tmp_path / "run.toml")


def test_the_header_of_an_npy_file_is_no_data(tmp_path: Path) -> None:
    data = np.arange(256, dtype=np.uint8)
    np.save(tmp_path / "data.npy", data)
    (tmp_path / "data.bin").write_bytes(data.tobytes())
    (tmp_path / "empty.bin").write_bytes(b"")
    assert map_data(tmp_path / "data.npy").tobytes() == map_data(tmp_path / "data.bin").tobytes() == data.tobytes()
    assert map_data(tmp_path / "empty.bin").size == 0


def test_an_npy_file_that_is_damaged_or_not_of_bytes_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    np.save(tmp_path / "floats.npy", np.zeros(4))
    np.save(tmp_path / "good.npy", np.zeros(4, np.uint8))
    good = (tmp_path / "good.npy").read_bytes()
    (tmp_path / "keys.npy").write_bytes(good.replace(b"'descr'", b"1      "))  # names that do not sort
    (tmp_path / "cut.npy").write_bytes(good[:40])
    (tmp_path / "header.npy").write_bytes(good.replace(b"(4,)", b"((((").replace(b"}", b"("))
    (tmp_path / "short.npy").write_bytes(good[:-2])
    for name in ("objects", "cut", "header", "short", "keys"):
        for read in (map_data, map_npy, read_rounds):
            with pytest.raises(RequestError, match=rf"{name}\.npy is no \.npy file, or it is damaged"):
                read(tmp_path / f"{name}.npy")
    with pytest.raises(RequestError, match=r"is a \.npy file of float64"):
        map_data(tmp_path / "floats.npy")


def test_without_a_home_folder_the_variable_to_set_is_named(tmp_path: Path) -> None:
    program = (
        "import pwd, sys\n"
        "def nobody(_uid): raise KeyError\n"
        "pwd.getpwuid = nobody\n"
        "sys.argv = ['qrng', 'bytes', '4']\n"
        "from qrng_hub.cli import main\n"
        "main()"
    )
    bare = {name: value for name, value in os.environ.items() if name not in ("HOME", "QRNG_STATE_DIR")}
    bare.pop("XDG_STATE_HOME", None)
    done = subprocess.run([sys.executable, "-c", program], env=bare, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("qrng: no home folder is known: set QRNG_STATE_DIR")


def test_a_tilde_in_the_url_of_a_ledger_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_ledger("sqlite:///~/ledger.db", SystemClock()).close()
    assert (tmp_path / "ledger.db").exists()
    with pytest.raises(ConfigError, match="there is no such home folder"):
        open_ledger("sqlite:///~nobody-of-that-name/ledger.db", SystemClock())


def test_a_ledger_that_cannot_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it can be is asked of the operating system, which answers root with yes: here the test answers."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = open_ledger(url, SystemClock())
    ledger.record_event("kind", "subject", {})
    ledger.close()
    monkeypatch.setattr(engine, "_is_read_only", lambda _url: True)
    before = (tmp_path / "ledger.db").read_bytes()
    ledger = open_ledger(url, SystemClock())
    assert [event.kind for event in ledger.events()] == ["kind"]
    with pytest.raises(LedgerError, match="readonly"):
        ledger.record_event("another", "subject", {})
    ledger.close()
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]
    assert (tmp_path / "ledger.db").read_bytes() == before
    assert "immutable" not in str(make_url(ledger.shown_url))


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_what_an_encoding_lacks_ends_no_command(encoding: str) -> None:
    program = "from qrng_hub.cli import cli, main\n@cli.result_callback()\ndef say(_): print('\\u2588')\nmain()"
    command = [sys.executable, "-c", program, "bytes", "4"]
    done = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "?", "")


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(10_000_000))
    command = f"ulimit -v 900000; exec {QRNG} assess big.bin --bits"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "qrng: there is not enough memory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_that_is_told_to_end_leaves_no_bits_behind(tmp_path: Path, number: int, code: int) -> None:
    (tmp_path / "in.bin").write_bytes(os.urandom(200_000_000))
    (tmp_path / "seed.bin").write_bytes(os.urandom(40_000))
    extract = ["extract", "--in", "in.bin", "--min-entropy-per-bit", "0.8", "--epsilon", "1e-10", "--seed", "seed.bin"]
    command = [str(QRNG), *extract, "--out", "out/bits.bin"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not any(path.stat().st_size for path in (tmp_path / "out").glob(".*")):
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, list((tmp_path / "out").iterdir())) == (code, [])
    assert errors.decode().splitlines()[-1] == "qrng: interrupted; what was run is in the ledger: `qrng jobs`"


def test_rounds_whose_lines_end_in_crlf_are_the_same_rounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rounds = np.random.default_rng(3).integers(0, 2, (4000, 3))
    lines = [f"{x},{y},{a},{a ^ (x & y)}" for x, y, a in rounds]
    said = []
    for name, end in (("lf.csv", "\n"), ("crlf.csv", "\r\n")):
        (tmp_path / name).write_bytes(end.join(["x,y,a,b", *lines]).encode())
        arguments = ("--method", "eat", "--score", "0.82", "--epsilon", "1e-3", "--json")
        done = qrng(capsys, "certify", "bell-data", str(tmp_path / name), *arguments)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1]
    lines[2998] = "0,2,0,1"
    (tmp_path / "bad.csv").write_text("\n".join(["x,y,a,b", *lines]))
    done = qrng(capsys, "certify", "bell-data", str(tmp_path / "bad.csv"), "--method", "eat", "--score", "0.82")
    assert "bad.csv, line 3000: must be four zeros or ones" in done.stderr
