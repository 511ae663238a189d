"""Receipts of keys: what is signed, and what a forger with a key of the right host still cannot make agree."""

import json
from typing import Any

import pytest

from qrng_hub.delivery.keys import Seed, make_key
from qrng_hub.delivery.pool.records import PoolSource
from qrng_hub.errors import ReceiptError
from qrng_hub.signing import DOMAIN, KEY_DOMAIN, Domain, signed
from qrng_hub.verification import is_key_receipt, verify, verify_key
from signing import KEY, a_signed_receipt

HOST = (KEY.fingerprint,)
SOURCES = (
    PoolSource(draw_id="one", offset=16, length=16, origin="hardware", credited_bits=120),
    PoolSource(draw_id="two", offset=0, length=16, origin="hardware", credited_bits=128),
)
RECEIPT = make_key("ed25519", Seed(bytearray(range(32)), SOURCES, True, ("an assumption",))).receipt


def text(domain: Domain = KEY_DOMAIN, **changed: Any) -> bytes:
    return signed(json.dumps(RECEIPT.model_dump(mode="json") | changed), KEY, domain).text()


def parts(**changed: Any) -> dict[str, Any]:
    first, second = (one.model_dump(mode="json") for one in SOURCES)
    return {"sources": [first | changed, second]}


def test_a_receipt_holds_and_says_what_the_key_was_made_of() -> None:
    verified = verify_key(text(), host=HOST, public_key_sha256=RECEIPT.public_key_sha256)
    assert (verified.kind, verified.origin, verified.credited_bits, verified.required_bits) == (
        "ed25519", "hardware", 248, 128,
    )  # fmt: skip
    assert (verified.draws, verified.data, verified.key) == (("one", "two"), "public key", "of this host")
    assert is_key_receipt(text())
    assert not is_key_receipt(a_signed_receipt().text())


def test_a_signature_of_the_one_is_none_of_the_other() -> None:
    with pytest.raises(ReceiptError, match="and not a 'qrng-hub key receipt signature 1'"):
        verify_key(text(DOMAIN), host=HOST)
    relabelled = json.loads(text(DOMAIN))
    relabelled["signature"]["domain"] = KEY_DOMAIN
    with pytest.raises(ReceiptError, match="altered after it was signed"):
        verify_key(json.dumps(relabelled).encode(), host=HOST)
    draw = a_signed_receipt()
    with pytest.raises(ReceiptError, match="and not a 'qrng-hub receipt signature 1'"):
        verify(signed(json.dumps(draw.receipt), KEY, KEY_DOMAIN).text(), host=HOST)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"origin": "simulator"}, "its origin is simulator, and that of its draws is hardware"),
        ({"credited_bits": 256}, "its credit of 256 bits is not the sum of its draws'"),
        (parts(origin="simulator") | {"origin": "mixed"}, "a simulator's bytes are credited"),
        (parts(length=15), "its draws gave 31 bytes, and a seed has 32"),
        (parts(length=0), "a draw's part has no bytes, or more credit than bits"),
        (parts(credited_bits=129) | {"credited_bits": 257}, "a draw's part has no bytes, or more credit than bits"),
        ({"required_bits": 64}, "it says that 64 bits are needed, which are 128"),
        ({"public_key_sha256": None}, "a key has a public key unless it is an AES key"),
        ({"sources": []}, "that of its draws is none"),
        ({"kind": "rsa"}, "receipt.kind: must be 'ml-kem-768'"),
        ({"version": 9}, "it is a receipt of version 9, and this release reads 1"),
        ({"more": 1}, "receipt.more: "),
    ],
)
def test_what_does_not_agree_does_not_hold_whoever_signed_it(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ReceiptError) as caught:
        verify_key(text(**changed), host=HOST)
    assert any(says in problem for problem in caught.value.problems), caught.value.problems


def test_another_public_key_or_signer_is_told_apart() -> None:
    with pytest.raises(ReceiptError, match="the public key is another"):
        verify_key(text(), host=HOST, public_key_sha256="0" * 64)
    with pytest.raises(ReceiptError, match="none of this host's"):
        verify_key(text())
    assert verify_key(text(), named=KEY.fingerprint).key == "named"
