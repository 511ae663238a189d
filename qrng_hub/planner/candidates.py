"""What an adapter says of a backend, turned into the terms that the planner reckons with; submits nothing."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from qrng_hub.adapter import Adapter, require_supported
from qrng_hub.errors import QRNGError
from qrng_hub.extractors import BLOCK_BITS, OUTPUT_BYTES, overhead_bits
from qrng_hub.planner.model import Terms
from qrng_hub.planner.tariffs import fit
from qrng_hub.policy import in_cents
from qrng_hub.protocols import CERTAIN, MIN_SHOTS, Superposition
from qrng_hub.records import Availability, Backend, Candidate, JobSpec, Origin, Quote, Request

#: raw bits of one job at most, 32 MiB packed, so that memory stays bounded
_RAW_BITS_A_JOB = 2**28
_KEY = "plan"


class RunTimes(NamedTuple):
    """How long jobs on a backend ran: their median, and that of a shot."""

    seconds: float
    seconds_each: float

    def of(self, shots: int) -> Decimal:
        """Expects that a job of so many shots runs as long as others, or as long as its shots take."""
        return Decimal(max(self.seconds, self.seconds_each * shots)).quantize(Decimal("1e-9"))


class Wanted(NamedTuple):
    """A candidate and what the run file and the ledger add to it."""

    candidate: Candidate
    request: Request
    max_usd: Decimal | None
    wait_seconds: tuple[float, float] | None
    accepts_unknown_price: bool
    yielded: float = 1.0
    """The share of the expected min-entropy that the backend really gave before."""
    dearer: Decimal = Decimal(1)
    """How many times its highest estimates the backend's bills were."""
    done: int = 0
    """How many jobs the backend has done well already."""
    usd_per_job: Decimal | None = None
    """The most that one job may cost."""
    max_seconds: float | None = None
    """The most seconds that its jobs may run, all together."""
    ran: RunTimes | None = None
    """How long its earlier jobs ran, for what no quote says."""


def terms_of(adapter: Adapter, wanted: Wanted, outputs: int) -> Terms:
    """Asks an adapter on what terms a backend gives up to `outputs` outputs; a refusal becomes a `problem`."""
    candidate = wanted.candidate
    try:
        return _terms(adapter, wanted, outputs)
    except QRNGError as error:
        return Terms(candidate=candidate, problem=str(error))


