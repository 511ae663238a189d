"""Runs the sources of a draw side by side and joins what they deliver."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue

from qrng_hub import policy
from qrng_hub.callers import on_behalf, warn
from qrng_hub.clock import Clock
from qrng_hub.delivery import mix_with_os, xor_all
from qrng_hub.dispatcher import Dispatcher
from qrng_hub.errors import ConfigError, LedgerError, PolicyStopError, RunInterruptedError, SimulatedFallbackWarning
from qrng_hub.files import claimed, require_writable_folder
from qrng_hub.ledger import RUN_STARTED, Ledger
from qrng_hub.protocols import protocol_of
from qrng_hub.receipts import build_receipt
from qrng_hub.records import Draw, JobSpec, Origin, RawBlock, Request
from qrng_hub.registry import Registry
from qrng_hub.runner.adoption import adopted
from qrng_hub.runner.intake import Intake
from qrng_hub.runner.kept import Kept
from qrng_hub.runner.outlay import require_affordable_together
from qrng_hub.runner.planned import PlannedDraw, Replan
from qrng_hub.runner.processing import Processing, in_this_process
from qrng_hub.runner.seeding import seeds_of
from qrng_hub.runner.signing import Sign, signer_for
from qrng_hub.runner.source import Delivery, Progress, Source

_THREADS_A_VENDOR = 4
Result = TypeVar("Result")
#: Hands a draw to whoever asked for it, in a way that outlives the process; then it is recorded as delivered.
Deliver = Callable[[Draw], None]


class Runner:
    """Draws bytes for requests; safe for any number of threads.

    `state` is the folder of what outlives the process; for `executor` and `adapters` see `Processing`.
    """

    def __init__(
        self,
        registry: Registry,
        dispatcher: Dispatcher,
        ledger: Ledger,
        clock: Clock,
        state: Path,
        executor: Executor,
        adapters: str | None,
    ) -> None:
        self._registry = registry
        self._dispatcher = dispatcher
        self._ledger = ledger
        self._clock = clock
        self._state = state
        self._executor, self._adapters = executor, adapters
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()

    def draw(
        self,
        request: Request,
        on_progress: Callable[[Progress], None],
        deliver: Deliver,
        resumed: str | None = None,
    ) -> Draw:
        """Draws the bytes of a request and delivers them; with that done, they are on record as delivered.

        `resumed` is the id of a draw that an earlier process began: its jobs are followed first. Until the bytes are
        delivered a draw with jobs at vendors can be resumed. Warns with `SimulatedFallbackWarning` where anything else
        stood in for hardware. Raises `PolicyStopError` when nothing is left to try, or the error of the backend that
        ended it.
        """
        sign = signer_for(request)
        if not self._is_resumable(request):
            intake = self._intake(request, self._new_id())
            deliveries = self._deliveries(request, on_progress, intake)
            return self._delivered(request, intake, deliveries, _xor(deliveries), deliver, sign)
        with self._run_of(request, resumed) as intake:
            deliveries = self._deliveries(request, on_progress, intake)
            return self._delivered(request, intake, deliveries, _xor(deliveries), deliver, sign)

    def draw_planned(
        self,
        request: Request,
        replan: Replan,
        on_progress: Callable[[Progress], None],
        deliver: Deliver,
        resumed: str | None = None,
    ) -> Draw:
        """Draws the bytes of a request by plan, round by round; outputs of several backends follow one another.

        `resumed` is as in `draw`. Until the bytes are delivered the draw can be resumed. Warns as `draw` does.
        Raises `InfeasiblePlanError` when the rest cannot be had within the limits.
        """
        sign = signer_for(request)
        with self._run_of(request, resumed) as intake:
            return self._run_plan(request, replan, on_progress, intake, deliver, sign)

    def _is_resumable(self, request: Request) -> bool:
        """Whether jobs of a draw may outlive this process; those of a certified run are worth nothing one by one."""
        resolved = (self._registry.resolve(one.address) for one in policy.eligible(request))
        return request.certificate is None and any(adapter.is_remote(name) for adapter, name in resolved)

    @contextmanager
    def _run_of(self, request: Request, resumed: str | None) -> Iterator[Intake]:
        """Begins or resumes a draw; what its jobs gave is kept until the block ends well, and an error says so."""
        draw_id = resumed or self._new_id()
        folder = self._state / "runs"
        with claimed(folder / f"{draw_id}.lock", f"run {draw_id}"):
            self._forget_delivered(folder)
            kept = Kept(folder / draw_id)
            intake = self._intake(request, draw_id, kept)
            if resumed is None:
                self._ledger.record_event(RUN_STARTED, draw_id, _started(request))
            self._ledger.require_undelivered(draw_id)
            try:
                yield intake
            except BaseException as error:
                error.add_note(
                    f"what this run paid for is kept: Hub.resume({draw_id!r}) or `qrng run CONFIG --resume {draw_id}`"
                )
                raise
            kept.forget()

    def _forget_delivered(self, folder: Path) -> None:
        """Deletes what jobs gave to runs that were delivered, if their processes ended before they could."""
        kept = {path.name for path in folder.iterdir() if path.is_dir()}
        for run in self._ledger.runs() if kept else ():
            if run.delivered and run.draw_id in kept:
                Kept(folder / run.draw_id).forget()

    def _run_plan(
        self,
        request: Request,
        replan: Replan,
        on_progress: Callable[[Progress], None],
        intake: Intake,
        deliver: Deliver,
        sign: Sign,
    ) -> Draw:
        stop, draw_id = intake.stop, intake.draw_id
        planned = PlannedDraw(request, replan, self._registry, self._dispatcher, intake, draw_id, stop, on_progress)
        for work in chain([planned.adopted(self._ledger.jobs_of(draw_id))], planned.rounds()):
            starts = [partial(self._pool(address).submit, on_behalf(run)) for address, run in work]
            _results(self._run(starts, stop, draw_id))
        self._ledger.require_undelivered(draw_id)
        deliveries = planned.deliveries()
        output = b"".join(delivery.data for delivery in deliveries)
        return self._delivered(request, intake, deliveries, output, deliver, sign)

    def _new_id(self) -> str:
        return f"{self._clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}"

    def _intake(self, request: Request, draw_id: str, kept: Kept | None = None) -> Intake:
        raw_folder = self._state / "raw" if request.retain_raw else None
        if raw_folder:
            require_writable_folder(raw_folder)
        if request.seed is not None and not in_this_process(self._executor):
            raise ConfigError("request.seed: its bytes are handed out here, not to other processes: use threads")
        processing = Processing(self._executor, self._adapters, raw_folder)
        seeds = seeds_of(self._ledger, request.seed)
        return Intake(self._ledger, request, draw_id, processing, self._clock, kept, seeds)

    def _delivered(
        self,
        request: Request,
        intake: Intake,
        deliveries: Sequence[Delivery],
        output: bytes,
        deliver: Deliver,
        sign: Sign,
    ) -> Draw:
        if request.mix_os_entropy:
            output = mix_with_os(output)
        draw_id, sources = intake.draw_id, tuple(delivery.receipt for delivery in deliveries)
        substitutions = tuple(one for delivery in deliveries for one in delivery.substitutions)
        conditioning = protocol_of(request.protocol).conditioning
        receipt = build_receipt(request, output, draw_id, self._clock.now(), conditioning, sources, substitutions)
        draw = Draw(data=output, receipt=receipt)
        (self._ledger.claim if intake.kept else self._ledger.use_up)(receipt)
        try:
            _warn_of_simulation(deliveries, self._registry)
            deliver(draw)
        except BaseException as error:
            if intake.kept:
                with suppress(LedgerError):
                    self._ledger.release(draw_id, f"it could not be stored: {type(error).__name__}: {error}")
            raise
        self._ledger.record_draw(receipt, sign(receipt))
        return draw

    def side_by_side(
        self, work: Sequence[tuple[str, Callable[[], Result]]], stop: threading.Event, subject: str
    ) -> tuple[Result, ...]:
        """Runs everything at once, each in the threads of its address's vendor; an error or Ctrl-C sets `stop`."""
        return _results(
            self._run([partial(self._pool(address).submit, on_behalf(run)) for address, run in work], stop, subject)
        )

    def collect(self, spec: JobSpec) -> tuple[RawBlock, ...]:
        """Runs one job in its vendor's threads and returns its outcomes, neither credited nor conditioned."""
        adapter, name = self._registry.resolve(spec.address)
        stop = threading.Event()
        if not adapter.is_remote(name):
            return adapter.collect(self._dispatcher.run(adapter, spec, None, stop).job)
        start = partial(self._pool(spec.address).submit, on_behalf(self._dispatcher.run), adapter, spec, None, stop)
        (future,) = self._run([start], stop, spec.key)
        return adapter.collect(future.result().job)

    def after_fork(self) -> None:
        """Forgets the threads, which a forked process does not have."""
        self._pools, self._lock = {}, threading.Lock()

    def close(self) -> None:
        """Waits for what is running and ends the threads."""
        for pool in self._pools.values():
            pool.shutdown()

    def _deliveries(
        self, request: Request, on_progress: Callable[[Progress], None], intake: Intake
    ) -> tuple[Delivery, ...]:
        """Runs the sources in their vendors' threads; a draw short of one is refused."""
        candidates = policy.eligible(request)
        if not candidates:
            listed = ", ".join(candidate.address for candidate in request.candidates)
            raise PolicyStopError(f"fallback = {request.fallback.value!r} allows none of the backends listed: {listed}")
        stop, draw_id = intake.stop, intake.draw_id
        jobs = self._ledger.jobs_of(draw_id) if intake.kept else ()
        earlier = adopted(jobs, {candidate.address for candidate in candidates})
        source = Source(
            self._registry, self._dispatcher, self._ledger, intake, request, draw_id, stop, on_progress, earlier
        )
        chosen = candidates[:1] if request.mode == "first" else candidates
        if len(chosen) > 1 and request.certificate is None and not jobs:
            outlays = [source.outlay(one) for one in chosen]
            require_affordable_together(outlays, self._dispatcher, self._ledger, draw_id)
        starts = [partial(self._pool(one.address).submit, on_behalf(source.deliver), one) for one in chosen]
        return _results(self._run(starts, stop, draw_id))

    def _run(
        self, starts: Sequence[Callable[[], Future[Result]]], stop: threading.Event, subject: str
    ) -> list[Future[Result]]:
        """Starts all and waits; the first error, or Ctrl-C at any moment, stops the others before their next job."""
        futures: list[Future[Result]] = []
        try:
            futures += (start() for start in starts)
            _, running = wait(futures, return_when=FIRST_EXCEPTION)
            if running:
                stop.set()
                wait(running)
        except KeyboardInterrupt:
            stop.set()
            self._ledger.record_event("draw.interrupted", subject, {})
            wait(futures)
            raise
        return futures

    def _pool(self, address: str) -> ThreadPoolExecutor:
        vendor = address.partition(":")[0]
        with self._lock:
            if vendor not in self._pools:
                self._pools[vendor] = ThreadPoolExecutor(_THREADS_A_VENDOR, thread_name_prefix=f"qrng-{vendor}")
            return self._pools[vendor]


