"""What can be said of a request before it is run, without asking a vendor."""

from __future__ import annotations

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
