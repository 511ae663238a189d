"""Verifies the signed receipt of a key: of which draws it was made, and of which credit."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Literal, get_args

from pydantic import ValidationError

from qrng_hub.delivery.keys import KeyReceipt, required_bits, seed_bytes
from qrng_hub.errors import ReceiptError
from qrng_hub.records import Origin, Record, common_origin
from qrng_hub.signing import KEY_DOMAIN, short
from qrng_hub.validation import first_problem
from qrng_hub.verification.document import (
    require_known_version,
    signature_problems,
    signed_document,
    whose,
)

_NEWEST: int = max(get_args(KeyReceipt.model_fields["version"].annotation))
_NOT_PROVED = "that the draws named are as it says: verify their receipts, which `qrng receipt ID` prints"


class VerifiedKey(Record):
    """A key's receipt that holds: who signed it, whether the public key was compared, and what that proves."""

    of: Literal["key"] = "key"
    kind: str
    origin: str
    credited_bits: int
    required_bits: int
    draws: tuple[str, ...]
    fingerprint: str
    key: Literal["of this host", "named"]
    data: Literal["not compared", "public key"]
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]


def is_key_receipt(text: bytes) -> bool:
    """Says whether this looks like the signed receipt of a key."""
    try:
        return not {"draw_id", "mechanism"} & signed_document(text)["receipt"].keys()
    except ReceiptError:
        return False


def verify_key(
    text: bytes, *, host: Collection[str] = (), named: str | None = None, public_key_sha256: str | None = None
) -> VerifiedKey:
    """Verifies the signed receipt of a key, and that it is the one of a public key; else as `verify`."""
    document = signed_document(text)
    require_known_version(document["receipt"], _NEWEST)
    problems = [
        *signature_problems(document, KEY_DOMAIN, host, named),
        *_of_receipt(document["receipt"], public_key_sha256),
    ]
    if problems:
        raise ReceiptError(*problems)
    receipt, fingerprint = _receipt(document["receipt"]), document["signature"]["fingerprint"]
    proved = [f"the receipt is as the holder of the key {short(fingerprint)} signed it, and agrees with itself"]
    not_proved = [whose(named), _NOT_PROVED, "that nobody else has the key"]
    if public_key_sha256 is None:
        not_proved.insert(0, "of which key it speaks: no public key was given with --data")
    else:
        proved.append(f"the public key is the one it speaks of: SHA-256 {public_key_sha256}")
    return VerifiedKey(
        kind=receipt.kind,
        origin=receipt.origin,
        credited_bits=receipt.credited_bits,
        required_bits=receipt.required_bits,
        draws=tuple(dict.fromkeys(one.draw_id for one in receipt.sources)),
        fingerprint=fingerprint,
        key="of this host" if named is None else "named",
        data="not compared" if public_key_sha256 is None else "public key",
        proved=tuple(proved),
        not_proved=tuple(not_proved),
    )


def _of_receipt(fields: dict[str, Any], public_key_sha256: str | None) -> Iterator[str]:
    try:
        receipt = _receipt(fields)
    except ValidationError as error:
        yield f"receipt.{first_problem(error)}"
        return
    yield from _contradictions(receipt)
    if public_key_sha256 not in (None, receipt.public_key_sha256):
        yield f"the public key is another: its SHA-256 is {public_key_sha256}, not {receipt.public_key_sha256}"


def _contradictions(receipt: KeyReceipt) -> Iterator[str]:
    """Says, a sentence each, what does not agree with the rest of the receipt or with the kind of key."""
    sources = receipt.sources
    origins = {one.origin for one in sources}
    if receipt.origin != common_origin(origins):
        yield f"its origin is {receipt.origin}, and that of its draws is {', '.join(sorted(origins)) or 'none'}"
    if receipt.credited_bits != sum(one.credited_bits for one in sources):
        yield f"its credit of {receipt.credited_bits} bits is not the sum of its draws'"
    for origin in sorted({one.origin for one in sources if one.credited_bits > 0} - {"hardware", "mixed"}):
        yield f"{Origin(origin).noun}'s bytes are credited"
    if not all(0 <= one.credited_bits <= 8 * one.length and one.offset >= 0 < one.length for one in sources):
        yield "a draw's part has no bytes, or more credit than bits"
    if sum(one.length for one in sources) != seed_bytes(receipt.kind):
        yield f"its draws gave {sum(one.length for one in sources)} bytes, and a seed has {seed_bytes(receipt.kind)}"
    if receipt.required_bits != required_bits(receipt.kind):
        yield f"it says that {receipt.required_bits} bits are needed, which are {required_bits(receipt.kind)}"
    if (receipt.public_key_sha256 is None) != (receipt.kind == "aes-256"):
        yield "a key has a public key unless it is an AES key"


def _receipt(fields: dict[str, Any]) -> KeyReceipt:
    return KeyReceipt.model_validate_json(json.dumps(fields), strict=True)
