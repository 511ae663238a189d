"""The command `qrng` as its users run it: real processes."""

import base64
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import jsonschema
import pytest

import qrng_hub

ROOT = Path(__file__).parents[2]
QRNG = Path(sys.executable).with_name("qrng")
BASIC = 'version = 1\n[[backend]]\naddress = "local:stim"\n'


def qrng(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([QRNG, *arguments], capture_output=True, cwd=folder, timeout=300)


def test_tells_its_version() -> None:
    assert qrng("--version").stdout.decode().split() == ["qrng,", "version", qrng_hub.__version__]


def test_prints_bytes_in_every_format() -> None:
    assert re.fullmatch(rb"[0-9a-f]{64}\n", qrng("bytes", "32").stdout)
    assert len(base64.b64decode(qrng("bytes", "33", "--format", "base64").stdout)) == 33
    assert len(qrng("bytes", "100000", "--format", "raw").stdout) == 100_000


def test_writes_bytes_and_receipt_to_files_of_mode_0600(tmp_path: Path) -> None:
    done = qrng("bytes", "48", "--format", "raw", "--out", "key", "--receipt", "receipt.json", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len((tmp_path / "key").read_bytes()) == 48
    assert json.loads((tmp_path / "receipt.json").read_text())["receipt"]["bytes"] == 48
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("key", "receipt.json")] == [0o600, 0o600]


def test_runs_a_file_and_shows_a_table_the_bytes_and_the_receipt(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(BASIC + "qubits = 20\nshots = 4096\n[request]\nbytes = 32\n")
    done = qrng("run", "run.toml", folder=tmp_path)
    text = done.stdout.decode()
    assert done.returncode == 0
    row = next(line for line in text.splitlines() if line.startswith("local:stim")).split()
    assert row[1:5] == ["simulator", "20", "4,096", "81,920"]
    assert "credited: 0 of 256 bits" in text
    assert re.search(r"^[0-9a-f]{64}$", text, re.MULTILINE)
    receipt = re.search(r"receipt (\S+)", text)
    assert receipt is not None
    assert json.loads(Path(receipt[1]).read_text())["receipt"]["sources"][0]["shots"] == 4096


def test_json_is_one_document_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(BASIC)
    document = json.loads(qrng("run", "run.toml", "--json", folder=tmp_path).stdout)
    assert len(bytes.fromhex(document["bytes_hex"])) == 64 == document["receipt"]["bytes"]
    (job,) = json.loads(qrng("jobs", "--json").stdout)
    assert (job["address"], job["state"], job["cost_billed"]) == ("local:stim", "done", "0")


def test_many_bytes_are_not_thrown_at_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(BASIC + "[request]\nbytes = 5000\n")
    refused = qrng("run", "run.toml", folder=tmp_path)
    assert (refused.returncode, b"--out" in refused.stderr) == (2, True)
    assert qrng("run", "run.toml", "--out", "bytes", folder=tmp_path).returncode == 0
    assert len((tmp_path / "bytes").read_bytes()) == 5000


def test_lists_jobs_and_backends() -> None:
    qrng("bytes", "1")
    assert "local:stim" in qrng("jobs").stdout.decode()
    listed = json.loads(qrng("backends", "--json").stdout)
    assert {"local:stim", "cirq:simulator", "ibm:aer", "braket:braket_sv"} <= {one["address"] for one in listed}
    assert {one["origin"] for one in listed} == {"simulator"}


def test_checks_and_copies_run_files(tmp_path: Path) -> None:
    assert qrng("config", "init", "quickstart", folder=tmp_path).returncode == 0
    checked = qrng("config", "check", "quickstart.toml", folder=tmp_path)
    assert checked.stdout.decode() == "quickstart.toml: fine, 5 backend(s), 32 bytes\n"
    again = qrng("config", "init", "quickstart", folder=tmp_path)
    assert (again.returncode, b"is there already" in again.stderr) == (2, True)


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="the source distribution has no docs")
def test_a_comparison_is_checked_as_one_and_a_seed_that_is_not_there_is_missed(tmp_path: Path) -> None:
    (tmp_path / "compare.toml").write_text(BASIC + "[compare]\n")
    checked = qrng("config", "check", "compare.toml", folder=tmp_path)
    assert checked.stdout.decode() == "compare.toml: fine, 1 backend(s), to compare\n"
    seeded = (
        BASIC
        + '[request]\nprotocol = "source-independent"\nepsilon = 1e-6\n[request.seed]\ndraw = "d"\nfile = "seed"\n'
    )
    (tmp_path / "seeded.toml").write_text(seeded)
    missed = qrng("config", "check", "seeded.toml", folder=tmp_path)
    assert (missed.returncode, missed.stdout) == (2, b"")
    assert "seeded.toml: request.seed.file: there is no file seed with the bytes of draw d" in missed.stderr.decode()
    (tmp_path / "seed").write_bytes(b"bytes")
    assert qrng("config", "check", "seeded.toml", folder=tmp_path).returncode == 0


def test_the_schema_of_a_receipt_that_is_checked_in_is_the_one_printed() -> None:
    schema = json.loads(qrng("config", "schema", "receipt").stdout)
    assert schema == json.loads((ROOT / "docs" / "receipt.schema.json").read_text()), "run `make schema`"


def test_the_schema_that_is_checked_in_is_the_one_printed_and_accepts_the_examples() -> None:
    schema = json.loads(qrng("config", "schema").stdout)
    assert schema == json.loads((ROOT / "configs" / "schema.json").read_text()), "run `make schema`"
    for example in (ROOT / "configs").glob("*.toml"):
        jsonschema.validate(tomllib.loads(example.read_text()), schema)
    wrong = {"version": 1, "backend": [{"address": "local:stim", "options": {"flip_0_to_1": 7}}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("name", ["embedded", "readout-noise"])
def test_every_quick_example_runs(tmp_path: Path, name: str) -> None:
    qrng("config", "init", name, folder=tmp_path)
    assert qrng("run", f"{name}.toml", folder=tmp_path).returncode == 0


def test_the_quickstart_draws_through_every_vendor(tmp_path: Path) -> None:
    qrng("config", "init", "quickstart", folder=tmp_path)
    done = qrng("run", "quickstart.toml", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    receipt = json.loads(done.stdout)["receipt"]
    assert [source["address"] for source in receipt["sources"]] == [
        "local:stim",
        "cirq:simulator",
        "cirq:qvm/willow_pink",
        "ibm:snapshot/fez",
        "braket:braket_sv",
    ]
    assert (receipt["origin"], receipt["credit"]["bits"]) == ("simulator", 0)
    assert all(source["bytes_delivered"] == 32 for source in receipt["sources"])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("bytes",), 2, "Missing argument 'COUNT'"),
        (("bytes", "0"), 2, "a draw is of 1 to 1,073,741,824 bytes, not 0"),
        (("bytes", "-5"), 2, "a draw is of 1 to 1,073,741,824 bytes, not -5"),
        (("bytes", "9" * 30), 2, "an output is of 1 to 1,125,899,906,842,624 bytes"),
        (("bytes", "many"), 2, "'many' is no number of bytes, such as 32, 10MB or 1GiB"),
        (("bytes", "8", "--fromat", "hex"), 2, "No such option '--fromat'. (Did you mean one of: '--format'"),
        (("bytes", "8", "--backend", "locl:stim"), 2, "no adapter 'locl'; did you mean 'local'?"),
        (("bytes", "8", "--backend", "local:stem"), 2, "local has no backend 'stem'; did you mean 'stim'?"),
        (("bytes", "8", "--config", "nothing.toml"), 2, "nothing.toml: no such file"),
        (("bytes", "8", "--out", "/proc/qrng/x"), 2, "cannot be written"),
        (("run", "bad.toml"), 2, "bad.toml: this is not TOML"),
        (("config", "check", "typo.toml"), 2, "typo.toml, line 2: reqest: unknown key; did you mean 'request'?"),
        (
            ("config", "check", "options.toml"),
            2,
            "backend[0].options.flip: unknown key; there is: flip_0_to_1, flip_1_to_0",
        ),
        (("run", "protocol.toml"), 2, "request.protocol: must be 'superposition'"),
        (("config", "check", "qubits.toml"), 2, "qubits.toml: backend[0]: local:stim has 4096 qubits"),
        (("config", "check", "stem.toml"), 2, "stem.toml: backend[0]: local has no backend 'stem'; did you mean"),
        (("config", "check", "locl.toml"), 2, "locl.toml: backend[0].address: there is no adapter 'locl'; did you"),
        (("config", "check", "none.toml"), 2, "policy.fallback: 'hardware-only' allows none of the backends"),
        (("bytes", "8", "--out", ""), 2, "an output file needs a name"),
        (("bytes", "8", "--out", "/dev/full"), 1, "/dev/full cannot be written: the disk is full"),
        (("run", "qubits.toml"), 2, "local:stim has 4096 qubits, not 5,000: ask for fewer"),
        (("run", "few.toml"), 2, "20 shots of local:stim are too few"),
        (("run", "ledger.toml"), 2, "ledger.url is not a database URL"),
        (("config", "check", "ledger.toml"), 2, "ledger.toml: ledger.url is not a database URL"),
        (("run", "none.toml", "--out", "-"), 2, "--out needs a file here"),
        (("jobs", "--watch", "--json"), 2, "leave out --json"),
        (("bytes", "8", "--backend", "ibm:ibm_fez"), 1, "QISKIT_IBM_TOKEN"),
        (("run", "shots.toml"), 2, "local:stim takes 1 to 10,000,000 shots, not 20,000,000"),
        (("run", "readonly.toml"), 1, "the ledger sqlite:////proc/x/l.db cannot be made"),
        (("config", "init", "quickstrat"), 2, "did you mean 'quickstart'?"),
        (("nonsense",), 2, "No such command 'nonsense'; there is: bytes, run, plan,"),
        (("verfy",), 2, "No such command 'verfy'; did you mean 'verify'?"),
    ],
)
def test_bad_input_is_answered_in_one_message(tmp_path: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    files = {
        "bad": "this is not toml",
        "typo": "version = 1\n[reqest]",
        "options": BASIC + "[backend.options]\nflip = 1",
        "protocol": BASIC + '[request]\nprotocol = "magic"',
        "stem": BASIC.replace("stim", "stem"),
        "locl": BASIC.replace("local", "locl"),
        "none": BASIC + '[policy]\nfallback = "hardware-only"',
        "qubits": BASIC + "qubits = 5000",
        "shots": BASIC + "qubits = 20\nshots = 20000000",
        "few": BASIC + "qubits = 20\nshots = 20",
        "ledger": BASIC + '[ledger]\nurl = "u:PW@h/x"',
        "readonly": BASIC + '[ledger]\nurl = "sqlite:////proc/x/l.db"',
    }
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    done = qrng(*arguments, folder=tmp_path)
    message = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b"")
    assert says in message
    assert "Traceback" not in message


def test_a_missing_sdk_is_answered_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('cirq', 'braket', 'qiskit'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    for backend, extra in (("cirq:simulator", "cirq"), ("ibm:aer", "ibm"), ("braket:braket_sv", "braket")):
        done = subprocess.run([QRNG, "bytes", "8", "--backend", backend], capture_output=True, env=environment)
        assert (done.returncode, done.stdout) == (1, b"")
        assert f"pip install 'qrng-hub[{extra}]'" in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()
    listed = subprocess.run([QRNG, "backends"], capture_output=True, env=environment, check=True).stdout.decode()
    assert "local:stim" in listed
    assert "pip install 'qrng-hub[braket]'" in listed


def test_ctrl_c_leaves_a_true_ledger_and_exits_130(state: Path, tmp_path: Path) -> None:
    command = [str(QRNG), "bytes", "1GiB", "--out", str(tmp_path / "big.raw")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (state / "ledger.db").exists() or not _count(state, "SELECT count(*) FROM jobs"):
            assert process.poll() is None, "no job was recorded"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # Python drops it in a finalizer: then one presses again
            process.send_signal(signal.SIGINT)
        output, message = process.communicate(timeout=300)
    assert (process.returncode, output) == (130, b"")
    assert [line for line in message.decode().splitlines() if line] == [
        f"qrng: {tmp_path / 'big.raw'}.part is kept, and the same command goes on with it",
        "qrng: interrupted; what was run is in the ledger: `qrng jobs`",
    ]
    assert (tmp_path / "big.raw.part").exists()
    jobs = json.loads(qrng("jobs", "--json", "--limit", "100000").stdout)
    assert {job["state"] for job in jobs} == {"done"}
    assert _count(state, "SELECT count(*) FROM events WHERE kind = 'draw.interrupted'") <= 1
    assert _count(state, "SELECT count(*) FROM draws") < 340, "it was not interrupted"


def test_a_run_that_is_interrupted_says_at_once_what_it_waits_for(state: Path, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(BASIC + "[request]\nbytes = 268435456\n")
    command = [str(QRNG), "run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (state / "ledger.db").exists() or not _count(state, "SELECT count(*) FROM jobs"):
            assert process.poll() is None, "no job was recorded"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # as above
            process.send_signal(signal.SIGINT)
        output, message = process.communicate(timeout=300)
    assert (process.returncode, output) == (130, b"")
    assert [line for line in message.decode().splitlines() if line] == [
        "qrng: stopping once what is running has answered",
        "qrng: interrupted; what was run is in the ledger: `qrng jobs`",
    ]


def test_nothing_is_drawn_if_its_output_has_no_place(state: Path) -> None:
    assert qrng("bytes", "8", "--out", "/proc/x/y").returncode == 2
    assert not (state / "ledger.db").exists()


def test_a_device_and_a_link_are_written_to_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert qrng("bytes", "8", "--out", "link", folder=tmp_path).returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert len((tmp_path / "target").read_bytes()) == 17
    assert len(qrng("bytes", "8", "--out", "-").stdout) == 17
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE)  # noqa: S607 - any cat will do
    assert qrng("bytes", "8", "--out", "pipe", folder=tmp_path).returncode == 0
    assert len(reader.communicate(timeout=300)[0]) == 17


def test_a_closed_pipe_is_not_a_traceback() -> None:
    command = f"'{QRNG}' bytes 1000000 | head -c 10 > /dev/null"
    done = subprocess.run(["bash", "-c", command], capture_output=True)  # noqa: S607 - the shell is what is tested
    assert done.stderr == b""


def _count(state: Path, query: str) -> int:
    connection = sqlite3.connect(f"file:{state / 'ledger.db'}?mode=ro", uri=True)
    try:
        return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # the tables are not there yet
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize("place", ["/dev/stdout", "/proc/self/fd/1"])
def test_a_stream_is_written_to_as_it_stands(tmp_path: Path, place: str) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before;")
    with log.open("ab") as file:
        subprocess.run([QRNG, "bytes", "8", "--out", place], stdout=file, check=True)
    assert log.read_bytes().startswith(b"before;")
    assert len(log.read_bytes()) == len("before;") + len("0123456789abcdef\n")
    piped = subprocess.run([QRNG, "bytes", "8", "--out", place], capture_output=True, check=True)
    assert len(piped.stdout) == len("0123456789abcdef\n")


def test_without_a_standard_output_there_is_no_traceback() -> None:
    done = subprocess.run(["/bin/sh", "-c", '"$0" bytes 8 >&-', QRNG], stderr=subprocess.PIPE)
    assert b"Traceback" not in done.stderr


def test_a_service_that_is_not_there_is_not_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    environment = os.environ | {"BRAKET_PRICE_OFFERS_URL": "http://127.0.0.1:9/prices.csv"}
    done = subprocess.run([QRNG, "report", "prices", "--refresh"], capture_output=True, env=environment)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"qrng: the AWS price list cannot be fetched")


def test_what_an_sdk_prints_is_no_part_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import qrng_hub_local.adapter as local\n"
        "describe = local.LocalAdapter.describe\n"
        "local.LocalAdapter.describe = lambda *a: (print('NOISE'), describe(*a))[1]\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    qrng("config", "init", "embedded", folder=tmp_path)
    run = subprocess.run([QRNG, "run", tmp_path / "embedded.toml", "--json"], capture_output=True, env=environment)
    assert json.loads(run.stdout)["receipt"]["origin"] == "simulator"
    assert b"NOISE" in run.stderr
