"""What can be said of a request before it is run."""

from __future__ import annotations

import math
from decimal import Decimal

from qrng_hub import policy
from qrng_hub.adapter import require_supported
from qrng_hub.errors import ConfigError, QRNGError
from qrng_hub.records import Candidate, Request
from qrng_hub.registry import Registry
from qrng_hub.runner.certifying import rehearsed
from qrng_hub.runner.source import specs_of, work_for


def rehearse(request: Request, registry: Registry) -> None:
    """Raises `ConfigError` if the policy allows no backend, or one in this process cannot run its job."""
    if not policy.eligible(request):
        raise ConfigError(f"policy.fallback: {request.fallback.value!r} allows none of the backends listed")
    for index, candidate in enumerate(request.candidates):
        try:
            _rehearse(candidate, request, registry)
        except QRNGError as error:
            raise ConfigError(f"backend[{index}]: {error}") from error


def _rehearse(candidate: Candidate, request: Request, registry: Registry) -> None:
    adapter, name = registry.resolve(candidate.address)
    if not adapter.is_remote(name):
        backend = adapter.describe(name)
        work = work_for(request, backend, candidate, request.bytes, rehearsed(request))
        for spec in specs_of(backend, candidate, work, ""):
            require_supported(backend, spec)


def highest_costs(
    request: Request, registry: Registry, usd_per_job: Decimal, *, accepts_unknown: bool
) -> dict[str, Decimal | None]:
    """Says what each backend that a draw may use is expected to cost at most, in USD; None if nobody knows.

    A job that the limit refuses costs nothing. All are counted in mode "first" too: one that fails may be billed.
    """
    costs = dict[str, Decimal | None]()
    for candidate in policy.eligible(request):
        try:
            costs[candidate.address] = _cost(candidate, request, registry, usd_per_job, accepts_unknown)
        except QRNGError:  # the draw itself meets it, and says so
            costs[candidate.address] = None
    return costs


def _cost(
    candidate: Candidate, request: Request, registry: Registry, usd_per_job: Decimal, accepts_unknown: bool
) -> Decimal | None:
    adapter, name = registry.resolve(candidate.address)
    if not adapter.is_remote(name):
        return Decimal(0)
    backend = adapter.describe(name)
    work = work_for(request, backend, candidate, request.bytes, rehearsed(request))
    specs = specs_of(backend, candidate, work, "quote")
    quotes = [adapter.quote(spec) for spec in specs]
    if any(policy.price_objection(quote, usd_per_job, accepts_unknown=accepts_unknown) for quote in quotes):
        return Decimal(0)
    jobs = math.ceil(request.bytes / work.expected_bytes) if len(specs) == 1 and work.expected_bytes else 1
    prices = [quote.high for quote in quotes]
    known = [price for price in prices if price is not None]
    return jobs * sum(known, Decimal(0)) if len(known) == len(prices) else None
