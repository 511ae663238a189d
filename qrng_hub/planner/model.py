"""What the planner reckons with and what it answers; asks nobody.

The unit is the *output*: 64 bytes, for which a backend runs so many shots that they carry what the
conditioning asks for. A job gives a whole number of outputs, and what is left of its shots is lost.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from itertools import combinations
from typing import Literal

from qrng_hub.planner.shown import plan_html
from qrng_hub.records import Amount, Candidate, Record

#: A wave has so many times the jobs that the backend has done: a bad one costs a wave and not the budget.
WAVE_GROWTH = 8


class Tariff(Record):
    """What a job of `x` outputs, or shots, takes, in money or in seconds: the highest of several lines a + b x.

    A fee a job and a shot is one line; time with a minimum is two.
    """

    lines: tuple[tuple[Decimal, Decimal], ...]

    def of(self, outputs: int) -> Decimal:
        """Returns what a job of that many outputs takes."""
        return max(fixed + each * outputs for fixed, each in self.lines)

    def in_outputs(self, terms: Terms) -> Tariff:
        """Makes a tariff of `x` shots one of outputs: 8 shots dearer at most, for shots come in eights."""
        fixed, each, least = _decimal(terms.shots_fixed + 8), _decimal(terms.shots_each), terms.shots_least
        lines = [(a + b * fixed, b * each) for a, b in self.lines]
        return Tariff(lines=(*lines, (self.of(least), Decimal(0))))

    def at_whole_outputs(self) -> Tariff:
        """Adds the line through the whole numbers on either side of each crossing: no job has an output in part.

        Then what jobs of nearly equal sizes take, all together, is on one line, and `of` is what it was.
        """
        crossings = ((a - c) / (d - b) for (a, b), (c, d) in combinations(self.lines, 2) if b != d)
        wholes = {math.floor(x) for x in crossings if x > 1 and x % 1}
        steps = ((x, self.of(x + 1) - self.of(x)) for x in sorted(wholes))
        return Tariff(lines=(*self.lines, *((self.of(x) - each * x, each) for x, each in steps)))

    def in_all(self, jobs: int, outputs: int) -> Decimal:
        """Returns what that many outputs take, spread evenly over jobs; nothing for none."""
        if not jobs:
            return Decimal(0)
        some, more = divmod(outputs, jobs)
        return more * self.of(some + 1) + (jobs - more) * self.of(some)


def _decimal(number: float) -> Decimal:
    """Rounds up at the tenth digit: what is reckoned with is never less than what is meant."""
    return Decimal(number).quantize(Decimal("1e-10"), ROUND_CEILING)


class Terms(Record):
    """On what terms a backend gives outputs; with `problem`, why it gives none."""

    candidate: Candidate
    qubits: tuple[int, ...] = ()
    shots_each: float = 0.0
    """Shots for one output more."""
    shots_fixed: float = 0.0
    """Shots of a job that give no output: few outcomes bound little, and each extraction takes its share."""
    bits_lost: float = 0.0
    """What the extraction of a job takes, in bits."""
    shots_least: int = 0
    """Shots of a job at least: fewer say too little of the qubits."""
    outputs_a_job: int = 0
    """The most outputs that one job gives."""
    cost: Tariff | None = None
    seconds: Tariff | None = None
    """How long a job runs; None if that is not known."""
    wait_seconds: tuple[float, float] | None = None
    """How long a job is expected to queue, low and high; None if that is not known."""
    done: int = 0
    """How many jobs it has done well already."""
    max_usd: Amount | None = None
    """The most that may be spent on this backend."""
    max_seconds: float | None = None
    """The most seconds that its jobs may run, all together."""
    is_stale: bool = False
    problem: str = ""
    is_excluded: bool = False
    """Whether the problem is that the run file does not want it used."""

    @property
    def vendor(self) -> str:
        """The adapter's name: backends of one vendor are one party to trust."""
        return self.candidate.address.partition(":")[0]

    def shots_for(self, outputs: int) -> int:
        """Returns the shots of a job that is to give so many outputs: a multiple of 8, as the extraction takes them."""
        return 8 * math.ceil(max(self.shots_fixed + outputs * self.shots_each, self.shots_least) / 8)

    def expected_bits(self, shots: int) -> float:
        """Returns the min-entropy that a job of so many shots is expected to be bounded by."""
        return (shots - self.shots_fixed) / self.shots_each * 512 + self.bits_lost

    def jobs_for(self, outputs: int) -> int:
        """Returns the fewest jobs that give that many outputs."""
        return math.ceil(outputs / self.outputs_a_job)

    def queues(self, jobs: int) -> float:
        """Returns the seconds that so many jobs are expected to queue at most: once a wave; 0 if that is unknown."""
        return len(self.waves(jobs)) * self.wait_seconds[1] if self.wait_seconds else 0.0

    def waves(self, jobs: int) -> tuple[int, ...]:
        """Returns how many jobs each wave may have until there were so many."""
        sizes: list[int] = []
        while sum(sizes) < jobs:
            sizes.append(wave(self.done + sum(sizes)))
        return tuple(sizes)


def wave(done: int) -> int:
    """Returns how many jobs a backend may run at once that has done so many well."""
    return max(1, WAVE_GROWTH * done)


class Demand(Record):
    """What a plan must achieve, and within which limits."""

    outputs: int
    usd: Amount | None = None
    """The most that may be spent; None is no limit."""
    usd_of: str = "budget.usd"
    """Of which budget that is what is left."""
    seconds: float | None = None
    """How long it may take from now; None is no limit."""
    vendors_min: int = 1
    vendors_served: frozenset[str] = frozenset()
    """The vendors that have given something already, and count."""
    objective: Literal["cost", "time"] = "cost"
    usd_per_hour: Amount = Decimal(0)
    """What an hour of waiting is worth, beside the cost."""


class PlanLine(Record):
    """One backend in a plan: what it runs, or why it runs nothing."""

    address: str
    origin: str
    chosen: bool
    reason: str
    problem: bool = False
    """Whether it could not be used although the policy allows it."""
    qubits: tuple[int, ...] = ()
    jobs: int = 0
    shots: tuple[int, ...] = ()
    """The shots of each job."""
    outputs: int = 0
    expected_bits: float = 0.0
    cost_low: Decimal | None = None
    cost_high: Decimal | None = None
    wait_seconds: tuple[float, float] | None = None
    run_seconds: float | None = None
    stale_price: bool = False


class Plan(Record):
    """Who runs what for a request; money in USD.

    `naive_cost` is what the same outputs would cost on the backend with the lowest price a shot alone.
    """

    created_utc: datetime
    bytes: int
    outputs: int
    lines: tuple[PlanLine, ...]
    cost_low: Decimal
    cost_high: Decimal
    naive_cost: Decimal | None
    naive_address: str | None
    seconds: float | None
    """Until the last job is expected to be done; None if that is not known."""
    warnings: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[PlanLine, ...]:
        """The backends that run something."""
        return tuple(line for line in self.lines if line.chosen)

    def _repr_html_(self) -> str:
        return plan_html(self)
