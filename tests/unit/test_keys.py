"""Keys are those that the standards make of the seed, and only bytes with enough credit become keys."""

import copy
import json
import pickle
from hashlib import sha3_256, sha256, shake_256
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key, load_pem_public_key
from dilithium_py.ml_dsa import ML_DSA_65
from kyber_py.ml_kem import ML_KEM_768, ML_KEM_1024

from pools import a_draw, a_pool, known_bytes
from qrng_hub import Hub
from qrng_hub.delivery.keys import Key, KeyKind, Seed, make_key, seed_bytes
from qrng_hub.delivery.pool.records import PoolSource
from qrng_hub.errors import InsufficientEntropyError, PoolEmptyError, RequestError, UnknownNameError
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "acvp-key-generation.json").read_text())
KINDS: tuple[KeyKind, ...] = ("ml-kem-768", "ml-kem-1024", "ml-dsa-65", "ed25519", "aes-256")
#: So many bits leave each 32-byte part of a seed the strength of its key.
REQUIRED = {"ml-kem-768": 448, "ml-kem-1024": 512, "ml-dsa-65": 192, "ed25519": 128, "aes-256": 256}


def seed_of(data: bytes, credited_bits: int | None = None, origin: Any = "hardware") -> Seed:
    credited = 8 * len(data) if credited_bits is None else credited_bits
    source = PoolSource(draw_id="draw", offset=0, length=len(data), origin=origin, credited_bits=credited)
    return Seed(bytearray(data), (source,), True, ("the device does as it says",))


def key_of(kind: KeyKind, data: bytes) -> Key:
    return make_key(kind, seed_of(data))


def hub_of(**scripts: Script) -> Hub:
    clock = FrozenClock()
    values = {
        "version": 1,
        "backend": [{"address": f"scripted:{name}"} for name in scripts],
        "budget": {"usd_per_job": 1},
    }
    return Hub.open(values, clock=clock, adapters=[ScriptedAdapter(scripts, clock)])


@pytest.mark.parametrize("case", VECTORS["ML-KEM"], ids=lambda case: f"tc{case['tcId']}")
def test_ml_kem_keys_are_those_of_nist(case: dict[str, str]) -> None:
    kind: Any = case["parameterSet"].lower()
    private = key_of(kind, bytes.fromhex(case["d"] + case["z"])).private
    assert isinstance(private, MLKEM768PrivateKey | MLKEM1024PrivateKey)
    assert sha3_256(private.public_key().public_bytes_raw()).hexdigest().upper() == case["H(ek)"]


@pytest.mark.parametrize("case", VECTORS["ML-DSA"], ids=lambda case: f"tc{case['tcId']}")
def test_ml_dsa_keys_are_those_of_nist(case: dict[str, str]) -> None:
    private = key_of("ml-dsa-65", bytes.fromhex(case["seed"])).private
    assert isinstance(private, MLDSA65PrivateKey)
    assert shake_256(private.public_key().public_bytes_raw()).hexdigest(64).upper() == case["tr"]


def test_an_ed25519_key_is_that_of_rfc_8032() -> None:
    """Section 7.1, test 1."""
    private = key_of(
        "ed25519", bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    ).private
    assert isinstance(private, Ed25519PrivateKey)
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert private.public_key().public_bytes_raw().hex() == public


@pytest.mark.parametrize(("kind", "other"), [("ml-kem-768", ML_KEM_768), ("ml-kem-1024", ML_KEM_1024)])
@pytest.mark.parametrize("number", range(3))
def test_ml_kem_agrees_with_an_independent_implementation(kind: KeyKind, other: Any, number: int) -> None:
    """kyber-py makes the same key of the same seed, and each decapsulates what the other encapsulates."""
    seed = known_bytes(64, seed=number)
    encapsulation_key, decapsulation_key = other.key_derive(seed)
    private = key_of(kind, seed).private
    assert isinstance(private, MLKEM768PrivateKey | MLKEM1024PrivateKey)
    assert private.public_key().public_bytes_raw() == encapsulation_key
    assert private.private_bytes_raw() == seed
    shared, ciphertext = private.public_key().encapsulate()
    assert other.decaps(decapsulation_key, ciphertext) == shared
    theirs, ciphertext = other.encaps(encapsulation_key)
    assert private.decapsulate(ciphertext) == theirs


