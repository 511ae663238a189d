"""Hub: opens everything a run file names and hands out bytes with their receipts."""

from __future__ import annotations

import json
import os
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import JsonValue

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit, circuits_of
from qrng_hub.clock import Clock, SystemClock
from qrng_hub.config import (
    MAX_DRAW_BYTES,
    CompareSettings,
    RunFile,
    SortKey,
    ledger_url,
    load_run_file,
    run_file_from,
)
from qrng_hub.dispatcher import Dispatcher
from qrng_hub.errors import LedgerError, PolicyStopError, QRNGError, RequestError
from qrng_hub.files import state_folder
from qrng_hub.hub.checks import checks
from qrng_hub.hub.comparing import Place, compared, expanded, most_compared
from qrng_hub.hub.faces import Faces
from qrng_hub.hub.history import History
from qrng_hub.hub.opening import limits_of, open_registry, request_of
from qrng_hub.hub.planning import plan_of
from qrng_hub.integers import whole
from qrng_hub.ledger import LedgerJob, Run, open_ledger
from qrng_hub.planner import Plan
from qrng_hub.reconciliation import Reconciled, reconcile
from qrng_hub.records import (
    Backend,
    CertificationPlan,
    Check,
    Comparison,
    Draw,
    Job,
    JobSpec,
    Origin,
    RawBlock,
    Request,
)
from qrng_hub.runner import Compared, Inline, Progress, Runner, Standing, highest_costs, require_private, retain
from qrng_hub.validation import validated

if TYPE_CHECKING:
    from qrng_hub.certificates.planning import Prospect

_open_hubs: weakref.WeakSet[Hub] = weakref.WeakSet()


def _after_fork() -> None:
    """A forked process has the hub but none of its threads, and must not use its parent's connections."""
    for hub in _open_hubs:
        hub._registry.after_fork()
        hub._runner.after_fork()
        hub._ledger.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _silent(_progress: Progress) -> None:
    """Shows nothing."""


def _unseen(_compared: Compared) -> None:
    """Shows nothing."""


def _nowhere(_draw: Draw) -> None:
    """Leaves it to the caller, who gets the draw returned."""


