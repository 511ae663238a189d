"""From a run file to a comparison of its backends."""

from __future__ import annotations

import platform
import re
import uuid
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import chain

from qrng_hub import __version__
from qrng_hub.clock import Clock
from qrng_hub.config import BackendSettings, CompareSettings, RunFile, SortKey
from qrng_hub.dispatcher import Dispatcher
from qrng_hub.errors import ConfigError, QRNGError, UnknownNameError
from qrng_hub.hub.opening import limits_of, request_of, require_once
from qrng_hub.ledger import Ledger
from qrng_hub.records import Comparison, Request
from qrng_hub.registry import Registry
from qrng_hub.runner import Compared, Comparing, Runner


def compared(
    run_file: RunFile,
    registry: Registry,
    ledger: Ledger,
    clock: Clock,
    runner: Runner,
    by: SortKey | None,
    on_progress: Callable[[Compared], None],
) -> Comparison:
    """Runs the same circuits on every backend of a run file and measures what they gave.

    Raises `ConfigError` or `UnknownNameError` for a run file that cannot be compared; a backend that fails is a row.
    """
    settings, now = run_file.compare or CompareSettings(), clock.now()
    run_file = expanded(run_file, registry)
    request = _request(run_file, settings, registry)
    comparison_id = f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}"
    ledger.record_event("comparison.started", comparison_id, {"backends": len(request.candidates)})
    dispatcher = Dispatcher(ledger, clock, limits_of(run_file))
    comparing = Comparing(
        registry, dispatcher, ledger, request, settings.repeats, settings.alpha, comparison_id, on_progress
    )
    runner.side_by_side(comparing.work(), comparing.stop, comparison_id)
    return _comparison(comparing, settings, by or settings.by, clock)


def expanded(run_file: RunFile, registry: Registry) -> RunFile:
    """Puts the backends that fit in the place of every pattern; those named go before those that only fit.

    Raises `UnknownNameError` for a pattern that nothing fits.
    """
    named = {one.address for one in run_file.backends if not one.is_pattern}
    listed = chain.from_iterable(_fitting(one, registry, named) for one in run_file.backends)
    return run_file.model_copy(update={"backends": tuple(listed)})


def _fitting(one: BackendSettings, registry: Registry, named: set[str]) -> Iterator[BackendSettings]:
    if not one.is_pattern:
        yield one
        return
    (adapter, pattern), vendor = registry.resolve(one.address), one.address.partition(":")[0]
    fits = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    names, reasons = list[str](), list[str]()
    for part in adapter.parts():
        try:
            names += part.names()
        except QRNGError as error:
            reasons.append(str(error))
    fitting = [name for name in names if fits.fullmatch(name)]
    if not fitting:
        why = "; ".join([f"no backend fits {one.address!r}: `qrng backends` lists them", *reasons])
        raise UnknownNameError(why)
    for name in fitting:
        address = f"{vendor}:{name}"
        if address not in named:
            named.add(address)
            yield one.model_copy(update={"address": address})


def _request(run_file: RunFile, settings: CompareSettings, registry: Registry) -> Request:
    """Makes the request; raises `ConfigError` for what a comparison does not heed."""
    require_once(run_file, "a comparison")
    kept = {"retain_raw": run_file.request.retain_raw, "purge_at_vendor": run_file.request.purge_at_vendor}
    if wrong := [name for name, is_set in kept.items() if is_set]:
        raise ConfigError(f"request.{wrong[0]}: a comparison neither keeps nor deletes outcomes; leave it out")
    each = run_file.model_copy(update={"request": run_file.request.model_copy(update={"mode": "each"})})
    request, shots = request_of(each, registry, run_file.request.bytes, None), settings.shots
    candidates = tuple(one.model_copy(update={"shots": one.shots or shots}) for one in request.candidates)
    return request.model_copy(update={"candidates": candidates})


def _comparison(comparing: Comparing, settings: CompareSettings, by: SortKey, clock: Clock) -> Comparison:
    from qrng_hub.reports.comparison import CONFIDENCE
    from qrng_hub.reports.comparison_differences import TEST
    from qrng_hub.reports.comparison_rows import in_order, summary

    rows, differences = comparing.found()
    rows = in_order(rows, by)
    packages = {name: version(name) for name in ("numpy", "scipy")}
    return Comparison(
        comparison_id=comparing.comparison_id,
        created_utc=clock.now(),
        versions={"qrng_hub": __version__, "python": platform.python_version(), **packages},
        by=by,
        shots=settings.shots,
        repeats=settings.repeats,
        alpha=settings.alpha,
        confidence=CONFIDENCE,
        summary=summary(rows, differences),
        backends=rows,
        differences=differences,
        difference_test=TEST,
    )
