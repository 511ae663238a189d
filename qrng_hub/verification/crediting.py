"""What a receipt without certificates says of entropy has to follow from the counts in it: reckoned anew from these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from qrng_hub.records import Receipt, SourceReceipt

_RELATIVE = 1e-9
#: sums of doubles differ in their last digits with the order of the terms
_ROUNDING = 1 + _RELATIVE
_OUTPUT_BYTES = 64
#: who wrote receipts of a version before the newest one
_WRITERS = {1: ("0.1",), 2: ("0.1",), 3: ("0.1",)}


def uncredited(receipt: Receipt) -> Iterator[str]:
    """Says, a sentence each, what in a receipt is above what the counts in it allow."""
    if not receipt.code_version.startswith(_WRITERS.get(receipt.version, ("",))):
        yield f"release {receipt.code_version} wrote no receipts of version {receipt.version}"
    for source in receipt.sources:
        if not source.certified:
            of_source = _estimated(source) if receipt.version == 1 else _bounded(source)
            yield from (f"of {source.address!r}, {problem}" for problem in of_source)
    yield from _of_epsilon(receipt)


def _estimated(source: SourceReceipt) -> Iterator[str]:
    """Version 1 credited what the most common value of each qubit suggests."""
    yield from _above_counts(source, "estimated", source.estimated_bits_per_qubit, 1.0)
    yield from _more(source.credited_bits, "credited", source.shots * sum(source.estimated_bits_per_qubit), "estimated")


def _bounded(source: SourceReceipt) -> Iterator[str]:
    qubits, bounds = len(source.qubits), source.bound_bits_per_qubit
    calibrated = source.calibrated_bits_per_qubit
    if (
        not len(bounds)
        == len(source.counted_bits_per_qubit)
        == len(calibrated or bounds)
        == len(source.p_one)
        == qubits
    ):
        yield "there is not one bound a qubit"
        return
    if source.extraction is None or not source.bound_epsilon or not 0 < source.bound_epsilon < 1:
        yield "there is no extraction, or no probability that its bound is wrong"
        return
    if not source.block_sha256 or source.shots < 1:
        yield "it names no outcomes"
        return
    yield from _of_counts(source, source.bound_epsilon)
    for name, other in (("counted", source.counted_bits_per_qubit), ("calibrated", calibrated or bounds)):
        yield from _each_above(source, "bounded", bounds, name, other)
    whole = source.shots * sum(bounds)
    if not math.isclose(source.bound_bits, whole, rel_tol=_RELATIVE, abs_tol=1e-9):
        yield f"{source.bound_bits:,.1f} bits are bounded, and those of its qubits are {whole:,.1f}"
    yield from _more(source.credited_bits, "credited", source.bound_bits, "bounded")
    yield from _of_extraction(source)


def _of_counts(source: SourceReceipt, epsilon: float) -> Iterator[str]:
    """Recomputes the bound of one block; of several, whose counts are added up, bounds it from above.

    Of one block's share p of ones no method gives more than -log2 max(p, 1 - p), whose least concave majorant is
    2 min(p, 1 - p): blocks of a mean share cannot give more than that on average, nor more than equal counts of all.
    """
    import numpy as np

    from qrng_hub.protocols.crediting import Counts, credit_counts  # loads scipy

    blocks, counted = len(source.block_sha256), source.counted_bits_per_qubit
    most = 2 * (-(-source.shots // 2))
    if blocks > 1:
        even = Counts(np.full(len(counted), most // 2), most)
        yield from _above_counts(source, "counted", counted, float(credit_counts(even, epsilon / blocks)[0]))
        return
    ones = Counts(np.rint(np.array(source.p_one) * source.shots).astype(np.int64), source.shots)
    for qubit, said, meant in zip(source.qubits, counted, credit_counts(ones, epsilon).tolist(), strict=True):
        if not math.isclose(said, meant, rel_tol=_RELATIVE, abs_tol=1e-12):
            yield f"of qubit {qubit} {said:.6f} bits a shot are counted, and its ones make it {meant:.6f}"


def _above_counts(source: SourceReceipt, what: str, bits: Sequence[float], most: float) -> Iterator[str]:
    allowed = [min(most, 2 * min(share, 1 - share)) for share in source.p_one]
    yield from _each_above(source, what, bits, "allowed by its ones", allowed)


def _each_above(
    source: SourceReceipt, what: str, bits: Sequence[float], of: str, most: Sequence[float]
) -> Iterator[str]:
    for qubit, said, allowed in zip(source.qubits, bits, most, strict=True):
        if not 0 <= said <= allowed * _ROUNDING:
            yield f"of qubit {qubit} {said:.6f} bits a shot are {what}, and {allowed:.6f} are {of}"


def _of_extraction(source: SourceReceipt) -> Iterator[str]:
    """A 2-universal hash gives floor(k - 2 log2(1 / epsilon)) + 2 bits a block, and the output is of these."""
    extraction = source.extraction
    if extraction is None:
        return
    if extraction.blocks < 1 or not 0 < extraction.epsilon < extraction.blocks:
        yield "its extraction has no blocks, or no epsilon that could be shared out over them"
        return
    if extraction.input_bits_used + extraction.input_bits_dropped > source.raw_bits:
        yield f"more bits are extracted from than the {source.raw_bits} raw bits"
    overhead = extraction.blocks * (2 * math.log2(extraction.blocks / extraction.epsilon) - 2)
    yield from _more(extraction.output_bits, "extracted", source.bound_bits - overhead, "allowed by bound and epsilon")
    yield from _more(8 * source.bytes_delivered, "delivered", extraction.output_bits, "extracted")


def _of_epsilon(receipt: Receipt) -> Iterator[str]:
    """An output has the share of each piece of 64 bytes; the XOR of sources those of the source with the most."""
    extracted = [one for one in receipt.sources if one.extraction is not None and one.extraction.blocks > 0]
    if receipt.version == 1 or len(extracted) < len(receipt.sources) or any(one.certified for one in extracted):
        return
    shares = [
        one.extraction.epsilon / one.extraction.blocks * math.ceil(one.bytes_delivered / _OUTPUT_BYTES)
        for one in extracted
        if one.extraction is not None
    ]
    least = sum(shares) if receipt.mode == "plan" else max(shares, default=0.0)
    if receipt.epsilon is None or receipt.epsilon * _ROUNDING < min(1.0, least):
        yield f"its epsilon is {receipt.epsilon}, and extracting it makes it {least:g} or more"


def _more(amount: float, what: str, most: float, of: str) -> Iterator[str]:
    if amount > max(most, 0.0) * _ROUNDING:
        yield f"{amount:,.1f} bits are {what}, and {most:,.1f} are {of}"
