"""A draw by plan: one job of each backend first, then the rest, planned anew after every round.

What a round gave decides about the next: a backend that failed is planned with no more, and one that
gave less than expected is expected to give as little again.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from qrng_hub import policy
from qrng_hub.dispatcher import Dispatcher, Failure
from qrng_hub.errors import QRNGError
from qrng_hub.extractors import OUTPUT_BYTES
from qrng_hub.planner import Plan, PlanLine
from qrng_hub.receipts import SourceTally
from qrng_hub.records import JobSpec, Origin, Outcome, Request, Substitution
from qrng_hub.registry import Registry
from qrng_hub.runner.intake import Intake
from qrng_hub.runner.source import Delivery, Progress


@dataclass(slots=True)
class Standing:
    """Where a planned draw stands: what it still needs, and what it learned of each backend, by address."""

    draw_id: str
    outputs: int
    failed: dict[str, str] = field(default_factory=dict)
    """Why backends are planned with no more."""
    yields: dict[str, float] = field(default_factory=dict)
    """The share of the expected min-entropy that backends really gave."""


Replan = Callable[[Standing], Plan]


class PlannedDraw:
    """One draw by plan; whoever holds it runs the work of each round."""

    def __init__(
        self,
        request: Request,
        replan: Replan,
        registry: Registry,
        dispatcher: Dispatcher,
        intake: Intake,
        draw_id: str,
        stop: threading.Event,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._request, self._replan, self._stop = request, replan, stop
        self._registry, self._dispatcher, self._intake = registry, dispatcher, intake
        self._on_progress = on_progress
        self._candidates = {candidate.address: candidate for candidate in request.candidates}
        self._tallies: dict[str, SourceTally] = {}
        self._outputs: dict[str, bytearray] = {}
        self._substitutions: list[Substitution] = []
        self._lock = threading.Lock()
        self._standing = Standing(draw_id, -(-request.bytes // OUTPUT_BYTES))

    def rounds(self) -> Iterator[list[tuple[str, Callable[[], None]]]]:
        """Yields, round by round, what to run at the same time: an address and the work.

        Raises `InfeasiblePlanError` when the rest cannot be had within the limits.
        """
        while self._standing.outputs > 0:
            plan = self._replan(self._standing)
            self._note_simulators(plan)
            yield [(line.address, partial(self._run, line)) for line in plan.chosen]

    def deliveries(self) -> tuple[Delivery, ...]:
        """Returns what each backend gave, no more in all than the request needs; the first has what failed."""
        missing, deliveries = self._request.bytes, list[Delivery]()
        for address, tally in self._tallies.items():
            data = bytes(self._outputs[address][:missing])
            missing -= len(data)
            failed = () if deliveries else tuple(self._substitutions)
            deliveries.append(Delivery(data, tally.receipt(len(data)), failed))
        return tuple(deliveries)

    def _note_simulators(self, plan: Plan) -> None:
        """Puts on record that simulators stand in for hardware that cannot be used."""
        used = next((line.address for line in plan.chosen if line.origin == Origin.SIMULATOR), None)
        for line in plan.lines if used else ():
            if line.origin == Origin.HARDWARE and line.address not in self._standing.failed:
                self._give_up(line.address, line.reason, used)

    def _run(self, line: PlanLine) -> None:
        """Runs the jobs of a line; the first time, one only: a bad backend costs one job and not the budget."""
        shots = line.shots if line.address in self._standing.yields else line.shots[:1]
        adapter, _ = self._registry.resolve(line.address)
        specs = self._specs(line, shots)
        for settled in self._dispatcher.run_all(adapter, specs, self._standing.draw_id, self._stop):
            try:
                if isinstance(settled, Failure):
                    raise settled.error
                self._take(line, settled)
            except QRNGError as error:
                if isinstance(error, policy.MISTAKES):
                    raise
                self._give_up(line.address, f"{type(error).__name__}: {error}", None)

    def _specs(self, line: PlanLine, shots: Sequence[int]) -> Iterator[JobSpec]:
        circuit, options = self._intake.protocol.circuit_on(line.qubits), self._candidates[line.address].options
        for some in shots:
            if line.address in self._standing.failed:
                return
            key = uuid.uuid4().hex
            yield JobSpec(key=key, address=line.address, circuits=(circuit,), shots=some, options=options)

    def _take(self, line: PlanLine, outcome: Outcome) -> None:
        adapter, _ = self._registry.resolve(line.address)
        with self._lock:
            tally = self._tallies.setdefault(line.address, SourceTally(self._candidates[line.address]))
            output = self._intake.take(adapter, outcome, tally)
            self._outputs.setdefault(line.address, bytearray()).extend(output)
            self._standing.outputs -= len(output) // OUTPUT_BYTES
            known = self._standing.yields.get(line.address, 1.0)
            share = tally.last_bits_per_shot / (line.expected_bits / sum(line.shots))
            self._standing.yields[line.address] = min(1.0, known * share)
            done = self._request.bytes - OUTPUT_BYTES * self._standing.outputs
        self._on_progress(Progress(line.address, min(max(done, 0), self._request.bytes), self._request.bytes))

    def _give_up(self, address: str, reason: str, used: str | None) -> None:
        with self._lock:
            if address in self._standing.failed:
                return
            self._standing.failed[address] = reason
            self._substitutions.append(Substitution(failed=address, used=used, reason=reason))
        event = {"draw": self._standing.draw_id, "action": "next", "reason": reason, "used": used}
        self._intake.ledger.record_event("backend.failed", address, event)
        self._on_progress(Progress(address, 0, self._request.bytes, reason))
