"""`qrng keygen` as its users run it: real processes."""

import json
import stat
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pools import a_draw, known_bytes
from qrng_hub import Hub
from qrng_hub.delivery.pool import KeyFile, Pool

QRNG = (sys.executable, "-m", "qrng_hub", "keygen")


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


def keygen(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*QRNG, *arguments], capture_output=True, text=True, timeout=300, cwd=folder, stdin=subprocess.DEVNULL
    )


def test_writes_a_key_of_the_pool_with_its_public_key_and_receipt(state: Path, tmp_path: Path) -> None:
    pool = Pool.open(key_source=KeyFile(state / "pool.key"))
    pool.add_draw(a_draw(known_bytes(96), "paid"))
    done = keygen("ml-kem-768", "--pool", "--out", "key", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "512 bits; a key of this kind needs 448" in done.stdout
    files = [tmp_path / name for name in ("key", "key.pub", "key.receipt.json")]
    written = files[0].read_bytes()
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
    private, public = load_pem_private_key(written, None), load_pem_public_key(files[1].read_bytes())
    assert isinstance(private, MLKEM768PrivateKey)
    assert private.public_key() == public
    receipt = json.loads(files[2].read_text())["receipt"]
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert receipt["public_key_sha256"] == sha256(der).hexdigest()
    assert (receipt["origin"], receipt["sources"][0]["draw_id"], pool.bytes_left()) == ("hardware", "paid", 32)
    assert private.private_bytes_raw().hex() not in done.stdout + files[2].read_text()

    again = keygen("ed25519", "--pool", "--out", "key", folder=tmp_path)
    assert (again.returncode, "key is there already" in again.stderr) == (2, True)
    assert (files[0].read_bytes(), pool.bytes_left()) == (written, 32)
    empty = keygen("ml-kem-768", "--pool", folder=tmp_path)
    assert (empty.returncode, "32 bytes left" in empty.stderr) == (1, True)


def test_simulated_bits_make_no_key_unless_allowed_by_name(tmp_path: Path) -> None:
    refused = keygen("aes-256", "--out", "key", folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--allow-simulated" in refused.stderr
    assert list(tmp_path.glob("key*")) == []
    allowed = keygen("aes-256", "--allow-simulated", folder=tmp_path)
    assert (allowed.returncode, len(bytes.fromhex(allowed.stdout))) == (0, 32)
    assert "0 bits; a key of this kind needs 256" in allowed.stderr
    with Hub.open() as hub:
        assert len(hub.jobs()) == 1


def test_json_is_one_document_whose_key_a_passphrase_from_the_environment_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_PASSPHRASE", "open sesame")
    done = keygen(
        "ml-dsa-65", "--allow-simulated", "--passphrase-env", "KEY_PASSPHRASE", "--json", folder=tmp_path
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert set(document) == {"private_key", "public_key", "receipt", "signature"}
    private: Any = load_pem_private_key(document["private_key"].encode(), b"open sesame")
    public: Any = load_pem_public_key(document["public_key"].encode())
    public.verify(private.sign(b"message"), b"message")
    assert "open sesame" not in done.stdout + done.stderr
    to_files = keygen("ed25519", "--allow-simulated", "--json", "--out", "key", folder=tmp_path)
    paths = {"private_key_path": "key", "public_key_path": "key.pub", "receipt_path": "key.receipt.json"}
    assert {name: value for name, value in json.loads(to_files.stdout).items() if name.endswith("_path")} == paths


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rsa",), "'rsa' is not one of 'ml-kem-768'"),
        (("ed25519", "--out", ""), "--out needs a file"),
        (("ed25519", "--out", "/proc/qrng/key"), "cannot be written"),
        (("ed25519", "--pool", "--config", "run.toml"), "name one of them"),
        (("ed25519", "--config", "plan.toml"), "plan.toml is a plan: `qrng pool fill` runs it with --yes"),
        (("ed25519", "--passphrase-env", "UNSET"), "variable UNSET, which is to hold the passphrase, is not set"),
        (("ed25519", "--passphrase-env", "HOME", "--passphrase"), "name one of them"),
        (("aes-256", "--passphrase"), "an AES key is written in hex, which no passphrase encrypts"),
    ],
)
def test_bad_usage_is_answered_in_one_message(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "plan.toml").write_text('version = 1\n[request]\nmode = "plan"\n[[backend]]\naddress = "local:stim"\n')
    done = keygen(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", "</dev/null"])
def test_without_a_terminal_no_passphrase_is_asked_for(closed: str, tmp_path: Path) -> None:
    command = f'exec "$@" {closed}'
    arguments = [*QRNG, "ed25519", "--allow-simulated", "--passphrase", "--out", str(tmp_path / "key")]
    done = subprocess.run(
        ["/bin/sh", "-c", command, "sh", *arguments], capture_output=True, text=True, start_new_session=True
    )
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert "there is no terminal to ask for the passphrase on: use --passphrase-env NAME" in done.stderr
    assert "Warning" not in done.stderr


def test_a_terminal_is_asked_for_the_passphrase_twice(tmp_path: Path) -> None:
    """In a terminal of its own, as getpass opens /dev/tty."""
    program = f"""
import os, pty, sys
pid, terminal = pty.fork()
if not pid:
    os.chdir({str(tmp_path)!r})
    os.execv(sys.executable, {[*QRNG, "ed25519", "--allow-simulated", "--passphrase", "--out", "key"]!r})
seen = b""
for _ in range(2):
    while not seen.endswith(b": "):
        seen += os.read(terminal, 1000)
    os.write(terminal, b"open sesame\\n")
    seen += os.read(terminal, 1)
try:
    while part := os.read(terminal, 1000):
        seen += part
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or b"sesame" in seen)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    load_pem_private_key((tmp_path / "key").read_bytes(), b"open sesame")


def verify(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qrng_hub", "verify", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
    )


def test_the_receipt_of_a_key_is_signed_and_tells_its_public_key_from_another(tmp_path: Path) -> None:
    for name in ("key", "other"):
        assert keygen("ed25519", "--allow-simulated", "--out", name, folder=tmp_path).returncode == 0
    held = verify("key.receipt.json", "--data", "key.pub", folder=tmp_path)
    assert held.returncode == 0, held.stderr
    assert "the receipt of an ed25519 key" in held.stdout
    assert "the public key is the one it speaks of" in held.stdout
    assert "0 bits; a key of this kind needs 128" in held.stdout
    other = verify("key.receipt.json", "--data", "other.pub", "--json", folder=tmp_path)
    assert other.returncode == 1
    assert "the public key is another" in json.loads(other.stdout)["problems"][0]
    no_key = verify("key.receipt.json", "--data", "key", folder=tmp_path)
    assert (no_key.returncode, "key: it holds no public key in PEM" in no_key.stderr) == (2, True)
    edited = (tmp_path / "key.receipt.json").read_text().replace('"origin": "simulator"', '"origin": "hardware"')
    (tmp_path / "edited.json").write_text(edited)
    refused = verify("edited.json", folder=tmp_path)
    assert (refused.returncode, "altered after it was signed" in refused.stderr) == (1, True)


def test_a_key_is_written_before_the_refill_of_its_pool_is_waited_for(state: Path, tmp_path: Path) -> None:
    pool = Pool.open(key_source=KeyFile(state / "pool.key"))
    pool.add_draw(a_draw(known_bytes(64), "paid"))
    (tmp_path / "run.toml").write_text("version = 1\n[pool]\nhigh_water_bytes = 268435456\n")
    making = subprocess.Popen([*QRNG, "aes-256", "--config", "run.toml", "--out", "key"], cwd=tmp_path)
    try:
        while not (tmp_path / "key.receipt.json").exists():
            assert making.poll() is None, "it ended without a receipt"
            time.sleep(0.05)
        assert len((tmp_path / "key").read_text()) == 65
        assert pool.bytes_left() == 32, "the refill is not done"
    finally:
        making.kill()
        making.wait()
