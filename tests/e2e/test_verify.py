"""Signed receipts as their readers check them: real processes, files and keys."""

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest

from commands import qrng as in_process
from qrng_hub import Hub
from qrng_hub.ledger.events import hash_of
from qrng_hub.signing import OUTPUT_DOMAIN, receipt_keys, signed

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "receipt.schema.json"
#: makes every attempt to reach another program an error
OFFLINE = "import socket\ndef refuse(*_): raise SystemExit('asked the network')\nsocket.socket.connect = refuse\n"
#: runs qrng where no file may be larger than this, so that it ends in the middle of an output
SMALL_DISK = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000))
os.execv(sys.executable, [sys.executable, "-m", "qrng_hub", *sys.argv[1:]])
"""


def qrng(*arguments: object, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "qrng_hub", *map(str, arguments)]
    environment = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an output of 64 bytes, `out`, and its signed receipt, `receipt.json`."""
    made = tmp_path / "folder"
    made.mkdir()
    with Hub.open() as hub:
        draw = hub.draw(64)
        (made / "receipt.json").write_bytes(hub.signed_receipt(draw.receipt.draw_id).text())
    (made / "out").write_bytes(draw.data)
    return made


def document(folder: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((folder / "receipt.json").read_text())
    return found


def fingerprint() -> str:
    return receipt_keys().current().fingerprint


def test_a_receipt_and_its_output_hold_and_what_that_proves_is_said(folder: Path) -> None:
    done = qrng("verify", "receipt.json", "--data", "out", folder=folder)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == f"holds       the receipt of draw {document(folder)['receipt']['draw_id']}"
    assert lines[1] == "output      64 bytes, simulator, 0 bits credited"
    assert lines[2] == f"key         {fingerprint()}, one of this host"
    assert any(re.fullmatch("proved +the file is the output, byte by byte: .*", line) for line in lines)
    assert "not proved  anything to others: whoever runs programs under this account can sign with its key" in lines


def test_with_json_it_is_one_document(folder: Path) -> None:
    holds = json.loads(qrng("verify", "receipt.json", "--data", "out", "--json", folder=folder).stdout)
    assert (holds["holds"], holds["data"], holds["fingerprint"]) == (True, "length and SHA-256", fingerprint())
    (folder / "out").write_bytes(bytes(63))
    done = qrng("verify", "receipt.json", "--data", "out", "--json", folder=folder)
    failed = json.loads(done.stdout)
    assert (done.returncode, done.stderr, failed["holds"]) == (1, "", False)
    (problem,) = failed["problems"]
    assert problem.startswith("the file of 63 bytes is not the output of 64")


def test_the_bytes_command_writes_its_receipt_signed(tmp_path: Path) -> None:
    done = qrng("bytes", 64, "--format", "raw", "--out", "out", "--receipt", "receipt.json", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert qrng("verify", "receipt.json", "--data", "out", folder=tmp_path).returncode == 0


@pytest.mark.parametrize("form", ["hex", "base64", "raw", "npy"])
def test_what_the_bytes_command_wrote_is_verified_in_every_format(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out = "out.npy" if form == "npy" else "out"
    for count in ("64", "4MB"):  # one draw, and pieces of several
        made = in_process(capsys, "bytes", count, "--format", form, "--out", out, "--receipt", "receipt")
        assert made.returncode == 0
        done = in_process(capsys, "verify", "receipt", "--data", out)
        assert (done.returncode, done.stderr) == (0, "")
        assert "the file is the output, byte by byte" in done.stdout
        Path(out).unlink()
        Path("receipt").unlink()


@pytest.mark.parametrize("form", ["hex", "base64", "raw", "npy"])
def test_the_output_of_a_generator_has_a_receipt_of_its_own(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out = "out.npy" if form == "npy" else "out"
    made = in_process(
        capsys, "bytes", "4MB", "--source", "drbg", "--format", form, "--out", out, "--receipt", "receipt"
    )
    assert made.returncode == 0
    done = in_process(capsys, "verify", "receipt", "--data", out)
    assert (done.returncode, done.stderr) == (0, "")
    (seed,) = json.loads(Path("receipt").read_text())["receipt"]["seeds"]
    assert f"seeded by   draw {seed['draw_id']}\n" in done.stdout
    assert "the file is the output, byte by byte: 4000000 bytes" in done.stdout
    with Path(out).open("r+b") as file:
        file.seek(-9, os.SEEK_END)
        before = file.read(1)
        file.seek(-9, os.SEEK_END)
        file.write(b"1" if before != b"1" else b"2")
    altered = in_process(capsys, "verify", "receipt", "--data", out)
    assert (altered.returncode, "the file is not the output: its SHA-256 is" in altered.stderr) == (1, True)


@pytest.mark.parametrize("form", ["hex", "npy"])
def test_the_receipt_of_an_output_that_was_gone_on_with_is_of_all_of_it(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["bytes", "12MB", "--source", "drbg", "--format", form, "--out", "out", "--receipt", "receipt"]
    full = subprocess.run([sys.executable, "-c", SMALL_DISK, *arguments], capture_output=True, text=True, check=False)
    assert (full.returncode, Path("out.part").exists()) == (1, True), full.stderr
    assert in_process(capsys, *arguments).returncode == 0
    done = in_process(capsys, "verify", "receipt", "--data", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "the file is the output, byte by byte: 12000000 bytes" in done.stdout
    assert len(json.loads(Path("receipt").read_text())["receipt"]["seeds"]) == 2


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"reseeds": 1}, "it was reseeded 1 times, and 0 draws are named for that"),
        ({"origin": "hardware"}, "its origin is hardware, and that of its seeds is simulator"),
        ({"credited_bits": 256.0}, "its credit of 256 bits is above the 0 of its seeds"),
        ({"seeds": []}, "its seeds have [] bytes"),
        ({"sha256": None}, "an output has a digest from 32 bytes on"),
    ],
)
def test_a_generator_s_receipt_that_contradicts_itself_does_not_hold(
    tmp_path: Path, edit: dict[str, object], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "receipt"
    assert in_process(capsys, "bytes", "64", "--source", "drbg", "--receipt", str(path)).returncode == 0
    receipt = json.loads(path.read_text())["receipt"] | edit
    path.write_bytes(signed(json.dumps(receipt), receipt_keys().current(), OUTPUT_DOMAIN).text())
    done = in_process(capsys, "verify", str(path))
    assert (done.returncode, says in done.stderr) == (1, True)


def test_one_receipt_on_two_lines_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = json.dumps(document(folder)) + "\n"
    (folder / "twice.jsonl").write_text(line + line)
    (folder / "data").write_bytes(2 * (folder / "out").read_bytes())
    done = in_process(capsys, "verify", str(folder / "twice.jsonl"), "--data", str(folder / "data"))
    assert done.returncode == 1
    assert "does not hold: line 2: the receipt of draw " in done.stderr


def test_the_run_command_writes_and_prints_its_receipt_signed(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('version = 1\n[[backend]]\naddress = "local:stim"\n')
    printed = json.loads(qrng("run", "run.toml", "--json", folder=tmp_path).stdout)
    written = json.loads(Path(printed["receipt_path"]).read_text())
    assert written == {"receipt": printed["receipt"], "signature": printed["signature"]}
    assert qrng("verify", printed["receipt_path"]).returncode == 0
    if SCHEMA.exists():
        jsonschema.validate(written, json.loads(SCHEMA.read_text()))


def test_every_draw_of_the_ledger_has_a_signed_receipt(folder: Path) -> None:
    draw_id = document(folder)["receipt"]["draw_id"]
    assert qrng("receipt", draw_id).stdout == (folder / "receipt.json").read_text()
    assert qrng("receipt", draw_id, "--out", "again.json", folder=folder).stdout == ""
    assert (folder / "again.json").read_bytes() == (folder / "receipt.json").read_bytes()
    assert stat.S_IMODE((folder / "again.json").stat().st_mode) == 0o600
    with Hub.open() as hub:
        assert hub.signed_receipt(draw_id).text() == (folder / "again.json").read_bytes()
    unknown = qrng("receipt", "nothing", "--out", "none.json", folder=folder)
    assert (unknown.returncode, unknown.stderr) == (1, "qrng: the ledger has no draw 'nothing'\n")
    assert not (folder / "none.json").exists()


def test_the_receipt_of_an_earlier_release_is_signed_as_it_was_written(state: Path, folder: Path) -> None:
    """Receipts of the first release had no `purged_at_vendor`, and the chain no digest of them; signing adds none."""
    receipt = json.loads(qrng("receipt", document(folder)["receipt"]["draw_id"]).stdout)["receipt"]
    for source in receipt["sources"]:
        del source["purged_at_vendor"]
    at = datetime.fromisoformat(receipt["created_utc"])
    detail = {"bytes": 64}
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.execute("UPDATE draws SET receipt = ?", (json.dumps(receipt),))
        connection.execute("DROP TRIGGER events_DELETE_refused")
        connection.execute("DELETE FROM events")
        connection.execute(
            "INSERT INTO events (at_utc, kind, subject, detail, hash) VALUES (?, 'draw.delivered', ?, ?, ?)",
            (
                at.strftime("%Y-%m-%d %H:%M:%S.%f"),
                receipt["draw_id"],
                json.dumps(detail),
                hash_of(None, at, "draw.delivered", receipt["draw_id"], detail),
            ),
        )
    connection.close()
    done = qrng("receipt", receipt["draw_id"], "--out", "old.json", folder=folder)
    said = "qrng: signed as the ledger has it now: there is no digest of the time of delivery\n"
    assert (done.returncode, done.stderr) == (0, said)
    assert json.loads((folder / "old.json").read_text())["receipt"] == receipt
    assert qrng("verify", "old.json", "--data", "out", folder=folder).returncode == 0


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"bytes": 64', '"bytes": 640', "the signature does not fit the receipt"),
        ('"value": "', '"value": "0', "signature.value: String should match pattern"),
        ('"version": 4', '"version": 99', "it is a receipt of version 99, and this release reads"),
        ('"bytes": 64', '"bytes": 64, "bytes": 64', "the name 'bytes' stands twice in one object"),
        ('"bits": 0.0', '"bits": NaN', "NaN is no number in JSON"),
    ],
)
def test_what_was_altered_does_not_hold(folder: Path, before: str, after: str, sentence: str) -> None:
    text = (folder / "receipt.json").read_text()
    (folder / "receipt.json").write_text(text.replace(before, after, 1))
    assert (folder / "receipt.json").read_text() != text
    done = qrng("verify", "receipt.json", folder=folder)
    assert (done.returncode, done.stdout) == (1, "")
    first, *_ = done.stderr.splitlines()
    assert first.startswith("qrng: receipt.json does not hold: ")
    assert sentence in first
    assert "Traceback" not in done.stderr


def test_everything_that_does_not_hold_is_said_in_a_line_each(folder: Path) -> None:
    altered = document(folder)
    receipt = dict(altered["receipt"]) | {"bytes": 65, "origin": "hardware"}
    (folder / "receipt.json").write_text(json.dumps(altered | {"receipt": receipt}))
    done = qrng("verify", "receipt.json", "--data", "out", folder=folder)
    assert done.returncode == 1
    assert [line.partition("receipt.json does not hold: ")[2][:27] for line in done.stderr.splitlines()] == [
        "the signature does not fit ",
        "its origin is hardware, and",
        "its sources delivered [64] ",
        "the file of 64 bytes is not",
    ]


@pytest.mark.parametrize("content", [b"{", b"\x00\xff"])
def test_a_file_that_is_no_receipt_is_said_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    done = qrng("verify", "file", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("qrng: file does not hold: it ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("verify",), "Missing argument 'RECEIPT'"),
        (("verify", "none.json"), "none.json cannot be read: No such file"),
        (("verify", "."), ". is no file: only plain files and"),
        (("verify", "receipt.json", "--data", "none"), "none cannot be read: No such file"),
        (("verify", "receipt.json", "--key", "abcdef0123456789"), "abcdef0123456789 is 16 hex digits"),
        (("verify", "receipt.json", "--key", "out"), "out is no public Ed25519 key in PEM form"),
        (("verify", "/dev/zero"), "/dev/zero is longer than"),
        (("keys", "forget"), "No such command 'forget'"),
    ],
)
def test_bad_usage_is_told_from_a_receipt_that_does_not_hold(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "receipt.json").write_text("{}")
    (tmp_path / "out").write_bytes(bytes(64))
    done = qrng(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_elsewhere_the_key_has_to_be_named_and_nothing_is_asked_or_made(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OFFLINE)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    elsewhere = {"QRNG_STATE_DIR": str(tmp_path / "elsewhere"), "PYTHONPATH": path}
    shown = json.loads(qrng("keys", "show", "--json").stdout)
    assert shown == {"fingerprint": fingerprint(), "public_key": shown["public_key"], "former": []}

    unnamed = qrng("verify", "receipt.json", folder=folder, **elsewhere)
    assert (unnamed.returncode, "which is none of this host's" in unnamed.stderr) == (1, True)
    for key in (fingerprint(), shown["public_key"]):
        named = qrng("verify", "receipt.json", "--data", "out", "--key", key, folder=folder, **elsewhere)
        assert (named.returncode, named.stderr) == (0, "")
        assert "as named" in named.stdout
        assert "not proved  whose key that is" in named.stdout
    other = qrng("verify", "receipt.json", "--key", "ab" * 32, folder=folder, **elsewhere)
    assert (other.returncode, f"not with {'ab' * 32}, which was named" in other.stderr) == (1, True)
    assert not (tmp_path / "elsewhere").exists()


def test_after_a_rotation_old_receipts_hold_and_new_ones_bear_the_new_key(folder: Path) -> None:
    old = fingerprint()
    rotated = qrng("keys", "rotate")
    assert rotated.stdout == f"receipts are signed with the key {fingerprint()} from now on\n"
    assert fingerprint() != old
    assert qrng("verify", "receipt.json", folder=folder).returncode == 0
    assert qrng("verify", "receipt.json", "--key", fingerprint(), folder=folder).returncode == 1
    again = json.loads(qrng("receipt", document(folder)["receipt"]["draw_id"]).stdout)
    assert again["signature"]["fingerprint"] == fingerprint()
    shown = qrng("keys", "show").stdout.splitlines()
    assert shown[1:] == [
        f"fingerprint  {fingerprint()}",
        f"public key   {os.environ['QRNG_STATE_DIR']}/receipt-keys/{fingerprint()}.pem",
        f"former       {old}",
    ]
    Path(os.environ["QRNG_STATE_DIR"], "receipt-keys", f"{old}.pem").unlink()
    given_up = qrng("verify", "receipt.json", folder=folder)
    assert (given_up.returncode, "which is none of this host's" in given_up.stderr) == (1, True)
    assert shown[0] == f"key          {' '.join(fingerprint()[i : i + 4] for i in range(0, 16, 4))}"


def test_an_unsafe_key_is_found_out_before_anything_is_drawn(state: Path, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('version = 1\n[[backend]]\naddress = "local:stim"\n')
    qrng("keys", "show")
    (state / "receipt-key.pem").chmod(0o644)
    for arguments in (("run", "run.toml"), ("bytes", "8", "--receipt", "receipt.json")):
        done = qrng(*arguments, folder=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "receipt-key.pem has mode 0644, so that others may use it: chmod 600 it" in done.stderr
    assert not (state / "ledger.db").exists()
    assert not (tmp_path / "receipt.json").exists()
    assert qrng("bytes", "8").returncode == 0


def test_no_output_and_no_other_file_holds_the_private_key(state: Path, folder: Path) -> None:
    secrets: list[str] = []
    outputs: list[str] = []
    for arguments in (("keys", "show"), ("keys", "rotate"), ("verify", folder / "receipt.json")):
        secrets.append((state / "receipt-key.pem").read_text().splitlines()[1])
        done = qrng(*arguments)
        assert done.returncode == 0
        outputs += [done.stdout, done.stderr]
    (state / "receipt-key.pem").write_text(f"damaged {secrets[-1]}")
    damaged = qrng("receipt", document(folder)["receipt"]["draw_id"])
    assert (damaged.returncode, "is damaged" in damaged.stderr) == (1, True)
    outputs += [damaged.stdout, damaged.stderr]
    assert len(set(secrets)) == 2
    files = [path for path in (*state.rglob("*"), *folder.rglob("*")) if path.is_file()]
    others = [path.read_bytes().decode("latin-1") for path in files if path.name != "receipt-key.pem"]
    assert len(others) > 4
    assert [secret for secret in secrets for text in (*outputs, *others) if secret in text] == []


def test_bytes_without_a_receipt_need_no_cryptography() -> None:
    code = (
        "import sys\nfrom qrng_hub.cli import main\nsys.argv = ['qrng', 'bytes', '8']\n"
        "try: main()\nexcept SystemExit: print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines()[1:] == ["False"], done.stderr


def test_a_named_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for arguments in (("pipe",), ("receipt.json", "--data", "pipe"), ("receipt.json", "--key", "pipe")):
        done = qrng("verify", *arguments, folder=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert "pipe is no file: only plain files and /dev/stdin are read" in done.stderr
    command = [sys.executable, "-m", "qrng_hub", "verify", "/dev/stdin"]
    assert subprocess.run(command, input=(folder / "receipt.json").read_bytes(), timeout=300).returncode == 0
