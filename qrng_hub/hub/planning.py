"""From a run file to a plan: asks every backend for its terms, at the same time, and the ledger for its queues."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

from qrng_hub.config import RunFile
from qrng_hub.errors import ConfigError, InfeasiblePlanError
from qrng_hub.extractors import OUTPUT_BYTES
from qrng_hub.hub.opening import candidates_of
from qrng_hub.ledger import Ledger
from qrng_hub.planner import Demand, Plan, Terms, Wanted, make_plan, quote_of, terms_of
from qrng_hub.policy import allowed_origins
from qrng_hub.records import Candidate, Origin, Quote
from qrng_hub.registry import Registry
from qrng_hub.reports import queue_times
from qrng_hub.runner import Standing

_THREADS = 8


def plan_of(
    run_file: RunFile, registry: Registry, ledger: Ledger, now: datetime, byte_count: int, standing: Standing | None
) -> Plan:
    """Plans a run file's request, or what is left of a draw as it stands.

    Raises `InfeasiblePlanError` or `ConfigError`.
    """
    spent = ledger.spent(standing.draw_id) if standing else {}
    demand = _demand(run_file, now, byte_count)
    if standing is not None:
        demand = _rest(demand, standing, sum(spent.values(), Decimal(0)))
    terms = _Asking(run_file, registry, ledger, now, standing, spent).terms(demand.outputs)

    def requote(one: Terms, shots: int) -> Quote:
        adapter, _ = registry.resolve(one.candidate.address)
        return quote_of(adapter, one, shots)

    return make_plan(terms, demand, byte_count, requote, now)


def _rest(demand: Demand, standing: Standing, spent: Decimal) -> Demand:
    """Asks for what a draw still needs, of the money that is left; vendors that have delivered count."""
    left = max((demand.usd or Decimal(0)) - spent, Decimal(0))
    vendors = demand.vendors_min
    if standing.needs_new_vendors or len(standing.vendors) >= vendors:
        vendors = max(1, vendors - len(standing.vendors))
    return demand.model_copy(update={"outputs": standing.outputs, "usd": left, "vendors_min": vendors})


class _Asking:
    """Asks every backend of a run file for its terms."""

    def __init__(
        self,
        run_file: RunFile,
        registry: Registry,
        ledger: Ledger,
        now: datetime,
        standing: Standing | None,
        spent: Mapping[str, Decimal],
    ) -> None:
        self._candidates = candidates_of(run_file, registry)
        counted = Counter(candidate.address for candidate in self._candidates)
        if twice := [address for address, count in counted.items() if count > 1]:
            raise ConfigError(f"backend.address: a plan takes each backend once, and {twice[0]} is listed twice")
        self._run_file, self._registry = run_file, registry
        self._queues = _queues(ledger, now)
        caps = {one.address: one.max_usd for one in run_file.backends if one.max_usd is not None}
        self._caps = {address: max(cap - spent.get(address, 0), Decimal(0)) for address, cap in caps.items()}
        self._failed = standing.failed if standing else {}
        self._yields = standing.yields if standing else {}
        self._vendors = standing.vendors if standing and standing.needs_new_vendors else set[str]()

    def terms(self, outputs: int) -> list[Terms]:
        """Returns the terms of every backend, in the order of the run file."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="qrng-plan") as threads:
            return _hardware_first(list(threads.map(lambda one: self._ask(one, outputs), self._candidates)))

    def _ask(self, candidate: Candidate, outputs: int) -> Terms:
        address, fallback = candidate.address, self._run_file.policy.fallback
        if problem := self._failed.get(address):
            return Terms(candidate=candidate, problem=problem)
        if candidate.origin not in allowed_origins(fallback):
            problem = f"fallback = {fallback.value!r} does not allow it"
            return Terms(candidate=candidate, problem=problem, is_excluded=True)
        if address.partition(":")[0] in self._vendors:
            problem = "its vendor has delivered, and policy.vendors_min asks for others"
            return Terms(candidate=candidate, problem=problem, is_excluded=True)
        adapter, _ = self._registry.resolve(address)
        accepts = self._run_file.budget.unknown_price == "accept"
        yielded = self._yields.get(address, 1.0)
        return terms_of(
            adapter, Wanted(candidate, self._caps.get(address), self._queues.get(address), accepts, yielded), outputs
        )


def _demand(run_file: RunFile, now: datetime, byte_count: int) -> Demand:
    budget, request = run_file.budget, run_file.request
    seconds = None if budget.deadline_utc is None else (budget.deadline_utc - now).total_seconds()
    if seconds is not None and seconds <= 0:
        raise InfeasiblePlanError(f"budget.deadline_utc, {budget.deadline_utc:%Y-%m-%d %H:%M:%S %Z}, is over")
    return Demand(
        outputs=math.ceil(byte_count / OUTPUT_BYTES),
        usd=budget.usd or Decimal(0),
        seconds=seconds,
        vendors_min=run_file.policy.vendors_min,
        objective=request.objective,
        usd_per_hour=budget.usd_per_hour,
    )


def _hardware_first(terms: list[Terms]) -> list[Terms]:
    """Leaves simulators, which are free and credited nothing, to where hardware can give nothing at all."""
    if all(one.problem or one.candidate.origin is Origin.SIMULATOR for one in terms):
        return terms
    unused = {
        "problem": "a simulator is credited nothing: it stands in only if no hardware can be used",
        "is_excluded": True,
    }
    idle = [one.candidate.origin is Origin.SIMULATOR and not one.problem for one in terms]
    return [one.model_copy(update=unused) if is_idle else one for one, is_idle in zip(terms, idle, strict=True)]


def _queues(ledger: Ledger, now: datetime) -> Mapping[str, tuple[float, float]]:
    """Expects of each backend's queue what the ledger's own jobs met."""
    lines = queue_times((job for job in ledger.jobs(limit=None) if job.is_remote), now)
    return {line.address: (line.expected.low_seconds, line.expected.high_seconds) for line in lines if line.expected}
