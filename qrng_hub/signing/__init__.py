"""Signs receipts with a key of this host and user; whoever has the public key can verify them offline."""

from qrng_hub.signing.canonical import canonical, read_json
from qrng_hub.signing.keys import (
    ReceiptKeys,
    SigningKey,
    fingerprint,
    public_fingerprint,
    receipt_keys,
    require_signed,
    short,
)
from qrng_hub.signing.signature import (
    DOMAIN,
    KEY_DOMAIN,
    OUTPUT_DOMAIN,
    Domain,
    Signature,
    SignedReceipt,
    require_signature,
    signed,
    with_signature,
)

__all__ = [
    "DOMAIN",
    "KEY_DOMAIN",
    "OUTPUT_DOMAIN",
    "Domain",
    "ReceiptKeys",
    "Signature",
    "SignedReceipt",
    "SigningKey",
    "canonical",
    "fingerprint",
    "public_fingerprint",
    "read_json",
    "receipt_keys",
    "require_signature",
    "require_signed",
    "short",
    "signed",
    "with_signature",
]
