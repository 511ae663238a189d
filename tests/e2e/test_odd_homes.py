"""Files as people save them, and machines that lack what most have: a result or one sentence, never a traceback."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.engine import make_url

from commands import qrng
from qrng_hub import Hub
from qrng_hub.certificates.reading import read_rounds
from qrng_hub.clock import SystemClock
from qrng_hub.config import load_run_file, run_file_from
from qrng_hub.data_files import map_data, map_npy
from qrng_hub.database import engine
from qrng_hub.errors import ConfigError, LedgerError, QRNGError, RequestError
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


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux says what another process has open")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)])
def test_a_command_that_is_told_to_end_leaves_no_bits_behind(tmp_path: Path, number: int, code: int) -> None:
    (tmp_path / "in.bin").write_bytes(os.urandom(200_000_000))
    (tmp_path / "seed.bin").write_bytes(os.urandom(40_000))
    extract = ["extract", "--in", "in.bin", "--min-entropy-per-bit", "0.8", "--epsilon", "1e-10", "--seed", "seed.bin"]
    command = [str(QRNG), *extract, "--out", "out/bits.bin"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not has_written(process.pid, tmp_path / "out"):
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=300)
    assert (process.returncode, list((tmp_path / "out").iterdir())) == (code, [])
    said = ["qrng: interrupted; what was run is in the ledger: `qrng jobs`"] if code > 0 else []
    assert errors.decode().splitlines()[-1:] == said


def has_written(process: int, folder: Path) -> bool:
    """Whether a process has a file open in a folder, with a name or without, and there is something in it."""
    opened = list(Path(f"/proc/{process}/fd").iterdir())
    with suppress(FileNotFoundError):  # it may be closed by now
        return any(one.readlink().is_relative_to(folder) and one.stat().st_size for one in opened)
    return False


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


def test_config_init_names_the_command_for_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, command in (("compare", "compare"), ("quickstart", "run"), ("plan", "run")):
        done = qrng(capsys, "config", "init", name, "--out", f"my {name}.toml")
        assert done.stdout == f"wrote my {name}.toml; try: qrng {command} 'my {name}.toml'\n"
    assert qrng(capsys, "compare", "my compare.toml", "--resume", "nofolder").returncode == 2
    assert not Path("nofolder").exists()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("1E+999999", "must be less than or equal to 1000000000"),
        ('"1E+999999"', "must be less than or equal to 1000000000"),
        ("1E-999999", "must be an amount with at most 60 decimal places"),
        ("1E+999999999999999999999", "is out of the range of numbers"),
        ('"1E+999999999999999999999"', "must be a valid decimal"),
        ('"Infinity"', "must be a finite number"),
        ("inf", "must be a finite number"),
        ("nan", "must be a finite number"),
        ("true", "must be a number"),
        ("0E+54", ""),
        ('"0E+54"', ""),
        ("0E-999999", ""),
    ],
)
@pytest.mark.parametrize("key", ["budget.usd", "budget.usd_per_month", "policy.max_wait_seconds"])
def test_a_number_of_a_silly_size_is_nothing_or_refused_in_a_sentence(
    tmp_path: Path, key: str, number: str, says: str
) -> None:
    (tmp_path / "run.toml").write_text(f"version = 1\n{key} = {number}\n")
    if not says and key.startswith("budget"):
        budget = load_run_file(tmp_path / "run.toml").budget
        assert {str(budget.usd or 0), str(budget.usd_per_month or 0)} == {"0"}
        return
    with pytest.raises(ConfigError) as raised:
        load_run_file(tmp_path / "run.toml")
    assert "\n" not in str(raised.value)
    assert says in str(raised.value) or key.startswith("policy")


@pytest.mark.parametrize(
    "command",
    [
        ("bytes", "9" * 100_000),
        ("jobs", "--limit", "9" * 30),
        ("certify", "chsh", "--rounds", "9" * 400, "--score", "0.8", "--epsilon", "1e-9"),
    ],
)
def test_a_number_of_thousands_of_digits_is_refused_in_a_sentence(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    done = qrng(capsys, *command)
    assert done.returncode == 2
    assert len(done.stderr) < 200


@pytest.mark.filterwarnings("ignore:Query string argument")
def test_what_is_in_the_query_of_a_ledger_s_url_is_never_shown(tmp_path: Path) -> None:
    secrets = "password=hunter2&sslpassword=hunter3&passfile=%2Fhunter4"
    for url in (
        f"postgresql+psycopg://ann:hunter1@127.0.0.1:1/db?{secrets}&connect_timeout=1",
        f"sqlite:///{tmp_path / 'there' / 'ledger.db'}?{secrets}",
    ):
        (tmp_path / "there").write_text("a file, where a folder would have to be")
        run_file = run_file_from({"version": 1, "ledger": {"url": url}})
        with pytest.raises(QRNGError) as raised:
            Hub(run_file, SystemClock())
        assert "hunter" not in str(raised.value) + repr(run_file) + str(run_file)
        (tmp_path / "there").unlink()


@pytest.mark.filterwarnings("ignore:Query string argument")
def test_a_secret_that_a_driver_quotes_is_taken_out(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path / 'ledger.db'}?sslpassword=hunter3")
    database = engine.Database(url)
    with pytest.raises(LedgerError, match=r"no such column: \*\*\*$"), database.reading() as connection:
        connection.exec_driver_sql("SELECT hunter3")
    database.close()