def _started(request: Request) -> dict[str, JsonValue]:
    """Says of a run that begins what is asked of whom."""
    started: dict[str, JsonValue] = {"bytes": request.bytes, "of": request.digest, "terms": request.terms}
    only = request.candidates[0].address if len(request.candidates) == 1 and request.mode != "plan" else None
    return started | {"mode": request.mode, "backend": only}


def _xor(deliveries: Sequence[Delivery]) -> bytes:
    return xor_all([delivery.data for delivery in deliveries])


def _results(futures: Sequence[Future[Result]]) -> tuple[Result, ...]:
    """Collects the results; of several errors raises one that is not merely the stop it caused."""
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, RunInterruptedError)):
        raise error
    return tuple(future.result() for future in futures)


def _warn_of_simulation(deliveries: Sequence[Delivery], registry: Registry) -> None:
    for delivery in deliveries:
        if delivery.receipt.origin is Origin.HARDWARE:
            continue
        for failed in delivery.substitutions:
            adapter, name = registry.resolve(failed.failed)
            if adapter.origin(name) is Origin.HARDWARE:
                used = delivery.receipt
                warn(
                    f"{failed.failed} did not deliver ({failed.reason}); {used.address} did, which is"
                    f" {used.origin.noun}: these bytes carry no credited entropy",
                    SimulatedFallbackWarning,
                )
