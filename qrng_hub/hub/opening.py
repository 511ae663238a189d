"""From a run file to adapters and a request, checked before anything is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from qrng_hub import policy
from qrng_hub.adapter import Adapter
from qrng_hub.clock import Clock, SystemClock
from qrng_hub.config import BackendSettings, RunFile, ledger_url
from qrng_hub.database import parse_url
from qrng_hub.errors import ConfigError, InsufficientEntropyError, RequestError, UnknownNameError
from qrng_hub.limits import BackendLimits, Limits
from qrng_hub.records import Candidate, Origin, Request, SeedDraw
from qrng_hub.registry import Registry
from qrng_hub.runner import rehearse


def open_registry(run_file: RunFile, clock: Clock, adapters: Iterable[Adapter] = ()) -> Registry:
    """Finds the adapters of a run file and checks what it says to them; opens and asks nothing else.

    Raises `ConfigError` or `UnknownNameError` if an adapter's settings or a backend's options are wrong.
    """
    registry = Registry(run_file.adapters, clock, adapters)
    for name in run_file.adapters:
        registry.adapter(name)
    for index, backend in enumerate(run_file.backends):
        try:
            registry.check_options(backend.address, backend.options, f"backend[{index}].options")
        except UnknownNameError as error:
            raise UnknownNameError(f"backend[{index}].address: {error}") from error
    return registry


def limits_of(run_file: RunFile) -> Limits:
    """Reads what jobs may cost and how long they may take."""
    budget, rules = run_file.budget, run_file.policy
    return Limits(
        usd_per_job=budget.most_per_job,
        accepts_unknown_price=budget.unknown_price == "accept",
        usd_per_draw=budget.usd,
        project=budget.project,
        usd_per_month=budget.usd_per_month,
        warn_at=budget.warn_at,
        backends={address: _tightest(run_file, address) for address in {one.address for one in run_file.backends}},
        max_wait_seconds=rules.max_wait_seconds,
        max_attempts=rules.max_attempts,
    )


def _tightest(run_file: RunFile, address: str) -> BackendLimits:
    """Reads the limits of a backend, the tightest ones if it is listed more than once."""
    own = [one for one in run_file.backends if one.address == address]
    return BackendLimits(
        usd=min((one.max_usd for one in own if one.max_usd is not None), default=None),
        seconds=min((one.max_seconds for one in own if one.max_seconds is not None), default=None),
        seconds_per_month=min(
            (one.max_seconds_per_month for one in own if one.max_seconds_per_month is not None), default=None
        ),
    )


def require_once(run_file: RunFile, what: str) -> None:
    """Raises `ConfigError` if a backend is listed twice where that means nothing."""
    counted = Counter(one.address for one in run_file.backends)
    if twice := [address for address, count in counted.items() if count > 1]:
        raise ConfigError(f"backend.address: {what} takes each backend once, and {twice[0]} is listed twice")


def check_run_file(run_file: RunFile) -> tuple[str, ...]:
    """Says what a run file leaves open; asks no vendor and runs nothing.

    Raises `ConfigError` or `UnknownNameError` if it cannot be run.
    """
    parse_url(ledger_url(run_file.ledger))
    registry = open_registry(run_file, SystemClock())
    deadline = run_file.budget.deadline_utc
    if deadline is not None and deadline <= SystemClock().now():
        raise ConfigError(f"budget.deadline_utc, {deadline:%Y-%m-%d %H:%M:%S %Z}, is over: set a later one, or none")
    named = tuple(one for one in run_file.backends if not one.is_pattern)
    if named:
        run_file = run_file.model_copy(update={"backends": named})
        rehearse(request_of(run_file, registry, run_file.request.bytes, None), registry)
    remarks = tuple(_left_open(run_file, candidates_of(run_file, registry)) if named else ())
    registry.close()
    return remarks


def _left_open(run_file: RunFile, candidates: Iterable[Candidate]) -> Iterable[str]:
    """Says so where only hardware is listed and a simulator would stand in for it without having been asked for."""
    addresses = {one.address for one in run_file.backends}
    listed = [one for one in candidates if one.address in addresses]
    is_open = run_file.compare is None and "fallback" not in run_file.policy.model_fields_set
    if is_open and all(one.origin is Origin.HARDWARE for one in listed):
        yield (
            f"only hardware is listed and policy.fallback is left out: it is {run_file.policy.fallback.value!r}, and a"
            ' simulator stands in where no hardware delivers; say so, or set "hardware-only"'
        )


def request_of(run_file: RunFile, registry: Registry, count: int, backend: str | None) -> Request:
    """Makes the request of `count` bytes from the backends listed, or from one only."""
    wanted = run_file.request
    return Request(
        bytes=count,
        mode=wanted.mode,
        protocol=wanted.protocol,
        certificate=wanted.options,
        epsilon=wanted.epsilon,
        health_alpha=wanted.health_alpha,
        calibrate=wanted.calibrate,
        seed=None if wanted.seed is None else SeedDraw(draw=wanted.seed.draw, file=wanted.seed.file),
        mix_os_entropy=wanted.mix_os_entropy,
        retain_raw=wanted.retain_raw,
        purge_at_vendor=wanted.purge_at_vendor,
        fallback=run_file.policy.fallback,
        hedge=run_file.policy.hedge,
        vendors_min=run_file.policy.vendors_min,
        candidates=candidates_of(run_file, registry, backend),
    )


def require_hardware(request: Request) -> None:
    """Raises `InsufficientEntropyError` if others than hardware are sure to be among the sources of a request."""
    eligible = policy.eligible(request)
    others = [one for one in eligible if one.origin is not Origin.HARDWARE]
    if others and (request.mode == "each" or len(others) == len(eligible)):
        raise InsufficientEntropyError(
            f"no key is made of {others[0].origin.noun}'s output, which carries no credited entropy, and"
            f" {others[0].address} is one:"
            " name hardware, or allow it: --allow-simulated, in Python allow_simulated=True"
        )


def candidates_of(run_file: RunFile, registry: Registry, backend: str | None = None) -> tuple[Candidate, ...]:
    """Lists the backends of a run file, or one only, whether or not it is in the file."""
    listed = run_file.backends
    if backend is not None:
        registry.resolve(backend)
        listed = tuple(one for one in listed if one.address == backend) or (BackendSettings(address=backend),)
    if patterns := [one.address for one in listed if one.is_pattern]:
        raise RequestError(f"{patterns[0]!r} names many backends: only qrng compare takes them all")
    candidates = tuple(_candidate(registry, one) for one in listed)
    if run_file.request.mode == "plan":
        candidates += policy.last_resort(candidates, run_file.policy.fallback)
    return candidates


def _candidate(registry: Registry, backend: BackendSettings) -> Candidate:
    adapter, name = registry.resolve(backend.address)
    if backend.qubits is not None:
        adapter.expect(name, max(backend.qubits) + 1 if isinstance(backend.qubits, tuple) else backend.qubits)
    return Candidate(
        address=backend.address,
        origin=adapter.origin(name),
        qubits=backend.qubits,
        shots=backend.shots,
        options=backend.options,
    )
