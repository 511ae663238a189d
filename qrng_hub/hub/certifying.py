"""Plans what it takes to certify bits on a backend; runs nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from qrng_hub.adapter import Adapter
from qrng_hub.certificates.planning import Prospect, break_even, expected_score, parts_of, rounds_needed
from qrng_hub.errors import QRNGError
from qrng_hub.integers import whole
from qrng_hub.protocols import certified_protocol_of
from qrng_hub.protocols.sites import Site, readout_error, sites_of
from qrng_hub.records import Backend, Candidate, CertificationPlan, JobSpec, Level, Quote, total
from qrng_hub.registry import Registry

_POINTS = 25
_LEVELS = {"mermin": Level.MERMIN, "source-independent": Level.SOURCE_INDEPENDENT}
_ASSUMPTIONS = (
    "readout errs as the vendor published, and nothing else does: gates that err lower the score and raise the cost",
    "a run is the first attempt on the only backend tried: it has half of epsilon",
    "an extractor takes its own loss from what is certified",
)
_UNPUBLISHED = "no readout errors are published of this backend: it is taken to be ideal"


def certification_plan(
    registry: Registry, address: str, prospect: Prospect, bits: float, qubits: int | None
) -> CertificationPlan:
    """Plans a run that certifies `bits` with what `prospect` says but for the expected score, on so many qubits.

    Raises `RequestError` if no number of rounds does, or the backend's own errors.
    """
    qubits = None if qubits is None else whole(qubits, "a number of qubits is 1 or more", 1)
    adapter, name = registry.resolve(address)
    backend = adapter.describe(name)
    candidate = Candidate(address=address, origin=backend.origin, qubits=qubits)
    sites = sites_of(backend, candidate, parts_of(prospect.method))
    errors = [[readout_error(backend, qubit) for qubit in site] for site in sites]
    prospect = prospect.expecting(expected_score(prospect.method, errors))
    unit = len(sites) * prospect.sharing
    rounds, first = (rounds_needed(prospect.bits, wanted, unit) for wanted in (bits, 1.0))
    circuits = rounds // unit
    jobs, quote = _priced(adapter, backend, sites, prospect, circuits)
    return CertificationPlan(
        address=address,
        method=prospect.method,
        level=_LEVELS.get(prospect.method, Level.CHSH),
        bits=bits,
        epsilon=2 * prospect.epsilon,
        expected_score=prospect.expected,
        threshold_score=prospect.score(rounds),
        rounds=rounds,
        certified_bits=prospect.bits(rounds),
        sites=len(sites),
        circuits=circuits,
        shots_each=prospect.sharing,
        shots=circuits * prospect.sharing,
        jobs=jobs,
        cost_low=quote.low,
        cost_high=quote.high,
        currency=quote.currency,
        price_source=quote.source,
        first_bit_rounds=first,
        break_even_rounds=break_even(prospect, unit),
        curve=tuple(_curve(prospect, first, rounds, unit)),
        assumptions=(*_ASSUMPTIONS, *(() if backend.calibration else (_UNPUBLISHED,))),
    )


def _curve(prospect: Prospect, first: int, rounds: int, unit: int) -> list[tuple[int, float, float]]:
    """Reckons the curve from the first certified bit to a hundred times the rounds needed, in steps of one ratio."""
    ratio = 100 * rounds / first
    sizes = sorted({round(first * ratio ** (step / (_POINTS - 1)) / unit) * unit for step in range(_POINTS)})
    return [(size, prospect.bits(size), prospect.setting_bits * size) for size in sizes]


def _priced(
    adapter: Adapter, backend: Backend, sites: Sequence[Site], prospect: Prospect, circuits: int
) -> tuple[int, Quote]:
    """Quotes as many jobs as so many circuits are; what cannot be quoted is unknown, with the reason."""
    most = min(backend.max_circuits or circuits, circuits)
    jobs, rest = math.ceil(circuits / most), circuits % most
    try:
        whole = adapter.quote(_spec(backend, sites, prospect, most))
        last = adapter.quote(_spec(backend, sites, prospect, rest)) if rest else None
    except QRNGError as error:
        return jobs, Quote(low=None, high=None, source=f"unknown: {error}")
    parts = [(whole, circuits // most), *([(last, 1)] if last else [])]
    low, high = (
        total(None if price is None else price * Decimal(count) for price, count in prices)
        for prices in ([(one.low, count) for one, count in parts], [(one.high, count) for one, count in parts])
    )
    return jobs, whole.model_copy(update={"low": low, "high": high})


def _spec(backend: Backend, sites: Sequence[Site], prospect: Prospect, circuits: int) -> JobSpec:
    protocol = certified_protocol_of(prospect.method if prospect.method in _LEVELS else "chsh")
    circuit = protocol.circuit(tuple(sites), [[0] * protocol.parts] * len(sites))
    return JobSpec(key="plan", address=backend.address, circuits=(circuit,) * circuits, shots=prospect.sharing)
