"""From a run file to a plan: asks every backend for its terms, at the same time, and the ledger for its queues."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from statistics import median

from qrng_hub.config import RunFile
from qrng_hub.errors import InfeasiblePlanError
from qrng_hub.extractors import OUTPUT_BYTES
from qrng_hub.hub.opening import limits_of, request_of, require_once
from qrng_hub.ledger import Budget, Ledger, LedgerJob
from qrng_hub.limits import Limits
from qrng_hub.planner import Demand, Plan, RunTimes, Terms, Wanted, make_plan, quote_of, terms_of
from qrng_hub.policy import allowed_origins
from qrng_hub.records import Candidate, JobState, Origin, Quote, Request
from qrng_hub.registry import Registry
from qrng_hub.reports import queue_times
from qrng_hub.runner import Standing

_THREADS = 8
#: how many earlier jobs of a backend say how long the next runs
_RUNS = 20


def plan_of(
    run_file: RunFile, registry: Registry, ledger: Ledger, now: datetime, byte_count: int, standing: Standing | None
) -> Plan:
    """Plans a run file's request, or what is left of a draw as it stands.

    Raises `InfeasiblePlanError` or `ConfigError`.
    """
    left = _Left(limits_of(run_file), ledger.budgets(), standing.draw_id if standing else "", now)
    demand = _demand(run_file, now, byte_count, left)
    if standing is not None:
        demand = _rest(demand, standing)
    request = request_of(run_file, registry, byte_count, None)
    terms = _Asking(run_file, request, registry, ledger, now, standing, left).terms(demand.outputs)

    def requote(one: Terms, shots: int) -> Quote:
        adapter, _ = registry.resolve(one.candidate.address)
        return quote_of(adapter, one, request, shots)

    return make_plan(terms, demand, byte_count, requote, now)


def _rest(demand: Demand, standing: Standing) -> Demand:
    """Asks for what a draw still needs; vendors that have delivered count."""
    return demand.model_copy(update={"outputs": standing.outputs, "vendors_served": frozenset(standing.vendors)})


class _Left:
    """What is left of the budgets that a draw's jobs are charged to; `draw_id` is empty before it begins."""

    def __init__(self, limits: Limits, budgets: Iterable[Budget], draw_id: str, now: datetime) -> None:
        self._limits, self._draw_id, self._now = limits, draw_id, now
        self._committed = {budget.name: budget.committed for budget in budgets}

    def everywhere(self) -> dict[str, Decimal]:
        """Returns what is left, in USD, of the budgets that every job is charged to, by their names."""
        return {name: left for name, (unit, left) in self._of("").items() if unit == "USD"}

    def on(self, address: str, unit: str) -> Decimal | None:
        """Returns what is left of the budgets that only this backend's jobs are charged to; None is no limit."""
        own = {name: one for name, one in self._of(address).items() if name not in self._of("")}
        return min((left for of, left in own.values() if of == unit), default=None)

    def _of(self, address: str) -> dict[str, tuple[str, Decimal]]:
        limits = self._limits.of_job(address, self._draw_id, self._now)
        return {
            name: (one.unit, max(one.most - self._committed.get(name, Decimal(0)), Decimal(0)))
            for name, one in limits.items()
        }


class _Asking:
    """Asks every backend of a run file for its terms."""

    def __init__(
        self,
        run_file: RunFile,
        request: Request,
        registry: Registry,
        ledger: Ledger,
        now: datetime,
        standing: Standing | None,
        left: _Left,
    ) -> None:
        self._request, self._candidates = request, request.candidates
        require_once(run_file, "a plan")
        self._run_file, self._registry, self._left = run_file, registry, left
        jobs = ledger.jobs(limit=None)
        self._queues, self._ran = _queues(jobs, now), _run_times(jobs)
        self._failed = standing.failed if standing else {}
        self._yields, self._done = (standing.yields, standing.done) if standing else ({}, {})
        self._dearer = standing.dearer if standing else {}
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
        seconds = self._left.on(address, "seconds")
        wanted = Wanted(
            candidate,
            self._request,
            max_usd=self._left.on(address, "USD"),
            max_seconds=None if seconds is None else float(seconds),
            usd_per_job=self._run_file.budget.usd_per_job,
            wait_seconds=self._queues.get(address),
            ran=self._ran.get(address),
            accepts_unknown_price=self._run_file.budget.unknown_price == "accept",
            yielded=self._yields.get(address, 1.0),
            dearer=self._dearer.get(address, Decimal(1)),
            done=self._done.get(address, 0),
        )
        return terms_of(adapter, wanted, outputs)


def _demand(run_file: RunFile, now: datetime, byte_count: int, left: _Left) -> Demand:
    budget, request = run_file.budget, run_file.request
    usd, of = min(((usd, name) for name, usd in left.everywhere().items()), default=(Decimal(0), "budget.usd"))
    seconds = None if budget.deadline_utc is None else (budget.deadline_utc - now).total_seconds()
    if seconds is not None and seconds <= 0:
        raise InfeasiblePlanError(
            f"budget.deadline_utc, {budget.deadline_utc:%Y-%m-%d %H:%M:%S %Z}, is over: set a later one, or none"
        )
    return Demand(
        outputs=math.ceil(byte_count / OUTPUT_BYTES),
        usd=usd if budget.usd is not None else Decimal(0),
        usd_of=of if of.startswith("project") and budget.usd is not None else "budget.usd",
        seconds=seconds,
        vendors_min=run_file.policy.vendors_min,
        objective=request.objective,
        usd_per_hour=budget.usd_per_hour,
    )


def _hardware_first(terms: list[Terms]) -> list[Terms]:
    """Leaves what is credited nothing, simulators above all, to where hardware can give nothing at all."""
    if all(one.problem or one.candidate.origin is not Origin.HARDWARE for one in terms):
        return terms
    idle = [one.candidate.origin is not Origin.HARDWARE and not one.problem for one in terms]
    return [_unused(one) if is_idle else one for one, is_idle in zip(terms, idle, strict=True)]


def _unused(terms: Terms) -> Terms:
    problem = f"{terms.candidate.origin.noun} is credited nothing: it stands in only if no hardware can be used"
    return terms.model_copy(update={"problem": problem, "is_excluded": True})


def _run_times(jobs: Iterable[LedgerJob]) -> Mapping[str, RunTimes]:
    """Reads how long the last jobs of each backend ran; the newest stand first."""
    ran: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for job in jobs:
        if job.state is JobState.DONE and job.run_seconds is not None and len(ran[job.address]) < _RUNS:
            ran[job.address].append((job.run_seconds, job.circuits * job.shots))
    return {
        address: RunTimes(median(seconds for seconds, _ in own), median(seconds / shots for seconds, shots in own))
        for address, own in ran.items()
        if own
    }


def _queues(jobs: Iterable[LedgerJob], now: datetime) -> Mapping[str, tuple[float, float]]:
    """Expects of each backend's queue what the ledger's own jobs met."""
    lines = queue_times((job for job in jobs if job.is_remote), now)
    return {line.address: (line.expected.low_seconds, line.expected.high_seconds) for line in lines if line.expected}
