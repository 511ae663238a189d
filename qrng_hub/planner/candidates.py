"""What an adapter says of a backend, turned into the terms that the planner reckons with; submits nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from qrng_hub.adapter import Adapter, require_supported
from qrng_hub.errors import QRNGError
from qrng_hub.extractors import shots_per_output
from qrng_hub.planner.model import Terms
from qrng_hub.planner.tariffs import fit
from qrng_hub.protocols import MIN_SHOTS, Superposition
from qrng_hub.records import Availability, Candidate, JobSpec, Origin, Quote

#: raw bits of one job at most, 32 MiB packed, so that memory stays bounded
_RAW_BITS_A_JOB = 2**28
_KEY = "plan"
#: the share of the expected min-entropy that is planned with, for outcomes vary
_CERTAIN = 0.98


class Wanted(NamedTuple):
    """A candidate and what the run file and the ledger add to it."""

    candidate: Candidate
    max_usd: Decimal | None
    wait_seconds: tuple[float, float] | None
    accepts_unknown_price: bool
    yielded: float = 1.0
    """The share of the expected min-entropy that the backend really gave before."""
    done: int = 0
    """How many jobs the backend has done well already."""
    usd_per_job: Decimal | None = None
    """The most that one job may cost."""
    max_seconds: float | None = None
    """The most seconds that its jobs may run, all together."""


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
    expected = _paying(protocol.expected_bits(backend, candidate))
    if not expected:
        return Terms(candidate=candidate, problem="no qubit's published readout errors leave any min-entropy")
    qubits, bits = tuple(expected), _CERTAIN * wanted.yielded * sum(expected.values())
    shots_each = shots_per_output(bits)
    most_shots = min(_RAW_BITS_A_JOB // len(qubits), candidate.shots or backend.max_shots or _RAW_BITS_A_JOB)
    if most_shots < shots_each:
        problem = f"an output takes {shots_each:,} shots of {len(qubits)} qubits, and a job has {most_shots:,} at most"
        return Terms(candidate=candidate, problem=problem)
    terms = Terms(
        candidate=candidate,
        qubits=qubits,
        bits_per_shot=bits,
        shots_each=shots_each,
        shots_least=min(MIN_SHOTS, most_shots),
        outputs_a_job=min(most_shots // shots_each, outputs),
        wait_seconds=(0.0, 0.0) if candidate.origin is Origin.SIMULATOR else wanted.wait_seconds,
        done=wanted.done,
        max_usd=wanted.max_usd,
        max_seconds=wanted.max_seconds,
    )
    require_supported(backend, _spec(terms, terms.shots_least))
    return _affordable(_priced(terms, adapter, accepts_unknown_price=wanted.accepts_unknown_price), wanted.usd_per_job)


def _priced(terms: Terms, adapter: Adapter, *, accepts_unknown_price: bool) -> Terms:
    """Adds what jobs cost and how long they run, from a few quotes, each asked for once."""

    @lru_cache
    def quote(outputs: int) -> Quote:
        return quote_of(adapter, terms, terms.shots_for(outputs))

    one, most = quote(1), terms.outputs_a_job
    cost = seconds = None
    try:
        cost = fit(lambda outputs: _usd(quote(outputs)), most)
    except LookupError:
        if not accepts_unknown_price:
            return terms.model_copy(update={"problem": f"its price is unknown: {one.source}"})
    with suppress(LookupError):
        seconds = fit(lambda outputs: quote(outputs).native["seconds"], most)
    if seconds is None and terms.max_seconds is not None:
        return terms.model_copy(update={"problem": "nobody says how long its jobs run, and max_seconds is set"})
    return terms.model_copy(update={"cost": cost, "seconds": seconds, "is_stale": "stale" in one.source})


def _affordable(terms: Terms, usd_per_job: Decimal | None) -> Terms:
    """Makes the jobs so small that none costs more than one may."""
    cost = terms.cost
    if cost is None or usd_per_job is None or cost.of(terms.outputs_a_job) <= usd_per_job:
        return terms
    fitting = bisect_right(range(1, terms.outputs_a_job + 1), usd_per_job, key=cost.of)
    if not fitting:
        problem = f"a job costs {cost.of(1):.4f} USD at least, and {usd_per_job} are allowed by budget.usd_per_job"
        return terms.model_copy(update={"problem": problem})
    return terms.model_copy(update={"outputs_a_job": fitting})


def _usd(quote: Quote) -> Decimal:
    """Returns the highest price; raises `LookupError` if it is unknown, or not in USD."""
    if quote.high is None or quote.currency != "USD":
        raise LookupError(quote.source)
    return quote.high


def quote_of(adapter: Adapter, terms: Terms, shots: int) -> Quote:
    """Quotes one job of so many shots on these terms."""
    return adapter.quote(_spec(terms, shots))


def _spec(terms: Terms, shots: int) -> JobSpec:
    circuit, candidate = Superposition().circuit_on(terms.qubits), terms.candidate
    return JobSpec(key=_KEY, address=candidate.address, circuits=(circuit,), shots=shots, options=candidate.options)


def _paying(expected: Mapping[int, float]) -> dict[int, float]:
    """Leaves out the qubits from which nothing is expected: the others cost nothing more beside each other."""
    return {qubit: bits for qubit, bits in expected.items() if bits > 0}