@pytest.mark.parametrize("number", range(3))
def test_ml_dsa_agrees_with_an_independent_implementation(number: int) -> None:
    """dilithium-py makes the same key of the same seed, and each verifies what the other signs."""
    seed = known_bytes(32, seed=number)
    public, secret = ML_DSA_65.key_derive(seed)
    private = key_of("ml-dsa-65", seed).private
    assert isinstance(private, MLDSA65PrivateKey)
    assert private.public_key().public_bytes_raw() == public
    assert ML_DSA_65.verify(public, b"message", private.sign(b"message"))
    signature = ML_DSA_65.sign(secret, b"message")
    private.public_key().verify(signature, b"message")
    with pytest.raises(InvalidSignature):
        private.public_key().verify(signature, b"another message")


def test_an_aes_key_is_its_seed() -> None:
    key = key_of("aes-256", known_bytes(32))
    assert key.private == bytearray(known_bytes(32))
    assert key.private_text() == known_bytes(32).hex().encode() + b"\n"
    assert (key.public_text(), key.receipt.public_key_sha256) == (None, None)
    key.wipe()
    assert key.private == bytearray(32)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "aes-256"])
def test_keys_are_read_back_from_what_is_written(kind: KeyKind) -> None:
    data = known_bytes(seed_bytes(kind))
    key = key_of(kind, data)
    public = key.public_text()
    assert public is not None
    for text, passphrase in ((key.private_text(), None), (key.private_text(b"open sesame"), b"open sesame")):
        read: Any = load_pem_private_key(text, passphrase)
        assert read.private_bytes_raw() == data
        assert read.public_key() == load_pem_public_key(public)
    # one wrong key in 256 leaves a well-formed padding, and other words
    with pytest.raises(ValueError, match=r"(?i)decrypt|password|deserialize"):
        load_pem_private_key(key.private_text(b"open sesame"), b"open barley")


def test_the_receipt_says_where_a_key_comes_from_and_nothing_secret() -> None:
    seed = seed_of(known_bytes(64), 450)
    key = make_key("ml-kem-768", seed)
    receipt = key.receipt
    assert (receipt.kind, receipt.origin, receipt.credited_bits, receipt.required_bits) == (
        "ml-kem-768", "hardware", 450, 448
    )  # fmt: skip
    assert receipt.assumptions == ("the device does as it says",)
    assert [one.draw_id for one in receipt.sources] == ["draw"]
    assert isinstance(key.private, MLKEM768PrivateKey)
    raw = key.private.public_key().public_bytes_raw()
    # RFC 9935: SEQUENCE { SEQUENCE { id-alg-ml-kem-768 }, BIT STRING }
    der = bytes.fromhex("308204b2300b0609608648016503040402038204a100") + raw
    assert isinstance(load_der_public_key(der), MLKEM768PublicKey)
    assert receipt.public_key_sha256 == sha256(der).hexdigest()
    shown = f"{receipt!r}{receipt.model_dump_json()}{key!r}{seed!r}"
    assert not any(known_bytes(64)[start : start + 4].hex() in shown for start in range(61))


def test_nothing_of_a_key_or_a_seed_is_shown_or_copied() -> None:
    for kind in KINDS:
        data = known_bytes(seed_bytes(kind))
        key = key_of(kind, data)
        assert repr(key) == f"<Key {kind}: hardware, {8 * len(data)} bits credited>"
        assert repr(seed_of(data)) == f"<Seed: {len(data)} bytes, hardware, {8 * len(data)} bits credited>"
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="not copied or pickled"):
                copied(key)


