"""Where a pool's key is kept, and the keys that are derived from it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qrng_hub.delivery.pool.storage import sync_folder
from qrng_hub.errors import ConfigError, PoolKeyError
from qrng_hub.files import exposed, write_private

KEY_BYTES = 32
_SERVICE = "qrng-hub"
KeyPlace = Literal["keyring", "file"]


class KeySource(Protocol):
    """Keeps the keys of a pool, 32 bytes each, by name; its `repr` shows none of them."""

    @property
    def place(self) -> KeyPlace:
        """Which kind of place it is."""
        ...

    def load(self, name: str) -> bytes:
        """Returns the key of that name; raises `PoolKeyError` if there is none or others may read it."""
        ...

    def store(self, name: str, key: bytes) -> None:
        """Keeps a key durably; raises `PoolKeyError` if that cannot be done."""
        ...

    def forget(self, name: str) -> None:
        """Deletes the key of that name, if there is one; raises `PoolKeyError` if that cannot be done."""
        ...


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one pool in a file that only its owner may read; a line is a name and the key in hex."""

    path: Path
    place: KeyPlace = field(default="file", init=False, repr=False)

    def load(self, name: str) -> bytes:
        """Returns the key of that name; raises `PoolKeyError` if it is missing or the file is another's or open."""
        keys = self._read()
        if name not in keys:
            raise PoolKeyError(
                f"the key file {self.path} {'does not exist' if not keys else 'has no key'} for {name}:"
                " bring it back from where you keep a copy; without it the pool cannot be read"
            )
        return keys[name]

    def store(self, name: str, key: bytes) -> None:
        """Keeps a key; raises `PoolKeyError` if the file cannot be written or belongs to another pool."""
        keys = self._read()
        if any(_pool_of(other) != _pool_of(name) for other in keys):
            raise PoolKeyError(f"the key file {self.path} holds the key of another pool: name another file")
        self._write(keys | {name: key})

    def forget(self, name: str) -> None:
        """Deletes the key of that name, if there is one."""
        keys = self._read()
        if keys.pop(name, None) is not None:
            self._write(keys)

    def _read(self) -> dict[str, bytes]:
        try:
            with self.path.open("rb") as file:
                _require_private(self.path, os.fstat(file.fileno()))
                lines = file.read().decode().splitlines()
            return {name: _key_from(text) for name, text in (line.split() for line in lines)}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise PoolKeyError(f"the key file {self.path} cannot be read: {error.strerror}") from error
        except ValueError:
            damaged = f"the key file {self.path} is damaged: bring it back from where you keep a copy"
            raise PoolKeyError(damaged) from None

    def _write(self, keys: dict[str, bytes]) -> None:
        text = "".join(f"{name} {key.hex()}\n" for name, key in keys.items())
        path = Path(os.path.realpath(self.path))
        try:
            sync_folder(write_private(path, text.encode()).parent)
        except (ConfigError, OSError) as error:
            raise PoolKeyError(f"the key file cannot be kept: {error}") from error


@dataclass(frozen=True, slots=True)
class KeyringEntry:
    """The keys of a pool in the keyring of the user, under the service `qrng-hub`."""

    place: KeyPlace = field(default="keyring", init=False, repr=False)

    def load(self, name: str) -> bytes:
        """Returns the key of that name; raises `PoolKeyError` if the keyring has none or does not answer."""
        if (text := self._ask(name)) is None:
            raise PoolKeyError(f"the keyring has no entry {_SERVICE} / {name}: without it the pool cannot be read")
        try:
            return _key_from(text)
        except ValueError:
            raise PoolKeyError(f"the entry {_SERVICE} / {name} of the keyring is no key of {KEY_BYTES} bytes") from None

    def store(self, name: str, key: bytes) -> None:
        """Keeps a key; raises `PoolKeyError` if the keyring does not give it back."""
        import keyring

        try:
            keyring.set_password(_SERVICE, name, key.hex())
        except Exception as error:
            raise _unusable(error) from error
        if self._ask(name) != key.hex():
            raise PoolKeyError("the keyring does not keep what it is given: use a key file")

    def forget(self, name: str) -> None:
        """Deletes the key of that name, if there is one."""
        import keyring

        if self._ask(name) is None:
            return
        try:
            keyring.delete_password(_SERVICE, name)
        except Exception as error:
            raise _unusable(error) from error

    def _ask(self, name: str) -> str | None:
        import keyring

        try:
            return keyring.get_password(_SERVICE, name)
        except Exception as error:
            raise _unusable(error) from error


def default_key_source(file: Path) -> KeySource:
    """Chooses the keyring if it has a backend that its own authors recommend, else the file."""
    import keyring
    from keyring.core import recommended

    return KeyringEntry() if recommended(keyring.get_keyring()) else KeyFile(file)


def key_source_at(place: KeyPlace, file: Path) -> KeySource:
    """Returns the source of a kind."""
    return KeyringEntry() if place == "keyring" else KeyFile(file)


def key_name(pool_id: str, generation: int) -> str:
    """Names the key of a pool; each rotation makes the next generation."""
    return f"pool-{pool_id}-{generation}"


@dataclass(frozen=True, slots=True, repr=False)
class PoolKeys:
    """The keys of one generation: one seals blocks (AES-256-GCM), one the marker (HMAC-SHA-256)."""

    blocks: AESGCM
    marker: bytes

    @classmethod
    def derive(cls, key: bytes) -> PoolKeys:
        """Derives both keys (HKDF-SHA-256, RFC 5869)."""
        return cls(AESGCM(_derived(key, b"blocks")), _derived(key, b"marker"))


def _derived(key: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"qrng-hub pool " + use).derive(key)


def _key_from(text: str) -> bytes:
    """Reads a key in hex; raises `ValueError`, which does not quote it."""
    key = bytes.fromhex(text)
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return key


def _require_private(path: Path, found: os.stat_result) -> None:
    """Raises `PoolKeyError` if a key file belongs to somebody else or others may do anything with it."""
    if how := exposed(found):
        raise PoolKeyError(f"the key file {path} {how}, then `qrng pool rotate-key` makes another key")


def _pool_of(name: str) -> str:
    return name.rpartition("-")[0]


# A keyring raises whatever its service does, so that everything is caught where one is asked.
def _unusable(error: Exception) -> PoolKeyError:
    return PoolKeyError(f"the keyring cannot be used: {type(error).__name__}: {error}; unlock it, or use a key file")
