"""What is signed of a receipt, and the signature that stands beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError

from qrng_hub.errors import ReceiptError
from qrng_hub.records import Record
from qrng_hub.signing.canonical import canonical
from qrng_hub.signing.keys import SigningKey, fingerprint, require_signed

#: What it is a signature of, in which version: no signature with this key is one of anything else.
Domain = Literal[
    "qrng-hub receipt signature 1", "qrng-hub key receipt signature 1", "qrng-hub output receipt signature 1"
]
DOMAIN: Domain = "qrng-hub receipt signature 1"
KEY_DOMAIN: Domain = "qrng-hub key receipt signature 1"
OUTPUT_DOMAIN: Domain = "qrng-hub output receipt signature 1"
_Key = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Signature(Record):
    """An Ed25519 signature (RFC 8032), keys and value in hex.

    The message is the domain, a line feed, and the canonical form (RFC 8785) of the receipt.
    """

    domain: Domain
    algorithm: Literal["Ed25519"]
    public_key: _Key
    fingerprint: _Key
    """The SHA-256 of the public key's 32 bytes."""
    value: Annotated[str, Field(pattern="^[0-9a-f]{128}$")]


class SignedReceipt(Record):
    """A receipt as the JSON that was signed, and its signature."""

    receipt: dict[str, JsonValue]
    signature: Signature

    def text(self) -> bytes:
        """Returns the document as it stands in a file."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False).encode() + b"\n"


def signed(receipt_json: str, key: SigningKey, domain: Domain = DOMAIN) -> SignedReceipt:
    """Signs a receipt, given as JSON, of a draw or of a key; the same receipt and key give the same signature."""
    document: dict[str, Any] = json.loads(receipt_json)
    signature = Signature(
        domain=domain,
        algorithm="Ed25519",
        public_key=key.public_key.hex(),
        fingerprint=key.fingerprint,
        value=key.sign(_message(domain, document)).hex(),
    )
    return SignedReceipt(receipt=document, signature=signature)


def with_signature(receipt_json: str, signature: Mapping[str, Any], domain: Domain = DOMAIN) -> SignedReceipt:
    """Puts a receipt and the signature that was kept of it together; raises `ReceiptError` if they do not fit."""
    try:
        found = SignedReceipt(receipt=json.loads(receipt_json), signature=Signature.model_validate(signature))
    except ValidationError as error:
        raise ReceiptError(f"the signature kept is damaged: {error.errors()[0]['msg']}") from None
    require_signature(found, domain)
    return found


def require_signature(signed: SignedReceipt, domain: Domain = DOMAIN) -> None:
    """Raises `ReceiptError` unless the key that the signature names made it of this receipt, in this domain."""
    signature = signed.signature
    if signature.domain != domain:
        raise ReceiptError(f"its signature is a {signature.domain!r} and not a {domain!r}")
    public_key = bytes.fromhex(signature.public_key)
    if fingerprint(public_key) != signature.fingerprint:
        raise ReceiptError("the fingerprint in the signature is not that of the public key beside it")
    require_signed(_message(domain, signed.receipt), bytes.fromhex(signature.value), public_key)


def _message(domain: Domain, receipt: dict[str, Any]) -> bytes:
    return domain.encode() + b"\n" + canonical(receipt)
