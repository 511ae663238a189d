"""Keys from delivered bytes: ML-KEM (FIPS 203), ML-DSA (FIPS 204), Ed25519 (RFC 8032) and AES-256.

The bytes are the seed that the standard makes the key of, so that another implementation makes the same key of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from qrng_hub.delivery.pool.records import PoolSource, Taken
from qrng_hub.errors import ConfigError, InsufficientEntropyError, RequestError, UnknownNameError
from qrng_hub.records import CommonOrigin, Draw, Origin, Record, common_origin

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM1024PrivateKey

    PrivateKey = MLKEM768PrivateKey | MLKEM1024PrivateKey | MLDSA65PrivateKey | Ed25519PrivateKey

KeyKind = Literal["ml-kem-768", "ml-kem-1024", "ml-dsa-65", "ed25519", "aes-256"]
_PART_BYTES = 32
_IN_THE_RECEIPTS = "those of the receipts of the draws named"


@dataclass(frozen=True, slots=True)
class _Algorithm:
    """What a kind of key is made of; without `from_seed` the seed is the key."""

    seed_bytes: int
    strength_bits: int
    from_seed: Callable[[bytearray], PrivateKey] | None = None

    @property
    def required_bits(self) -> int:
        """The credit that leaves every 32-byte part of the seed the strength, though the other part were known.

        d of ML-KEM alone makes the decapsulation key, and knowing z takes 256 bits of the whole credit at most.
        """
        return self.strength_bits + 8 * (self.seed_bytes - _PART_BYTES)


class KeyReceipt(Record):
    """Where a key comes from; nothing of it is secret."""

    version: Literal[1] = 1
    kind: KeyKind
    created_utc: datetime
    code_version: str
    public_key_sha256: str | None
    """The digest of the public key's SubjectPublicKeyInfo in DER; None of a secret key."""
    origin: CommonOrigin
    credited_bits: int
    required_bits: int
    """The credit that a seed needs unless less is allowed by name."""
    mixed_with_os_entropy: bool
    sources: tuple[PoolSource, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seed:
    """The bytes that a key is to be made of, and where they come from; `repr` shows none of them."""

    data: bytearray
    sources: tuple[PoolSource, ...]
    mixed_with_os_entropy: bool
    assumptions: tuple[str, ...]

    @classmethod
    def of_draw(cls, draw: Draw) -> Seed:
        """Takes the bytes of a draw, of which Python keeps a copy as long as the draw lives; use them nowhere else.

        Raises `RequestError` for a draw that this process has made a seed of before, or put into a pool.
        """
        receipt = draw.receipt
        source = PoolSource(
            draw_id=receipt.draw_id,
            offset=0,
            length=len(draw),
            origin=receipt.origin,
            credited_bits=int(receipt.credit.bits),
        )
        assumptions = dict.fromkeys(line for one in receipt.sources for line in one.assumptions)
        with draw.spent():
            return cls(bytearray(draw.data), (source,), receipt.mixed_with_os_entropy, tuple(assumptions))

    @classmethod
    def of_pool(cls, taken: Taken) -> Seed:
        """Takes what a pool handed out, XORed with the operating system's bytes."""
        return cls(taken.data, taken.sources, True, (_IN_THE_RECEIPTS,))

    @property
    def origin(self) -> CommonOrigin:
        """The origin of all the bytes, mixed if they differ in it."""
        return common_origin(one.origin for one in self.sources)

    @property
    def credited_bits(self) -> int:
        """The credit of all the bytes."""
        return sum(one.credited_bits for one in self.sources)

    def wipe(self) -> None:
        """Overwrites the bytes with zeros: copies elsewhere are out of reach."""
        self.data[:] = bytes(len(self.data))

    def __repr__(self) -> str:
        return f"<Seed: {len(self.data)} bytes, {self.origin}, {self.credited_bits} bits credited>"


class Key:
    """A key with its receipt; `repr` shows nothing secret. It is not copied or pickled."""

    def __init__(self, private: PrivateKey | bytearray, receipt: KeyReceipt) -> None:
        self.private = private
        """The package cryptography's private key; of an AES key its 32 bytes."""
        self.receipt = receipt

    def private_text(self, passphrase: bytes | None = None) -> bytes:
        """Writes the private key as PKCS#8 in PEM, encrypted (PBES2) with a passphrase; an AES key in hex.

        Raises `RequestError` for an empty passphrase, or for any with an AES key, which has no such form.
        """
        if passphrase is not None and (not passphrase or isinstance(self.private, bytearray)):
            raise RequestError("a passphrase is of 1 byte or more, and an AES key takes none: it has no form in PKCS#8")
        if isinstance(self.private, bytearray):
            return self.private.hex().encode() + b"\n"
        encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=encryption
        )

    def public_text(self) -> bytes | None:
        """Writes the public key in PEM; None of an AES key."""
        if isinstance(self.private, bytearray):
            return None
        return _public(self.private, serialization.Encoding.PEM)

    def wipe(self) -> None:
        """Overwrites an AES key; other keys live in the memory of the package cryptography, which frees it."""
        if isinstance(self.private, bytearray):
            self.private[:] = bytes(len(self.private))

    def __repr__(self) -> str:
        receipt = self.receipt
        return f"<Key {receipt.kind}: {receipt.origin}, {receipt.credited_bits} bits credited>"

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise TypeError("a key is not copied or pickled: write it with private_text()")


