"""Verifies the signed receipt of a generator's output: its digest, and of which draws it was seeded."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator
from typing import Any, Literal, get_args

from pydantic import ValidationError

from qrng_hub.errors import ReceiptError
from qrng_hub.records import Origin, OutputReceipt, Record, common_origin
from qrng_hub.signing import OUTPUT_DOMAIN, short
from qrng_hub.validation import first_problem
from qrng_hub.verification.data import FileDigest
from qrng_hub.verification.document import (
    require_known_version,
    signature_problems,
    signed_document,
    whose,
)

_NEWEST: int = max(get_args(OutputReceipt.model_fields["version"].annotation))
_DIGEST_FROM_BYTES = 32
_SEED_BYTES, _RESEED_BYTES = 48, 32
_NOT_PROVED = "that the draws named are as it says: verify their receipts, which `qrng receipt ID` prints"

_OF_THE_STATE = "that the generator was seeded with them, or that nobody else has its state"


class VerifiedOutput(Record):
    """The receipt of an output that holds: who signed it, what was compared, what that proves and what not."""

    of: Literal["output"] = "output"
    bytes: int
    mechanism: str
    origin: str
    credited_bits: float
    seeds: tuple[str, ...]
    reseeds: int
    fingerprint: str
    key: Literal["of this host", "named"]
    data: Literal["not compared", "length and SHA-256", "length only"]
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]


def is_output_receipt(text: bytes) -> bool:
    """Says whether this looks like the signed receipt of a generator's output."""
    try:
        return "mechanism" in signed_document(text)["receipt"]
    except ReceiptError:
        return False


def verify_output(
    text: bytes, *, host: Collection[str] = (), named: str | None = None, data: FileDigest | None = None
) -> VerifiedOutput:
    """Verifies the signed receipt of a generator's output, else as `verify`."""
    document = signed_document(text)
    require_known_version(document["receipt"], _NEWEST)
    problems = [
        *signature_problems(document, OUTPUT_DOMAIN, host, named),
        *_of_receipt(document["receipt"], data),
    ]
    if problems:
        raise ReceiptError(*problems)
    receipt, fingerprint = _receipt(document["receipt"]), document["signature"]["fingerprint"]
    proved = [f"the receipt is as the holder of the key {short(fingerprint)} signed it, and agrees with itself"]
    not_proved = [
        whose(named),
        _NOT_PROVED,
        "that the generator was seeded with them, or that nobody else has its state",
    ]
    if data is None:
        not_proved.insert(0, "which bytes it speaks of: no file was given with --data")
    elif receipt.sha256 is None:
        proved.append(f"the file is as long as the output, {receipt.bytes} bytes")
    else:
        proved.append(f"the file is the output, byte by byte: {receipt.bytes} bytes, SHA-256 {receipt.sha256}")
    return VerifiedOutput(
        bytes=receipt.bytes,
        mechanism=receipt.mechanism,
        origin=receipt.origin,
        credited_bits=receipt.credited_bits,
        seeds=tuple(seed.draw_id for seed in receipt.seeds),
        reseeds=receipt.reseeds,
        fingerprint=fingerprint,
        key="of this host" if named is None else "named",
        data="not compared" if data is None else "length only" if receipt.sha256 is None else "length and SHA-256",
        proved=tuple(proved),
        not_proved=tuple(not_proved),
    )


def _of_receipt(fields: dict[str, Any], data: FileDigest | None) -> Iterator[str]:
    try:
        receipt = _receipt(fields)
    except ValidationError as error:
        yield f"receipt.{first_problem(error)}"
        return
    yield from _contradictions(receipt)
    if data is not None and data.size != receipt.bytes:
        yield f"the file of {data.size} bytes is not the output of {receipt.bytes}"
    elif data is not None and receipt.sha256 not in (None, data.sha256):
        yield f"the file is not the output: its SHA-256 is {data.sha256}, and the receipt says {receipt.sha256!r}"


def _contradictions(receipt: OutputReceipt) -> Iterator[str]:
    """Says, a sentence each, what does not agree with the rest of the receipt."""
    yield from _of_seeds(receipt)
    origins = {seed.origin for seed in receipt.seeds}
    if receipt.origin != common_origin(origins):
        yield f"its origin is {receipt.origin}, and that of its seeds is {', '.join(sorted(origins)) or 'none'}"
    most = min(8.0 * receipt.bytes, math.fsum(seed.credited_bits for seed in receipt.seeds))
    if not 0 <= receipt.credited_bits <= most:
        yield f"its credit of {receipt.credited_bits:g} bits is above the {most:g} of its seeds, or of its own bits"
    if (receipt.sha256 is None) != (receipt.bytes < _DIGEST_FROM_BYTES):
        yield f"an output has a digest from {_DIGEST_FROM_BYTES} bytes on, and only then"


def _of_seeds(receipt: OutputReceipt) -> Iterator[str]:
    seeds, sizes = receipt.seeds, [seed.bytes for seed in receipt.seeds]
    if sizes[:1] != [_SEED_BYTES] or not {*sizes} <= {_SEED_BYTES, _RESEED_BYTES}:
        yield f"its seeds have {sizes} bytes, and a generator takes {_SEED_BYTES} first and {_RESEED_BYTES} again"
    if receipt.reseeds != sizes.count(_RESEED_BYTES):
        yield f"it was reseeded {receipt.reseeds} times, and {sizes.count(_RESEED_BYTES)} draws are named for that"
    if len({seed.draw_id for seed in seeds}) < len(seeds):
        yield "a draw is named twice: each seeds a generator once"
    if not all(0 <= seed.credited_bits <= 8 * seed.bytes for seed in seeds):
        yield "a seed is credited less than nothing, or more bits than it has"
    for origin in sorted({seed.origin for seed in seeds if seed.credited_bits > 0} - {"hardware", "mixed"}):
        yield f"{Origin(origin).noun}'s bytes are credited"


def _receipt(fields: dict[str, Any]) -> OutputReceipt:
    return OutputReceipt.model_validate_json(json.dumps(fields), strict=True)