def test_one_seed_makes_one_key() -> None:
    seed = seed_of(known_bytes(32))
    make_key("aes-256", seed)
    with pytest.raises(RequestError, match="this seed was wiped, as by the making of a key"):
        make_key("aes-256", seed)
    draw = a_draw(known_bytes(32))
    Seed.of_draw(draw)
    with pytest.raises(RequestError, match="its bytes are used once"):
        Seed.of_draw(draw)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_wiped_whether_or_not_a_key_is_made_of_it(kind: KeyKind) -> None:
    count = seed_bytes(kind)
    for seed in (seed_of(known_bytes(count)), seed_of(known_bytes(count), 0), seed_of(known_bytes(count + 1))):
        length = len(seed.data)
        try:
            make_key(kind, seed)
        except (InsufficientEntropyError, RequestError):
            assert seed.credited_bits != 8 * count
        assert seed.data == bytes(length)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("origin", ["simulator", "mixed"])
def test_simulated_bits_make_no_key_unless_allowed_by_name(kind: KeyKind, origin: str) -> None:
    data = known_bytes(seed_bytes(kind))
    with pytest.raises(InsufficientEntropyError, match="a simulator's output"):
        make_key(kind, seed_of(data, 0, origin))
    with pytest.raises(InsufficientEntropyError, match="allow_simulated=True"):
        make_key(kind, seed_of(data, 0, origin), allow_low_credit=True)
    receipt = make_key(kind, seed_of(data, 0, origin), allow_simulated=True).receipt
    assert (receipt.origin, receipt.credited_bits) == (origin, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_too_little_credit_makes_no_key_unless_allowed_by_name(kind: KeyKind) -> None:
    data, required = known_bytes(seed_bytes(kind)), REQUIRED[kind]
    assert make_key(kind, seed_of(data, required)).receipt.required_bits == required
    for allowed in ({}, {"allow_simulated": True}):
        with pytest.raises(
            InsufficientEntropyError, match=f"credited with {required - 1} bits, and it needs {required}"
        ):
            make_key(kind, seed_of(data, required - 1), **allowed)
    assert make_key(kind, seed_of(data, 0), allow_low_credit=True).receipt.credited_bits == 0


def test_one_simulated_byte_is_one_too_many(tmp_path: Path) -> None:
    pool = a_pool(tmp_path)
    pool.add(known_bytes(63), draw_id="device", origin="hardware", credited_bits=504)
    pool.add(known_bytes(1), draw_id="program", origin="simulator", credited_bits=0)
    with pytest.raises(InsufficientEntropyError, match=r"in part a simulator's output \(draw device, draw program\)"):
        make_key("ml-kem-1024", Seed.of_pool(pool.take_with_sources(64)))


def test_there_is_no_other_kind_and_no_other_length() -> None:
    unknown: Any = "rsa-2048"
    with pytest.raises(UnknownNameError, match="'rsa-2048'; there are ml-kem-768, ml-kem-1024, ml-dsa-65"):
        make_key(unknown, seed_of(known_bytes(32)))
    with pytest.raises(RequestError, match="the seed of ml-kem-768 is of 64 bytes, not 32"):
        make_key("ml-kem-768", seed_of(known_bytes(32)))


def test_passphrases_that_would_not_protect_are_refused() -> None:
    with pytest.raises(RequestError, match="1 byte or more"):
        key_of("ed25519", known_bytes(32)).private_text(b"")
    with pytest.raises(RequestError, match="an AES key takes none"):
        key_of("aes-256", known_bytes(32)).private_text(b"open sesame")


@pytest.mark.parametrize("kind", KINDS)
def test_the_hub_makes_keys_of_hardware(kind: KeyKind) -> None:
    with hub_of(device=Script()) as hub:
        key = hub.keygen(kind)
        (source,) = key.receipt.sources
        receipt = hub.receipt(source.draw_id)
    assert (receipt.bytes, receipt.origin) == (seed_bytes(kind), "hardware")
    assert key.receipt.credited_bits == 8 * receipt.bytes
    assert key.receipt.assumptions == receipt.sources[0].assumptions
    assert key.receipt.mixed_with_os_entropy


def test_a_key_is_made_of_the_bytes_of_the_draw() -> None:
    draw = a_draw(known_bytes(64))
    private = make_key("ml-kem-1024", Seed.of_draw(draw)).private
    assert isinstance(private, MLKEM1024PrivateKey)
    assert private.private_bytes_raw() == draw.data
    assert isinstance(private.public_key(), MLKEM1024PublicKey)


def test_the_hub_draws_nothing_when_simulators_are_sure_to_deliver() -> None:
    with Hub.open() as hub:
        with pytest.raises(InsufficientEntropyError, match="local:stim is one"):
            hub.keygen("aes-256")
        assert hub.jobs() == ()
        assert hub.keygen("aes-256", allow_simulated=True).receipt.origin == "simulator"
    with hub_of(device=Script()) as hub:
        with pytest.raises(InsufficientEntropyError, match="local:stim is one"):
            hub.keygen("aes-256", backend="local:stim")
        with pytest.raises(UnknownNameError, match="no kind of key"):
            hub.keygen("aes-257")  # type: ignore[arg-type]
        assert len(hub.jobs()) == 1


def test_what_stands_in_for_hardware_makes_no_key() -> None:
    with (
        hub_of(device=Script(offline=True)) as hub,
        pytest.warns(UserWarning, match="no credited entropy"),
        pytest.raises(InsufficientEntropyError, match="a simulator's output"),
    ):
        hub.keygen("ed25519")


def test_hardware_that_is_xored_with_a_simulator_is_refused_before_it_is_paid() -> None:
    clock = FrozenClock()
    adapter = ScriptedAdapter({"device": Script()}, clock)
    values = {
        "version": 1,
        "request": {"mode": "each"},
        "backend": [{"address": "scripted:device"}, {"address": "local:stim"}],
        "budget": {"usd_per_job": 1},
    }
    with Hub.open(values, clock=clock, adapters=[adapter]) as hub:
        with pytest.raises(InsufficientEntropyError, match="local:stim is one"):
            hub.keygen("ed25519")
        assert adapter.jobs == {}
        assert hub.keygen("ed25519", allow_simulated=True).receipt.origin == "mixed"


def test_keys_are_made_of_a_pool_mixed_and_never_twice_of_the_same_bytes(tmp_path: Path) -> None:
    pool = a_pool(tmp_path)
    pool.add_draw(a_draw(known_bytes(96), "paid"))
    with Hub.open() as hub:
        key = hub.keygen("ml-kem-768", pool=pool)
        assert isinstance(key.private, MLKEM768PrivateKey)
        assert key.private.private_bytes_raw() != known_bytes(96)[:64], "XORed with the operating system's"
        assert (key.receipt.origin, key.receipt.credited_bits) == ("hardware", 512)
        assert key.receipt.sources == (
            PoolSource(draw_id="paid", offset=0, length=64, origin="hardware", credited_bits=512),
        )
        assert pool.bytes_left() == 32
        with pytest.raises(PoolEmptyError, match="32 bytes left"):
            hub.keygen("ml-kem-768", pool=pool)
        with pytest.raises(RequestError, match="name one of them"):
            hub.keygen("aes-256", pool=pool, backend="local:stim")
        assert hub.jobs() == ()


def test_verifying_keys_are_of_the_kind_asked_for() -> None:
    public = key_of("ml-dsa-65", known_bytes(32)).public_text()
    assert public is not None
    assert isinstance(load_pem_public_key(public), MLDSA65PublicKey)
