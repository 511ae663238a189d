"""The key that signs receipts: made once, kept to its owner, replaced without losing what it signed."""

import logging
import os
import pickle
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from qrng_hub.errors import ConfigError, ReceiptError, ReceiptKeyError
from qrng_hub.signing import (
    ReceiptKeys,
    SigningKey,
    fingerprint,
    public_fingerprint,
    receipt_keys,
    require_signed,
    short,
)

#: RFC 8032, section 7.1, tests 1 to 3: secret key, public key, message, signature
ED25519 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
            "655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
            "b00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
            "c027beceea1ec40a"
        ),
    ),
]
#: makes the key of one folder after another, each when a line comes in, and says its fingerprint
MAKER = """
import sys
from pathlib import Path
from qrng_hub.signing import ReceiptKeys
print("ready", flush=True)
for line in sys.stdin:
    print(ReceiptKeys(Path(line.strip())).current().fingerprint, flush=True)
"""


@pytest.fixture
def keys(tmp_path: Path) -> ReceiptKeys:
    return ReceiptKeys(tmp_path / "of a user")


@pytest.mark.parametrize(("secret", "public", "message", "signature"), ED25519)
def test_signs_and_verifies_the_examples_of_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(secret))
    assert key.public_key.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    require_signed(bytes.fromhex(message), bytes.fromhex(signature), bytes.fromhex(public))
    with pytest.raises(ReceiptError, match="the signature does not fit"):
        require_signed(bytes.fromhex(message) + b"\0", bytes.fromhex(signature), bytes.fromhex(public))


def test_a_fingerprint_is_the_sha_256_of_the_public_key() -> None:
    """The digest is coreutils' (`xxd -r -p | sha256sum`)."""
    full = "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"
    assert fingerprint(bytes.fromhex(ED25519[0][1])) == full
    assert short(full) == "21fe 31df a154 a261"


def test_the_key_is_made_once_in_a_file_of_its_owner(keys: ReceiptKeys) -> None:
    assert keys.known() == ()
    assert not keys.folder.exists()
    first = keys.current()
    assert keys.current().fingerprint == first.fingerprint
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (keys.path, keys.folder)}
    assert modes == {keys.path: 0o600, keys.folder: 0o700}
    public = keys.public_path(first.fingerprint)
    assert sorted(keys.folder.rglob("*")) == [keys.path, public.parent, public]
    assert public_fingerprint(public) == first.fingerprint
    assert keys.known() == (first.fingerprint,)


def test_processes_that_make_the_first_key_at_once_agree_on_one(tmp_path: Path) -> None:
    """Four processes are told the same new folder at once, 25 times; with a rename, two in a folder would differ."""
    command = [sys.executable, "-W", "error", "-c", MAKER]
    makers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(4)
    ]
    streams = [(maker.stdin, maker.stdout) for maker in makers]
    assert [source.readline() for _, source in streams if source] == ["ready\n"] * 4
    for number in range(25):
        folder = tmp_path / str(number)
        for told, _ in streams:
            assert told is not None
            told.write(f"{folder}\n")
        said = {source.readline().strip() for _, source in streams if source}
        assert said == {ReceiptKeys(folder).current().fingerprint}
        assert ReceiptKeys(folder).known() == tuple(said)
        assert sorted(path.name for path in folder.iterdir()) == ["receipt-key.pem", "receipt-keys"]
    for maker in makers:
        maker.communicate(timeout=300)
    assert [maker.returncode for maker in makers] == [0] * 4


def test_a_new_key_takes_the_place_of_the_old_whose_public_key_stays(keys: ReceiptKeys) -> None:
    old = keys.current()
    new = keys.rotate()
    assert keys.current().fingerprint == new.fingerprint != old.fingerprint
    assert keys.known() == tuple(sorted([old.fingerprint, new.fingerprint]))
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in keys.folder.iterdir()) == ["receipt-key.pem", "receipt-keys"]


def test_only_files_that_hold_the_key_of_their_name_are_known(keys: ReceiptKeys, tmp_path: Path) -> None:
    own = keys.current().fingerprint
    other = ReceiptKeys(tmp_path / "another")
    foreign = other.public_path(other.current().fingerprint).read_bytes()
    keys.public_path("00" * 32).write_bytes(foreign)
    keys.public_path("notes").write_text("not a key")
    assert keys.known() == (own,)


