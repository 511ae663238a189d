"""Verifies a signed receipt: whether it holds, what that proves, and what it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from qrng_hub.errors import ConfigError, ReceiptError
from qrng_hub.records import Receipt, Record
from qrng_hub.signing import DOMAIN, public_fingerprint, short
from qrng_hub.validation import first_problem
from qrng_hub.verification.certification import uncertified
from qrng_hub.verification.consistency import contradictions
from qrng_hub.verification.crediting import uncredited
from qrng_hub.verification.data import FileDigest
from qrng_hub.verification.document import (
    require_known_version,
    signature_problems,
    signed_document,
    whose,
)

_NEWEST: int = max(get_args(Receipt.model_fields["version"].annotation))
_NOT_PROVED = (
    "that the provider ran the jobs named and told their true outcomes, or that nobody else has them",
    "that the bytes are unpredictable beyond the credit, whose assumptions the receipt lists",
)


class Verified(Record):
    """A receipt that holds: who signed it, what of the output was compared, what that proves and what not."""

    of: Literal["draw"] = "draw"
    draw_id: str
    bytes: int
    origin: str
    credited_bits: float
    claimed_bits: float
    """What somebody vouches for, and nobody verified."""
    claimed_by: str
    certified_bits: float | None
    """What its counts certify, reckoned anew, if they came from hardware; None where nothing is certified."""
    fingerprint: str
    key: Literal["of this host", "named"]
    data: Literal["not compared", "length and SHA-256", "length only"]
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]


def verify(
    text: bytes, *, host: Collection[str] = (), named: str | None = None, data: FileDigest | None = None
) -> Verified:
    """Verifies the file of a signed receipt.

    The key that signed it has to be the one of the fingerprint `named`, or with none one of `host`, those of this
    host's keys: a signature with a key that nobody vouches for proves nothing. Raises `ReceiptError`, with a
    sentence for each thing that does not hold.
    """
    document = signed_document(text)
    require_known_version(document["receipt"], _NEWEST)
    problems = [*signature_problems(document, DOMAIN, host, named), *_of_receipt(document["receipt"], data)]
    if problems:
        raise ReceiptError(*problems)
    receipt = _receipt(document["receipt"])
    fingerprint = document["signature"]["fingerprint"]
    proved, not_proved = _meaning(receipt, named, fingerprint, data)
    return Verified(
        draw_id=receipt.draw_id,
        bytes=receipt.bytes,
        origin=receipt.origin,
        credited_bits=receipt.credit.bits,
        claimed_bits=receipt.claimed_bits,
        claimed_by=receipt.claimed_by,
        certified_bits=None if receipt.bound is None else receipt.bound.certified_bits,
        fingerprint=fingerprint,
        key="of this host" if named is None else "named",
        data="not compared" if data is None else "length only" if receipt.sha256 is None else "length and SHA-256",
        proved=proved,
        not_proved=not_proved,
    )


def bytes_said(text: bytes) -> int | None:
    """Reads how long a receipt says that its output is, and verifies nothing; raises `ReceiptError` if it is none."""
    said = signed_document(text)["receipt"].get("bytes")
    return said if isinstance(said, int) else None


def trusted_fingerprint(name: str) -> str:
    """Reads a fingerprint of 64 hex digits, however spaced, or that of the PEM file of a public key.

    Raises `ConfigError` if it is neither.
    """
    digits = re.sub(r"[\s:]", "", name).lower()
    if re.fullmatch("[0-9a-f]{64}", digits):
        return digits
    if re.fullmatch("[0-9a-f]{8,}", digits) and not Path(name).exists():
        raise ConfigError(f"{name} is {len(digits)} hex digits of a fingerprint: give all 64, or the key's file")
    return public_fingerprint(Path(name))


def _of_receipt(fields: dict[str, Any], data: FileDigest | None) -> Iterator[str]:
    try:
        receipt = _receipt(fields)
    except ValidationError as error:
        yield f"receipt.{first_problem(error)}"
        return
    found = list(contradictions(receipt))
    yield from found or uncredited(receipt)
    yield from uncertified(receipt)
    if data is not None:
        yield from _of_data(receipt, data)


def _of_data(receipt: Receipt, data: FileDigest) -> Iterator[str]:
    if data.size != receipt.bytes:
        yield f"the file of {data.size} bytes is not the output of {receipt.bytes}"
    elif receipt.sha256 not in (None, data.sha256):
        yield f"the file is not the output: its SHA-256 is {data.sha256}, and the receipt says {receipt.sha256!r}"


def _meaning(
    receipt: Receipt, named: str | None, fingerprint: str, data: FileDigest | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Says what a receipt that holds proves, and what it does not."""
    proved = [f"the receipt is as the holder of the key {short(fingerprint)} signed it, and agrees with itself"]
    not_proved = list(_NOT_PROVED)
    not_proved.insert(0, whose(named))
    if receipt.bound is not None:
        outcomes = "" if receipt.origin == "hardware" else ", if the outcomes were hardware's,"
        proved.append(
            f"the {receipt.bound.certified_bits:,.1f} bits certified ({receipt.bound.level}){outcomes} follow from "
            "the terms and the counts in it: the bound was reckoned anew"
        )
        not_proved.append(
            "that the counts are of outcomes that a device gave, and that the certificate's assumptions hold"
        )
    if receipt.claimed_bits:
        claimed = f"{receipt.claimed_bits:,.1f} bits that {receipt.claimed_by!r} vouches for"
        not_proved.append(f"the {claimed}, none of them credited")
    if data is None:
        not_proved.insert(0, "which bytes it speaks of: no file was given with --data")
    elif receipt.sha256 is None:
        not_proved.insert(0, "that the file is the output: a digest would reveal so short a one, so there is none")
        proved.append(f"the file is as long as the output, {receipt.bytes} bytes")
    else:
        proved.append(f"the file is the output, byte by byte: {receipt.bytes} bytes, SHA-256 {receipt.sha256}")
    return tuple(proved), tuple(not_proved)


def _receipt(fields: dict[str, Any]) -> Receipt:
    return Receipt.model_validate_json(json.dumps(fields), strict=True)