def seed_bytes(kind: str) -> int:
    """Returns how many bytes a key of this kind is made of; raises `UnknownNameError` if there is no such kind."""
    return _algorithm(kind).seed_bytes


def required_bits(kind: str) -> int:
    """Returns the credit that the seed of such a key needs; raises likewise."""
    return _algorithm(kind).required_bits


def public_key_digest(pem: bytes) -> str:
    """Returns the SHA-256 of a public key's SubjectPublicKeyInfo in DER, given in PEM; raises `ConfigError`."""
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"it holds no public key in PEM: {error}") from error
    return _digest(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def make_key(kind: KeyKind, seed: Seed, *, allow_simulated: bool = False, allow_low_credit: bool = False) -> Key:
    """Makes a key of a seed, which it wipes.

    Raises `InsufficientEntropyError` if a byte of it is not of hardware or it is credited with less than the key
    needs, unless that is allowed; of such bytes nothing is credited, so that allowing them allows that too.
    """
    algorithm = _algorithm(kind)
    try:
        if len(seed.data) != algorithm.seed_bytes:
            raise RequestError(f"the seed of {kind} is of {algorithm.seed_bytes} bytes, not {len(seed.data)}")
        if not any(seed.data):
            raise RequestError(f"this seed was wiped, as by the making of a key: a {kind} key takes another one")
        if seed.origin != "hardware" and not allow_simulated:
            raise _simulated(kind, seed)
        if seed.origin == "hardware" and seed.credited_bits < algorithm.required_bits and not allow_low_credit:
            raise _low(kind, seed, algorithm)
        private = _made(kind, algorithm, seed.data)
        return Key(private, _receipt(kind, seed, algorithm, private))
    finally:
        seed.wipe()


def _simulated(kind: str, seed: Seed) -> InsufficientEntropyError:
    others = {one.origin for one in seed.sources} - {"hardware", "mixed"}
    of = Origin(min(others)).noun if others else "a simulator"
    of = of if seed.origin != "mixed" else f"in part {of}"
    return InsufficientEntropyError(
        f"no {kind} key is made: its seed is {of}'s output ({_draws(seed)}), which carries no credited entropy. Have"
        " hardware deliver (fallback = 'hardware-only'), or allow it by name: --allow-simulated, in Python"
        " allow_simulated=True"
    )


def _low(kind: str, seed: Seed, algorithm: _Algorithm) -> InsufficientEntropyError:
    return InsufficientEntropyError(
        f"no {kind} key is made: its seed ({_draws(seed)}) is credited with {seed.credited_bits} bits, and it needs"
        f" {algorithm.required_bits}. Use bytes with full credit, or allow it by name: --allow-low-credit, in Python"
        " allow_low_credit=True"
    )


def _draws(seed: Seed) -> str:
    return ", ".join(f"draw {one.draw_id}" for one in seed.sources)


def _made(kind: str, algorithm: _Algorithm, seed: bytearray) -> PrivateKey | bytearray:
    if algorithm.from_seed is None:
        return bytearray(seed)
    try:
        return algorithm.from_seed(seed)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            f"{kind} is not in the installed package cryptography {version('cryptography')}: install version 47 or"
            " later, built with a library that has it, as its wheels are"
        ) from error


def _receipt(kind: KeyKind, seed: Seed, algorithm: _Algorithm, private: PrivateKey | bytearray) -> KeyReceipt:
    public = None if isinstance(private, bytearray) else _public(private, serialization.Encoding.DER)
    return KeyReceipt(
        kind=kind,
        created_utc=datetime.now(UTC),
        code_version=version("qrng-hub"),
        public_key_sha256=_digest(public) if public else None,
        origin=seed.origin,
        credited_bits=seed.credited_bits,
        required_bits=algorithm.required_bits,
        mixed_with_os_entropy=seed.mixed_with_os_entropy,
        sources=seed.sources,
        assumptions=seed.assumptions,
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _public(private: PrivateKey, encoding: serialization.Encoding) -> bytes:
    return private.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def _algorithm(kind: str) -> _Algorithm:
    if kind not in _ALGORITHMS:
        raise UnknownNameError(f"there is no kind of key {kind!r}; there are {', '.join(get_args(KeyKind))}")
    return _ALGORITHMS[kind]


def _ml_kem_768(seed: bytearray) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey

    return MLKEM768PrivateKey.from_seed_bytes(seed)


def _ml_kem_1024(seed: bytearray) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM1024PrivateKey

    return MLKEM1024PrivateKey.from_seed_bytes(seed)


def _ml_dsa_65(seed: bytearray) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

    return MLDSA65PrivateKey.from_seed_bytes(seed)


def _ed25519(seed: bytearray) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)


#: Strengths: FIPS 203, section 3.3, and FIPS 204, section 3.6.1, ask them of the generator; RFC 8032, section 1.
_ALGORITHMS = {
    "ml-kem-768": _Algorithm(64, 192, _ml_kem_768),
    "ml-kem-1024": _Algorithm(64, 256, _ml_kem_1024),
    "ml-dsa-65": _Algorithm(32, 192, _ml_dsa_65),
    "ed25519": _Algorithm(32, 128, _ed25519),
    "aes-256": _Algorithm(32, 256),
}