class Hub(Faces, History):
    """Random numbers from the backends of one run file; use it as a context manager.

    >>> import os, tempfile
    >>> os.environ["QRNG_STATE_DIR"] = tempfile.mkdtemp()
    >>> with Hub.open() as hub:
    ...     draw = hub.draw(32)
    >>> len(draw.data), draw.receipt.origin, draw.receipt.credit.bits
    (32, 'simulator', 0.0)
    """

    def __init__(
        self, run_file: RunFile, clock: Clock, adapters: Sequence[Adapter] = (), executor: Executor | None = None
    ) -> None:
        self.run_file = run_file
        self._clock = clock
        self._closed = False
        self._registry = open_registry(run_file, clock, adapters)
        self._ledger = open_ledger(ledger_url(run_file.ledger), clock)
        dispatcher = Dispatcher(self._ledger, clock, limits_of(run_file))
        settings = None if adapters else json.dumps(run_file.adapters)
        executor = executor or Inline()
        self._runner = Runner(self._registry, dispatcher, self._ledger, clock, state_folder(), executor, settings)
        _open_hubs.add(self)

    @classmethod
    def open(
        cls,
        run_file: str | Path | Mapping[str, Any] | RunFile | None = None,
        *,
        clock: Clock | None = None,
        adapters: Iterable[Adapter] = (),
        executor: Executor | None = None,
    ) -> Hub:
        """Opens the hub of a run file, or of what would stand in it; with none, local:stim and a ledger of the user's.

        `adapters` are ready-made ones that go before the installed of the same name. On `executor`,
        any of `concurrent.futures` or Dask's, outcomes are collected, credited and conditioned; it stays
        open. Raises `ConfigError`, `UnknownNameError` or `LedgerError`.
        """
        match run_file:
            case None:
                run_file = run_file_from({"version": 1})
            case str() | Path():
                run_file = load_run_file(run_file)
            case Mapping():
                run_file = run_file_from(run_file)
        if executor is not None:
            require_private(executor)
        return cls(run_file, clock or SystemClock(), tuple(adapters), executor)

    def random_bytes(self, count: int) -> bytes:
        """Returns `count` bytes; their receipt stays in the ledger. Raises as `draw` does."""
        return self.draw(count).data

    def draw(
        self,
        count: int,
        *,
        backend: str | None = None,
        on_progress: Callable[[Progress], None] = _silent,
        deliver: Callable[[Draw], None] = _nowhere,
    ) -> Draw:
        """Draws `count` bytes as the run file says, or from one `backend` only, with their receipt.

        `deliver` is called with the draw before it is recorded as delivered: what it stores is safe
        whenever the process ends, for until then a draw by plan can be resumed.
        Raises `RequestError` unless 1 <= count <= 1 GiB, `PolicyStopError` if no backend delivers,
        or the error of the backend that ended the draw.
        """
        self._require_open()
        request = self._request(count := self._count(count), backend)
        if request.mode == "plan":
            if backend is not None:
                raise RequestError("a plan chooses its backends itself: leave the backend out, or set another mode")
            return self._runner.draw_planned(request, partial(self._replan, count), on_progress, deliver)
        return self._runner.draw(request, on_progress, deliver)

    def run(
        self, *, on_progress: Callable[[Progress], None] = _silent, deliver: Callable[[Draw], None] = _nowhere
    ) -> Draw:
        """Draws what the run file's `[request]` asks for, as `draw` does."""
        return self.draw(self.run_file.request.bytes, on_progress=on_progress, deliver=deliver)

    def raw(
        self,
        backend: str,
        circuits: Circuit | Sequence[Circuit],
        shots: int,
        options: Mapping[str, JsonValue] | None = None,
    ) -> tuple[RawBlock, ...]:
        """Runs circuits on one backend and returns their outcomes as measured, one block a circuit.

        The sharp tool: nothing is credited, conditioned or mixed, and nothing stands in for a
        backend that fails. Raises `RequestError`, `BudgetExceededError` or the backend's error.
        """
        self._require_open()
        self._registry.check_options(backend, options or {}, "options")
        asked = {"circuits": circuits_of(circuits), "shots": whole(shots, "a job has 1 shot or more", 1)}
        asked |= {"key": uuid.uuid4().hex, "address": backend, "options": dict(options or {})}
        return self._runner.collect(validated(JobSpec, asked))

    def resume(
        self,
        name: str,
        *,
        on_progress: Callable[[Progress], None] = _silent,
        deliver: Callable[[Draw], None] = _nowhere,
        reclaim: bool = False,
    ) -> Draw:
        """Goes on with a draw that had jobs at vendors, by its id or the beginning of it, and was not delivered.

        Its jobs are adopted and followed, what they gave is used, and the rest is planned within what is left of its
        budget. With `reclaim` it is delivered although a process that is gone claimed it, and may have handed it out.
        Raises `LedgerError` for a draw that is none of these, or that another process delivers, else as `draw` does.
        """
        self._require_open()
        run = self.run_to_resume(name)
        if reclaim:
            self._ledger.release(run.draw_id, "reclaimed by the user")
        self.reconcile()
        undecided = self._ledger.undecided(run.draw_id)
        if undecided and not self.run_file.policy.hedge:
            raise PolicyStopError(
                f"nobody knows whether {len(undecided)} job(s) of run {run.draw_id} are at their vendors: they may be"
                " billed. Resume it later, or set policy.hedge = true to go on all the same"
            )
        request = request_of(self.run_file, self._registry, run.bytes, run.backend)
        if request.mode != run.mode:
            raise RequestError(
                f"run {run.draw_id} was one by {run.mode}: resume it with its run file, in which mode is {run.mode}"
            )
        if run.terms and run.terms != request.terms:
            raise RequestError(
                f"run {run.draw_id} began with another request.epsilon, health_alpha or calibrate, or policy.fallback:"
                " resume it with these, or begin anew"
            )
        if request.mode != "plan":
            return self._runner.draw(request, on_progress, deliver, run.draw_id)
        return self._runner.draw_planned(request, partial(self._replan, run.bytes), on_progress, deliver, run.draw_id)

    def run_to_resume(self, name: str) -> Run:
        """Finds the run that `resume` would go on with; raises `LedgerError` if there is none, or it was delivered."""
        runs = [run for run in self.runs() if name and run.draw_id.startswith(name)]
        if len(runs) != 1 or runs[0].delivered:
            problem = "was delivered" if len(runs) == 1 else "is several" if runs else "is not in the ledger"
            raise LedgerError(f"run {name!r} {problem}: `qrng jobs --runs` lists them")
        return runs[0]

    def unfinished_runs(self, count: int | None = None, backend: str | None = None) -> tuple[Run, ...]:
        """Lists the draws of the run file's very request, or that of `draw`, not delivered, newest first."""
        request = self._request(self._count(count, self.run_file.request.bytes), backend)
        return tuple(run for run in self.runs() if not run.delivered and run.of == request.digest)

    def highest_costs(self, count: int, backend: str | None = None) -> dict[str, Decimal | None]:
        """Says what each backend is expected to cost at most, in USD, in a draw of `count` bytes; submits nothing.

        None stands for a price that nobody knows, or that could not be asked for. Where backends give less than
        expected more jobs are run, up to what the budgets allow.
        """
        self._require_open()
        limits = limits_of(self.run_file)
        return highest_costs(
            self._request(self._count(count), backend),
            self._registry,
            limits.usd_per_job,
            accepts_unknown=limits.accepts_unknown_price,
        )

    def highest_costs_compared(self) -> dict[str, Decimal]:
        """Says what the limits let each backend cost, in USD, in a comparison; submits nothing."""
        self._require_open()
        compare, limits = self.run_file.compare or CompareSettings(), limits_of(self.run_file)
        return most_compared(self.run_file, self._registry, self._clock, compare.repeats * limits.usd_per_job)

    def plan(self, count: int | None = None) -> Plan:
        """Plans who runs what for the run file's request, what that costs and how long it takes; submits nothing.

        With `count` it is for so many bytes. Raises `InfeasiblePlanError` if no plan keeps every limit, and says which
        is in the way.
        """
        self._require_open()
        return self._replan(self._count(count, self.run_file.request.bytes), None)

    def certification(
        self, address: str, prospect: Prospect, bits: float, *, qubits: int | None = None
    ) -> CertificationPlan:
        """Plans what it takes to certify `bits` on a backend: rounds, shots and cost; runs nothing.

        Raises `RequestError` if no number of rounds does, or the backend's own errors.
        """
        self._require_open()
        from qrng_hub.hub.certifying import certification_plan  # loads numpy and more

        return certification_plan(self._registry, address, prospect, bits, qubits)

    def compare(
        self,
        *,
        by: SortKey | None = None,
        place: Place | None = None,
        on_progress: Callable[[Compared], None] = _unseen,
    ) -> Comparison:
        """Runs the same circuits on every backend of the run file, as its `[compare]` says, and measures each.

        One that fails or is offline is a row with its reason. Nothing is delivered: the outcomes are used up. With a
        `place` they are kept there until the comparison is finished, so that it can be gone on with, and for good with
        `retain_raw`. Raises `ConfigError` or `UnknownNameError` for a run file that cannot be compared.
        """
        self._require_open()
        return compared(self.run_file, self._registry, self._ledger, self._clock, self._runner, by, place, on_progress)

    def backends(self, *, origin: Origin | str | None = None, min_qubits: int = 1) -> tuple[Backend, ...]:
        """Describes every backend of every adapter that can be used; `unavailable` says why others cannot."""
        if origin not in (None, *Origin):
            raise RequestError(f"an origin is {' or '.join(Origin)}, not {origin!r}")
        min_qubits = whole(min_qubits, "a number of qubits is 0 or more", 0)
        described, _ = self._survey()
        return tuple(b for b in described if b.qubits >= min_qubits and origin in (None, b.origin))

    def unavailable(self) -> tuple[str, ...]:
        """Says of each adapter whose backends cannot be listed why, and what to do."""
        _, reasons = self._survey()
        return tuple(reasons)

    def cancel(self, name: str) -> LedgerJob:
        """Asks the vendor to stop a job, and records its answer; a finished job stays as it is."""
        job, adapter = self._at_vendor(name)
        self._ledger.update(adapter.cancel(job))
        return self.job(job.spec.key)

    def collect(self, name: str) -> tuple[Path, ...]:
        """Fetches the outcomes of a finished job again, one .npy file of mode 0600 a circuit.

        For a job that was paid for and whose run ended before its outcomes were used. Raises
        `LedgerError` if it never was at a vendor, or the vendor's error.
        """
        job, adapter = self._at_vendor(name)
        return tuple(retain(block, state_folder() / "raw") for block in adapter.collect(job))

    def preflight(self) -> Iterator[Check]:
        """Checks everything the run file's backends need, line by line; spends nothing."""
        yield from checks(expanded(self.run_file, self._registry), self._registry, self._ledger)

    def reconcile(self) -> tuple[Reconciled, ...]:
        """Asks the vendors about every unfinished job and records what they say; submits nothing."""
        return reconcile(self._registry, self._ledger, self._clock)

    def close(self) -> None:
        """Waits for what is running and closes everything."""
        self._close_faces()  # a refill that is under way still draws
        self._closed = True
        self._runner.close()
        self._registry.close()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _at_vendor(self, name: str) -> tuple[Job, Adapter]:
        job = self._ledger.job(name)
        if not job.vendor_id:
            raise LedgerError(f"nobody knows whether job {job.spec.key} is at the vendor; reconcile first")
        adapter, _ = self._registry.resolve(job.spec.address)
        return job, adapter

    def _replan(self, count: int, standing: Standing | None) -> Plan:
        return plan_of(self.run_file, self._registry, self._ledger, self._clock.now(), count, standing)

    def _request(self, count: int, backend: str | None = None) -> Request:
        return request_of(self.run_file, self._registry, count, backend)

    def _count(self, count: int | None, default: int | None = None) -> int:
        wanted, rule = cast("int", default if count is None else count), f"1 to {MAX_DRAW_BYTES:,} bytes"
        return whole(wanted, f"a draw is of {rule}", 1, MAX_DRAW_BYTES, "; `Hub.pieces` gives more, piece by piece")

    def _require_open(self) -> None:
        if self._closed:
            raise RequestError("this hub is closed; open another one")

    def _survey(self) -> tuple[list[Backend], list[str]]:
        """Describes every backend, adapter by adapter; of those that cannot be, says why."""
        described: list[Backend] = []
        reasons: list[str] = []
        for name in self._registry.names():
            try:
                parts = self._registry.adapter(name).parts()
            except QRNGError as error:
                reasons.append(f"{name}: {error}")
                continue
            for part in parts:
                described += self._described(name, part, reasons)
        return described, reasons

    def _described(self, name: str, part: Adapter, reasons: list[str]) -> Iterator[Backend]:
        """Describes the backends of one part of an adapter; a cloud that does not answer hides no simulator."""
        try:
            backends = part.names()
        except QRNGError as error:
            reasons.append(f"{name}: {error}")
            return
        for backend in backends:
            try:
                yield part.describe(backend)
            except QRNGError as error:
                reasons.append(f"{name}:{backend}: {error}")