def _terms(adapter: Adapter, wanted: Wanted, outputs: int) -> Terms:
    candidate, protocol = wanted.candidate, Superposition()
    backend = adapter.describe(candidate.address.partition(":")[2])
    if backend.availability is Availability.OFFLINE:
        return Terms(candidate=candidate, problem=f"offline: {backend.status_message or 'no reason given'}")
    most = min(candidate.shots or backend.max_shots or _RAW_BITS_A_JOB, _RAW_BITS_A_JOB // max(1, backend.qubits))
    least = max(MIN_SHOTS, backend.min_shots)
    qubits = protocol.paying_qubits(backend, candidate, max(most, least))
    if not qubits:
        return Terms(candidate=candidate, problem="no qubit's published readout errors leave any min-entropy")
    terms = Terms(
        candidate=candidate,
        qubits=qubits,
        shots_least=least,
        wait_seconds=(0.0, 0.0) if candidate.origin is not Origin.HARDWARE else wanted.wait_seconds,
        done=wanted.done,
        max_usd=wanted.max_usd,
        max_seconds=wanted.max_seconds,
    )
    require_supported(backend, _spec(terms, wanted.request, min(most, least)))
    terms = _line_through(terms, _Bound(backend, qubits, wanted, most * len(qubits) >= 1.5 * BLOCK_BITS), most, outputs)
    return terms if terms.problem else _affordable(_priced(terms, adapter, wanted, most), wanted.usd_per_job)


class _Bound(NamedTuple):
    """What a job of so many shots is expected to carry, in bits that can be extracted."""

    backend: Backend
    qubits: tuple[int, ...]
    wanted: Wanted
    has_several: bool
    """Whether the outcomes of the largest job are more than one block of the extraction."""

    @property
    def lost(self) -> float:
        """The bits that each block of the extraction takes."""
        return overhead_bits(self.wanted.request.epsilon_per_block)

    def of(self, shots: int) -> float:
        """Returns the bits that are left when each block has taken its share and is cut to whole bytes.

        As if there were a block more, where a job may have several: so it grows evenly, and is never above what the
        extraction gives.
        """
        bits = CERTAIN * self.wanted.yielded * float(Superposition().expected(self.backend, self.qubits, shots).sum())
        if not self.has_several:
            return bits * shots - self.lost
        return bits * shots - (shots * len(self.qubits) / BLOCK_BITS + 1) * (self.lost + 8 * bits)


def _line_through(terms: Terms, bound: _Bound, most: int, outputs: int) -> Terms:
    """Puts a line through what jobs give, at the size that would give all outputs, or at the largest.

    What a job gives grows faster than its shots, for more of them bound the more: so a line that touches it at the
    largest size is below it at any smaller one, and promises nothing that does not come.
    """
    least = terms.shots_least
    sizes, wanted = range(least, max(most, least)), 8 * OUTPUT_BYTES * outputs
    size = min(most, least + bisect_left(sizes, True, key=lambda shots: bound.of(shots) >= wanted))
    beyond = math.ceil(1.05 * size) + 8
    slope = (bound.of(beyond) - bound.of(size)) / (beyond - size)
    fixed = slope * size - bound.of(size)
    each = 8 * OUTPUT_BYTES / slope if slope > 0 else math.inf
    a_job = math.floor((most // 8 * 8 - fixed / slope) / each) if slope > 0 else 0
    if a_job < 1 or most < least:
        needed = "more than any number of" if slope <= 0 else f"{max(fixed / slope + each, least):,.0f}"
        problem = f"an output takes {needed} shots of {len(terms.qubits)} qubits, and a job has {most:,} at most"
        return terms.model_copy(update={"problem": problem})
    update = {"shots_each": each, "shots_fixed": fixed / slope, "bits_lost": bound.lost}
    return terms.model_copy(update=update | {"outputs_a_job": min(a_job, outputs)})


def _priced(terms: Terms, adapter: Adapter, wanted: Wanted, most: int) -> Terms:
    """Adds what jobs cost and how long they run, from a few quotes, each asked for once."""

    @lru_cache
    def quote(shots: int) -> Quote:
        return quote_of(adapter, terms, wanted.request, shots)

    least, most = terms.shots_least, min(most, terms.shots_for(terms.outputs_a_job))
    cost = seconds = None
    try:
        cost = fit(lambda shots: wanted.dearer * _usd(quote(shots)), least, most).in_outputs(terms)
    except LookupError:
        if not wanted.accepts_unknown_price:
            return terms.model_copy(update={"problem": f"its price is unknown: {quote(least).source}"})
    with suppress(LookupError):
        seconds = fit(lambda shots: quote(shots).native["seconds"], least, most).in_outputs(terms)
    if seconds is None and wanted.ran is not None:
        seconds = fit(wanted.ran.of, least, most).in_outputs(terms)
    if seconds is None and terms.max_seconds is not None:
        return terms.model_copy(update={"problem": "nobody says how long its jobs run, and max_seconds is set"})
    return terms.model_copy(update={"cost": cost, "seconds": seconds, "is_stale": "stale" in quote(least).source})


def _affordable(terms: Terms, usd_per_job: Decimal | None) -> Terms:
    """Makes the jobs so small that none costs more than one may."""
    cost = terms.cost
    if cost is None or usd_per_job is None or cost.of(terms.outputs_a_job) <= usd_per_job:
        return terms
    fitting = bisect_right(range(1, terms.outputs_a_job + 1), usd_per_job, key=cost.of)
    if not fitting:
        least = in_cents(cost.of(1))
        problem = f"a job costs {least} USD at least, and {usd_per_job} are allowed by budget.usd_per_job"
        return terms.model_copy(update={"problem": problem})
    return terms.model_copy(update={"outputs_a_job": fitting})


def _usd(quote: Quote) -> Decimal:
    """Returns the highest price; raises `LookupError` if it is unknown, or not in USD."""
    if quote.high is None or quote.currency != "USD":
        raise LookupError(quote.source)
    return quote.high


def quote_of(adapter: Adapter, terms: Terms, request: Request, shots: int) -> Quote:
    """Quotes one job of so many shots on these terms."""
    return adapter.quote(_spec(terms, request, shots))


def _spec(terms: Terms, request: Request, shots: int) -> JobSpec:
    candidate = terms.candidate
    circuits = Superposition().circuits_for(request, terms.qubits)
    return JobSpec(key=_KEY, address=candidate.address, circuits=circuits, shots=shots, options=candidate.options)
