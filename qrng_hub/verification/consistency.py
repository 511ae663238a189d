"""What a receipt says twice has to agree: everything in it that can be reckoned from the rest of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from itertools import pairwise

from qrng_hub.records import Origin, Receipt, SourceReceipt, claim_of, common_origin

_DIGEST_FROM_BYTES = 32
#: sums of doubles differ in their last digits with the order of the terms
_ROUNDING = 1 + 1e-9


def contradictions(receipt: Receipt) -> Iterator[str]:
    """Says, a sentence each, what in a receipt does not agree with the rest of it."""
    yield from _of_output(receipt)
    yield from _of_credit(receipt)
    yield from _of_claim(receipt)
    for source in receipt.sources:
        yield from (f"of {source.address!r}, {problem}" for problem in _of_source(source))
    yield from _twice("job", (key for one in receipt.sources for key in one.job_keys))
    yield from _twice("vendor's job", ((one.address, name) for one in receipt.sources for name in one.vendor_ids))
    yield from _twice("block", (digest for one in receipt.sources for digest in one.block_sha256))


def _of_output(receipt: Receipt) -> Iterator[str]:
    if not receipt.sources:
        yield "it names no source"
    origin = common_origin(source.origin for source in receipt.sources) if receipt.sources else receipt.origin
    if receipt.origin != origin:
        yield f"its origin is {receipt.origin}, and its sources make it {origin}"
    if (receipt.sha256 is None) != (receipt.bytes < _DIGEST_FROM_BYTES):
        yield f"an output has a digest from {_DIGEST_FROM_BYTES} bytes on, and only then"
    parts = [source.bytes_delivered for source in receipt.sources]
    whole = sum(parts) == receipt.bytes if receipt.mode == "plan" else all(part == receipt.bytes for part in parts)
    if not whole:
        yield f"its sources delivered {parts} bytes, which does not make the {receipt.bytes} of the output"


def _of_credit(receipt: Receipt) -> Iterator[str]:
    """An XOR is as good as the best of its hardware sources; the parts of a plan count each for themselves."""
    bits, hardware = receipt.credit.bits, [one for one in receipt.sources if one.origin is Origin.HARDWARE]
    if not 0 <= bits <= 8 * receipt.bytes:
        yield f"its credit of {bits:g} bits is not between 0 and the {8 * receipt.bytes} bits of the output"
    most = max((one.credited_bits for one in hardware), default=0.0)
    if receipt.mode == "plan":
        most = sum(min(one.credited_bits, 8.0 * one.bytes_delivered) for one in hardware)
    if bits > most * _ROUNDING:
        which = "" if receipt.mode == "plan" or len(hardware) < 2 else "the best of "
        yield f"its credit of {bits:g} bits is above the {most:g} bits credited to {which}its hardware sources"


def _of_claim(receipt: Receipt) -> Iterator[str]:
    """What somebody vouches for is taken of the sources as credit is, and always has a name."""
    for source in receipt.sources:
        possible = 0 <= source.claimed_bits <= source.raw_bits * _ROUNDING
        if not possible or bool(source.claimed_bits) != bool(source.claimed_by):
            said = f"{source.claimed_bits:g} bits, claimed by {source.claimed_by!r}"
            yield f"of {source.address!r}, {said}, are nobody's, or not between 0 and the {source.raw_bits} raw bits"
    claimed = claim_of(receipt.sources, 8 * receipt.bytes, receipt.mode)
    if (receipt.claimed_bits, receipt.claimed_by) != claimed:
        said, (bits, by) = f"{receipt.claimed_bits:g} bits, claimed by {receipt.claimed_by!r},", claimed
        yield f"its {said} are not the {bits:g} claimed by {by!r} for its sources"


def _of_source(source: SourceReceipt) -> Iterator[str]:
    """Checks one source by itself; only hardware's outcomes are credited with entropy."""
    wide = len(source.qubits)
    if source.raw_bits != source.shots * wide:
        yield f"{source.raw_bits} raw bits are not {source.shots} shots of {wide} qubits"
    if any(one >= other for one, other in pairwise(source.qubits)):
        yield "the qubits are not in ascending order"
    if not len(source.p_one) == len(source.estimated_bits_per_qubit) == wide:
        yield "there is not one share of ones and one estimate a qubit"
    if not all(0 <= share <= 1 for share in (*source.p_one, *source.estimated_bits_per_qubit)):
        yield "a share of ones, or an estimate a qubit, is not between 0 and 1"
    if not 0 <= source.credited_bits <= source.raw_bits * _ROUNDING:
        yield f"{source.credited_bits:g} bits credited are not between 0 and the {source.raw_bits} raw bits"
    if source.origin is not Origin.HARDWARE and source.credited_bits > 0:
        yield f"{source.credited_bits:g} bits are credited to {source.origin.noun}"
    if len(source.job_keys) != len(source.vendor_ids):
        yield f"{len(source.job_keys)} jobs have {len(source.vendor_ids)} ids at the vendor"


def _twice(what: str, names: Iterable[Hashable]) -> Iterator[str]:
    yield from (f"the {what} {name!r} is named {count} times" for name, count in Counter(names).items() if count > 1)
