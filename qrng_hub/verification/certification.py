"""What a receipt certifies has to follow from the terms and the counts in it: it is reckoned anew from these."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from qrng_hub.errors import QRNGError
from qrng_hub.records import Certificate, CertifiedRun, Receipt, SourceReceipt

#: the last digits of a bound may differ from one machine's arithmetic to another's
_RELATIVE = 1e-9
_ROUNDING = 1 + _RELATIVE


def uncertified(receipt: Receipt) -> Iterator[str]:
    """Says, a sentence each, what in the certificates of a receipt does not follow from their terms and counts."""
    yield from _of_bound(receipt)
    for source in receipt.sources:
        yield from _of_epsilon(receipt, source)
        yield from (f"of {source.address!r}, {problem}" for problem in _of_source(source, receipt.protocol))


def _of_bound(receipt: Receipt) -> Iterator[str]:
    found = [run.certificate for source in receipt.sources for run in source.certified]
    if receipt.bound is None:
        if found:
            yield "its sources have certificates, and it has no bound"
        return
    best = max(found, key=lambda one: one.certified_bits, default=None)
    if best is None or (receipt.bound.certified_bits, receipt.bound.level) != (best.certified_bits, best.level):
        certified = 0.0 if best is None else best.certified_bits
        yield (
            f"its bound is {receipt.bound.certified_bits:,.1f} bits ({receipt.bound.level}), and the best certificate "
            f"of its sources has {certified:,.1f}"
        )


def _of_epsilon(receipt: Receipt, source: SourceReceipt) -> Iterator[str]:
    extracted = 0.0 if source.extraction is None else source.extraction.epsilon
    for run in source.certified:
        least = min(1.0, extracted + 2 * run.terms.options.epsilon)
        if receipt.epsilon is None or receipt.epsilon * _ROUNDING < least:
            yield f"its epsilon is {receipt.epsilon}, and extraction and smoothing make it {least:g} or more"


def _of_source(source: SourceReceipt, protocol: str) -> Iterator[str]:
    if not source.certified:
        if protocol != "superposition":
            yield f"a source of a {protocol} draw has no certificate"
        return
    if len(source.certified) != len(source.block_sha256):
        yield f"{len(source.block_sha256)} runs have {len(source.certified)} certificates"
    for run in source.certified:
        if run.terms.options.protocol != protocol:
            yield f"a {protocol} draw has the certificate of a {run.terms.options.protocol} run"
        yield from _of_run(run)
        yield from _of_repeated(source, run.certificate)
    yield from _of_amounts(source)


def _of_run(run: CertifiedRun) -> Iterator[str]:
    from qrng_hub.certificates.runs import certified  # loads numpy, and scipy for some bounds

    try:
        found = certified(run.terms, run.counts)
    except (QRNGError, ValueError, ArithmeticError) as error:
        yield f"its certificate cannot be reckoned from its terms and counts: {error}"
        return
    said, meant = run.certificate, found
    written, reckoned = said.model_dump(mode="json"), meant.model_dump(mode="json")
    different = [name for name in written if not _same(written[name], reckoned[name])]
    if different:
        yield (
            f"its counts certify {meant.certified_bits:,.1f} bits at a score of {meant.score}, and its certificate "
            f"says {said.certified_bits:,.1f} at {said.score}: {', '.join(different)} do not agree"
        )


def _of_repeated(source: SourceReceipt, certificate: Certificate) -> Iterator[str]:
    """Compares what a source says in its own words with its one certificate; others than hardware's assume more."""
    repeated = {
        "method": (source.method, certificate.method),
        "side_information": (source.side_information, certificate.side_information),
        "assumptions": (source.assumptions[-len(certificate.assumptions) :], certificate.assumptions),
        "bound_bits": (source.bound_bits, certificate.certified_bits),
        "bound_epsilon": (source.bound_epsilon, max(certificate.epsilons.values(), default=0.0)),
    }
    for name, (said, meant) in repeated.items():
        if not _same(said, meant):
            yield f"its {name} is not what its certificate says"


def _of_amounts(source: SourceReceipt) -> Iterator[str]:
    bits = sum(run.certificate.certified_bits for run in source.certified)
    given = {
        "bounded": source.bound_bits,
        "credited": source.credited_bits,
        "extracted": 0 if source.extraction is None else source.extraction.output_bits,
        "delivered": 8 * source.bytes_delivered,
    }
    for what, amount in given.items():
        if amount > bits * _ROUNDING:
            yield f"{amount:,.1f} bits are {what}, and {bits:,.1f} are certified"
    shots = sum(run.terms.options.circuits * run.terms.options.shots for run in source.certified)
    if shots != source.shots:
        yield f"the certified runs have {shots:,} shots, and the source {source.shots:,}"
    if any({q for site in run.terms.sites for q in site} != set(source.qubits) for run in source.certified):
        yield "the qubits of a certified run are not those of the source"


def _same(one: Any, other: Any) -> bool:
    """Compares values of JSON; numbers may differ in their last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_RELATIVE)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return bool(one == other)
