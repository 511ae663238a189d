"""From a run file to a comparison of its backends."""

from __future__ import annotations

import platform
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path
from typing import Any

from qrng_hub import __version__
from qrng_hub.clock import Clock
from qrng_hub.config import BackendSettings, CompareSettings, RunFile, SortKey
from qrng_hub.dispatcher import Dispatcher
from qrng_hub.errors import ConfigError, QRNGError, UnknownNameError
from qrng_hub.files import claimed
from qrng_hub.hub.comparison_document import DOCUMENT, load_comparison, write_document
from qrng_hub.hub.opening import limits_of, request_of, require_once
from qrng_hub.ledger import Ledger
from qrng_hub.records import ComparedBackend, Comparison, Request
from qrng_hub.registry import Registry
from qrng_hub.runner import Compared, Comparing, ComparisonJobs, Measuring, Runner, Started, Store
from qrng_hub.validation import validated

_CLAIM = "comparison.lock"
#: what a sweep changes of the backend itself; everything else is an option of its adapter's
_OWN = frozenset({"shots", "qubits"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comparison keeps what it is given: begun there anew, or gone on with; results there may be replaced."""

    folder: Path
    is_resumed: bool = False
    is_replaced: bool = False


def compared(
    run_file: RunFile,
    registry: Registry,
    ledger: Ledger,
    clock: Clock,
    runner: Runner,
    by: SortKey | None,
    place: Place | None,
    on_progress: Callable[[Compared], None],
) -> Comparison:
    """Runs the same circuits on every backend of a run file and measures what they gave.

    Raises `ConfigError` or `UnknownNameError` for a run file that cannot be compared, or is not that of a comparison to
    go on with, and `LedgerError` while another process works in the same place; a backend that fails is a row.
    """
    run_file = expanded(run_file, registry)
    started, store = started_of(run_file, registry, clock, by), Store(place.folder) if place else None
    if started.request.retain_raw and store is None:
        raise ConfigError("request.retain_raw: a comparison keeps outcomes in its folder; give it a place")
    if place and place.is_resumed and store:
        store.started()  # where there is none, no folder is made either
    with claimed(place.folder / _CLAIM, f"the comparison in {place.folder}") if place else nullcontext():
        is_resumed = place is not None and place.is_resumed
        if place and store:
            if not is_resumed and not store.has_outcomes:
                _require_free(place)
            started = _begun(store, started, is_resumed=is_resumed)
        if place and is_resumed and (finished := _finished(place.folder, started.comparison_id)):
            return finished
        jobs = ComparisonJobs(
            Dispatcher(ledger, clock, limits_of(run_file)), ledger, started.comparison_id, is_resumed=is_resumed
        )
        comparing = Comparing(registry, jobs, Measuring.of(started), store, on_progress)
        comparison = _run(comparing, runner, by or started.by)
        if place:
            _finish(comparison, place.folder, started)
        return comparison


def _require_free(place: Place) -> None:
    """Raises `ConfigError` if a folder holds a finished comparison, unless it is to be replaced."""
    if (place.folder / DOCUMENT).exists() and not place.is_replaced:
        raise ConfigError(
            f"{place.folder} holds the results of a comparison: look at them with --resume, choose another folder"
            " (--out), or replace them with --force"
        )


def _finished(folder: Path, comparison_id: str) -> Comparison | None:
    """Returns what a comparison found if there is nothing to go on with: it was finished, and no outcomes are kept."""
    if Store(folder).has_outcomes or not (folder / DOCUMENT).exists():
        return None
    comparison = load_comparison(folder)
    return comparison if comparison.comparison_id == comparison_id else None


def _finish(comparison: Comparison, folder: Path, started: Started) -> None:
    """Writes the document, and only then deletes the outcomes, unless they are kept for good."""
    write_document(comparison, folder)
    if not started.request.retain_raw:
        Store(folder).forget_outcomes()


def _run(comparing: Comparing, runner: Runner, by: SortKey) -> Comparison:
    """Runs what was begun to its end."""
    jobs, measuring = comparing.jobs, comparing.measuring
    backends = {"backends": len(measuring.entries)}
    jobs.ledger.record_event(f"comparison.{'resumed' if jobs.is_resumed else 'started'}", jobs.comparison_id, backends)
    runner.side_by_side(comparing.work(), comparing.stop, jobs.comparison_id)
    return _comparison(measuring, by)


def measured_again(folder: Path, by: SortKey | None) -> Comparison:
    """Measures the outcomes that a comparison kept (`retain_raw`), and runs nothing.

    Raises `ConfigError` if none are there, or if they are not those that were kept.
    """
    store = Store(folder)
    measuring = Measuring.of(store.started())
    measuring.stored(store)
    if not any(entry.repeats for entry in measuring.entries):
        raise ConfigError(f"{folder} holds no outcomes: they are kept with request.retain_raw = true")
    before = {row.label: row.failure for row in _before(folder)}
    for entry in measuring.entries:
        if len(entry.repeats) < measuring.started.repeats:
            entry.failure.append(before.get(entry.label) or "its outcomes are not in the folder")
    return _comparison(measuring, by or measuring.started.by)


def with_changes(comparison: Comparison, earlier: Comparison) -> Comparison:
    """Adds what changed since an earlier comparison."""
    from qrng_hub.reports.comparison_changes import against

    return comparison.model_copy(update={"against": against(comparison, earlier)})


def _before(folder: Path) -> tuple[ComparedBackend, ...]:
    return load_comparison(folder).backends if (folder / DOCUMENT).exists() else ()


def started_of(run_file: RunFile, registry: Registry, clock: Clock, by: SortKey | None) -> Started:
    """Says what a run file asks of whom, sweeps and patterns written out; raises as `compared` does."""
    settings, now = run_file.compare or CompareSettings(), clock.now()
    require_once(run_file, "a comparison")
    swept, names = zip(*chain.from_iterable(_swept(one, registry) for one in run_file.backends), strict=True)
    return Started(
        comparison_id=f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}",
        created_utc=now,
        request=_request(run_file.model_copy(update={"backends": swept}), settings, registry),
        settings=names,
        shots=settings.shots,
        repeats=settings.repeats,
        alpha=settings.alpha,
        by=by or settings.by,
    )


def _begun(store: Store, asked: Started, *, is_resumed: bool) -> Started:
    """Returns what was begun here before, or begins what is asked; raises `ConfigError` if they are not the same."""
    if not is_resumed:
        store.begin(asked)
        return asked
    begun = store.started()
    if not begun.asks_as(asked):
        raise ConfigError(
            f"the comparison {begun.comparison_id} was begun with another run file: go on with that, or begin another"
        )
    return begun


def _swept(one: BackendSettings, registry: Registry) -> Iterator[tuple[BackendSettings, str]]:
    """Yields a backend at every choice of what is swept, and what sets the choice apart."""
    for values in product(*one.sweep.values()):
        chosen = dict(zip(one.sweep, values, strict=True))
        name = ", ".join(f"{key} = {value}" for key, value in chosen.items())
        update: dict[str, Any] = {
            "sweep": {},
            "options": one.options | {k: v for k, v in chosen.items() if k not in _OWN},
        }
        registry.check_options(one.address, update["options"], "backend.sweep")
        own = one.model_dump(mode="json") | {k: v for k, v in chosen.items() if k in _OWN}
        yield validated(BackendSettings, own | update, "backend.sweep"), name


def most_compared(run_file: RunFile, registry: Registry, clock: Clock, most: Decimal) -> dict[str, Decimal]:
    """Says which of the backends that a comparison runs may cost as much as its jobs may at most, and which nothing."""
    candidates = started_of(expanded(run_file, registry), registry, clock, None).request.candidates
    costs = dict[str, Decimal]()
    for candidate in candidates:
        adapter, name = registry.resolve(candidate.address)
        costs[candidate.address] = costs.get(candidate.address, Decimal(0)) + most * adapter.is_remote(name)
    return costs


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
    if run_file.request.purge_at_vendor:
        raise ConfigError("request.purge_at_vendor: a comparison does not delete outcomes at the vendor; leave it out")
    if run_file.request.protocol != "superposition":
        raise ConfigError(
            f"request.protocol: a comparison measures superpositions and no {run_file.request.protocol} runs; leave it"
            " out, and ask `qrng certify plan` what they take on each backend"
        )
    each = run_file.model_copy(update={"request": run_file.request.model_copy(update={"mode": "each"})})
    request, shots = request_of(each, registry, run_file.request.bytes, None), settings.shots
    candidates = tuple(one.model_copy(update={"shots": one.shots or shots}) for one in request.candidates)
    return request.model_copy(update={"candidates": candidates})


def _comparison(measuring: Measuring, by: SortKey) -> Comparison:
    from qrng_hub.reports.comparison import CONFIDENCE
    from qrng_hub.reports.comparison_differences import TEST
    from qrng_hub.reports.comparison_rows import in_order, summary

    started, (rows, differences) = measuring.started, measuring.found()
    rows = in_order(rows, by)
    packages = {name: version(name) for name in ("numpy", "scipy")}
    return Comparison(
        comparison_id=started.comparison_id,
        created_utc=started.created_utc,
        versions={"qrng_hub": __version__, "python": platform.python_version(), **packages},
        by=by,
        shots=started.shots,
        repeats=started.repeats,
        alpha=started.alpha,
        confidence=CONFIDENCE,
        summary=summary(rows, differences),
        backends=rows,
        differences=differences,
        difference_test=TEST,
        vendor_seconds=measuring.vendors.seconds,
        hub_seconds=measuring.hub.seconds,
    )