def test_a_key_kept_elsewhere_is_reached_through_a_link(keys: ReceiptKeys, tmp_path: Path) -> None:
    keys.folder.mkdir()
    keys.path.symlink_to(tmp_path / "safe" / "key.pem")
    made = keys.current()
    rotated = keys.rotate()
    assert keys.path.is_symlink()
    assert made.fingerprint != rotated.fingerprint == keys.current().fingerprint
    assert sorted(path.name for path in (tmp_path / "safe").iterdir()) == ["key.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o601])
def test_a_key_that_others_may_use_is_refused_with_the_cure(keys: ReceiptKeys, mode: int) -> None:
    keys.current()
    keys.path.chmod(mode)
    for use in (keys.current, keys.rotate):
        with pytest.raises(ReceiptKeyError, match=rf"has mode {mode:04o}, so that others may use it: chmod 600 it"):
            use()
    keys.path.chmod(0o600)
    keys.current()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_key_of_somebody_else_is_refused_with_the_cure(keys: ReceiptKeys) -> None:
    keys.current()
    os.chown(keys.path, 12345, -1)
    with pytest.raises(ReceiptKeyError, match="belongs to user 12345, not to 0 who runs this: chown it"):
        keys.current()


def test_what_is_no_key_is_refused_and_not_replaced(keys: ReceiptKeys) -> None:
    keys.current()
    whole = keys.path.read_bytes()
    locked = load_pem_private_key(whole, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    for damaged in (b"", whole[:60], b"not a key", locked, keys.public_path(keys.known()[0]).read_bytes()):
        keys.path.write_bytes(damaged)
        with pytest.raises(ReceiptKeyError, match=r"receipt-key\.pem is damaged: bring it back .*, or remove it"):
            keys.current()
        assert keys.path.read_bytes() == damaged
    keys.path.unlink()
    assert keys.current().fingerprint in keys.known()
    assert len(keys.known()) == 2


def test_a_key_without_a_place_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReceiptKeyError, match="cannot be read: Not a directory"):
        ReceiptKeys(tmp_path / "file").current()
    with pytest.raises(ConfigError, match=r"cannot be written: .*; choose another place"):
        ReceiptKeys(Path("/proc/qrng")).current()


def test_the_keys_are_in_the_state_folder(state: Path) -> None:
    assert receipt_keys() == ReceiptKeys(state)


def test_no_error_log_or_repr_holds_the_private_key(keys: ReceiptKeys, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seed = bytes(range(32))
    key = SigningKey.from_seed(seed)
    seen = [repr(key), str(key), f"{key!r}", repr(keys), repr([key])]
    assert seen[0] == f"<SigningKey {short(key.fingerprint)}>"
    with pytest.raises(TypeError) as unpicklable:
        pickle.dumps(key)
    seen += traceback.format_exception(unpicklable.value)
    keys.current()
    secret = keys.path.read_text().splitlines()[1]
    keys.path.write_text(keys.path.read_text().replace("END", "ENDE"))
    with pytest.raises(ReceiptKeyError) as damaged:
        keys.current()
    seen += [*traceback.format_exception(damaged.value), repr(damaged.value), caplog.text]
    assert [text for text in seen if secret in text or seed.hex() in text or repr(seed) in text] == []


def test_a_key_file_can_be_used_by_other_programs(keys: ReceiptKeys) -> None:
    key = keys.current()
    other = load_pem_private_key(keys.path.read_bytes(), None)
    assert isinstance(other, Ed25519PrivateKey)
    assert other.sign(b"message") == key.sign(b"message")


#: every encoding of the points of small order of edwards25519, canonical or not, without the sign
SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("encoded", SMALL_ORDER)
def test_keys_of_small_order_are_refused_with_which_anything_looks_signed(encoded: str, sign: int) -> None:
    """The encodings are those that libsodium refuses (ge25519_has_small_order)."""
    key = bytearray.fromhex(encoded)
    key[-1] |= sign
    with pytest.raises(ReceiptError, match="of small order"):
        require_signed(b"anything", bytes([1, *bytes(63)]), bytes(key))
