"""The key that signs receipts (Ed25519, RFC 8032), and the public keys of all that signed before it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from qrng_hub.errors import ConfigError, DiskFullError, ReceiptError, ReceiptKeyError
from qrng_hub.files import alterable, exposed, reason, state_folder, write_new_private, write_private

_FIELD = 2**255 - 19
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
#: the y coordinates of the points of order 1, 2, 4 and 8 of edwards25519 (RFC 8032, section 5.1)
_SMALL_ORDER = (0, 1, _FIELD - 1, _OF_ORDER_8, _FIELD - _OF_ORDER_8)


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key; its `repr` shows the fingerprint of the public one only."""

    _private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Makes the key of a seed of 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_key(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the public key, in hex."""
        return fingerprint(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Returns the signature of a message, 64 bytes; it is always the same one."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"<SigningKey {short(self.fingerprint)}>"


def require_signed(message: bytes, signature: bytes, public_key: bytes) -> None:
    """Raises `ReceiptError` unless the key of 32 bytes made the signature of the message."""
    if of_small_order(public_key):
        raise ReceiptError("the public key beside the signature is of small order: with it anything looks signed")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        altered = "the signature does not fit the receipt: one of the two was altered after it was signed"
        raise ReceiptError(altered) from None


def of_small_order(public_key: bytes) -> bool:
    """Whether a public key is one of the eight points whose signatures fit any message, however it is encoded."""
    y = (int.from_bytes(public_key, "little") & (2**255 - 1)) % _FIELD
    return y in _SMALL_ORDER


def fingerprint(public_key: bytes) -> str:
    """Returns the SHA-256 of a public key of 32 bytes, in hex."""
    return hashlib.sha256(public_key).hexdigest()


def short(full: str) -> str:
    """Writes the first 8 bytes of a fingerprint in groups, to be told at a glance; to compare, take the whole.

    >>> short("0123456789abcdef" * 4)
    '0123 4567 89ab cdef'
    """
    return " ".join(full[start : start + 4] for start in range(0, 16, 4))


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """The receipt key of one user on one host: a private key in a file of mode 0600, made when it is first needed.

    Beside it is a folder with the public key of every key there was, by fingerprint, in PEM. Whatever needs the key
    raises `ReceiptKeyError` if it is damaged or others may use it, and `ConfigError` if it has no place.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Where the private key is."""
        return self.folder / "receipt-key.pem"

    def current(self) -> SigningKey:
        """Returns the key, which is made if there is none; processes that make it at once agree on one."""
        self._require_own()
        key = self._load()
        if key is None:
            self._make()
            key = self._load()
        if key is None:
            raise ReceiptKeyError(f"the receipt key {self.path} was removed while it was made: try again")
        self._publish(key)
        return key

    def rotate(self) -> SigningKey:
        """Puts a new key in the place of the old one, whose public key stays: what it signed still verifies."""
        self.current()
        key = SigningKey(Ed25519PrivateKey.generate())
        self._publish(key)
        write_private(self.path, _pem(key))
        return key

    def known(self) -> tuple[str, ...]:
        """Lists the fingerprints of all keys there were; makes none."""
        self._require_own()
        return tuple(file.stem for file in sorted(self._public.glob("*.pem")) if _is_named_rightly(file))

    def public_path(self, fingerprint: str) -> Path:
        """Where the public key of a fingerprint is, in PEM."""
        return self._public / f"{fingerprint}.pem"

    @property
    def _public(self) -> Path:
        return self.folder / "receipt-keys"

    def _require_own(self) -> None:
        """Raises `ReceiptKeyError` if others may put a key here, which would then be taken for one of this user's."""
        for folder in (self.folder, self._public):
            if folder.exists() and (how := alterable(folder.stat())):
                raise ReceiptKeyError(f"the folder of receipt keys {folder} {how}; then look who put what there")

    def _load(self) -> SigningKey | None:
        try:
            with self.path.open("rb") as file:
                how, text = exposed(os.fstat(file.fileno())), file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ReceiptKeyError(f"the receipt key {self.path} cannot be read: {error.strerror}") from error
        if how:
            raise ReceiptKeyError(f"the receipt key {self.path} {how}, then `qrng keys rotate` makes another key")
        try:
            key = load_pem_private_key(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ReceiptKeyError(
                f"the receipt key {self.path} is damaged: bring it back from where you keep a copy, or remove it to"
                " have a new one made; what it signed can still be verified"
            )
        return SigningKey(key)

    def _make(self) -> None:
        """Puts a new key in its place unless one is there: unlike a rename, a link takes the place of nothing."""
        try:
            write_new_private(Path(os.path.realpath(self.path)), _pem(SigningKey(Ed25519PrivateKey.generate())))
        except FileExistsError:
            return
        except DiskFullError:
            raise
        except OSError as error:
            raise ConfigError(
                f"the receipt key {self.path} cannot be made: {reason(error)}; set QRNG_STATE_DIR to another folder"
            ) from error

    def _publish(self, key: SigningKey) -> None:
        path = self.public_path(key.fingerprint)
        if not path.exists():
            public = key._private.public_key()
            write_private(path, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def receipt_keys() -> ReceiptKeys:
    """Returns the keys of whoever runs this, in the state folder."""
    return ReceiptKeys(state_folder())


def public_fingerprint(path: Path) -> str:
    """Returns the fingerprint of the public key in a PEM file; raises `ConfigError` if there is none in it."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"the key {path} cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path} is no public Ed25519 key in PEM form: `qrng keys show` names such a file")
    if of_small_order(key.public_bytes_raw()):
        raise ConfigError(f"{path} is a key of small order: with it anything looks signed")
    return fingerprint(key.public_bytes_raw())


def _is_named_rightly(file: Path) -> bool:
    with suppress(ConfigError):
        return public_fingerprint(file) == file.stem
    return False


def _pem(key: SigningKey) -> bytes:
    return key._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
