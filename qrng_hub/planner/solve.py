"""The cheapest, or the fastest, way to so many outputs: a mixed-integer program, solved exactly by HiGHS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from qrng_hub.planner.model import Demand, Tariff, Terms

#: (jobs, outputs) by address
Choice = Mapping[str, tuple[int, int]]
_JOBS, _OUTPUTS, _MONEY, _USED = range(4)
_HOUR = 3600.0
_ROUNDING = 1e-7
#: so that of equal plans the one with the fewest backends and jobs is chosen, and then the first in the run file
_TIE = 1e-6
#: the solver takes objectives that differ by 1e-6 for equal
_SCALE = 1000.0


def solve(terms: Sequence[Terms], demand: Demand) -> Choice | None:
    """Chooses jobs and outputs of each backend; None if the limits cannot all be met.

    Variables a backend: jobs, outputs, money, whether it is used; a vendor: whether it is used; each wave of a
    backend's jobs but the first: whether it is needed; and the time until all is done.
    """
    if not terms:
        return None
    from scipy.optimize import Bounds, LinearConstraint, milp

    program = _Program(terms, demand)
    result = milp(
        program.objective,
        integrality=program.integral,
        bounds=Bounds(0, program.most),
        constraints=LinearConstraint(np.array(program.rows), program.low, program.high),
        options={"mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    chosen = np.rint(result.x).astype(int)
    pairs = ((int(chosen[4 * i + _JOBS]), int(chosen[4 * i + _OUTPUTS])) for i in range(len(terms)))
    return {one.candidate.address: pair for one, pair in zip(terms, pairs, strict=True) if pair[1]}


def _waves(one: Terms, demand: Demand) -> tuple[int, ...]:
    """Returns the sizes of the waves; one that has room for all where it does not matter how long they queue."""
    most = one.jobs_for(demand.outputs)
    matters = demand.seconds is not None or demand.objective == "time" or demand.usd_per_hour
    return one.waves(most) if matters and one.queues(most) else (most,)


def _lines(tariff: Tariff | None) -> tuple[tuple[Decimal, Decimal], ...]:
    return tariff.at_whole_outputs().lines if tariff else ((Decimal(0), Decimal(0)),)


class _Program:
    """The rows of the program; each is written once, in the order of the limits in `Demand`."""

    def __init__(self, terms: Sequence[Terms], demand: Demand) -> None:
        self._vendors = sorted({one.vendor for one in terms})
        waves = [_waves(one, demand) for one in terms]
        first_wave = 4 * len(terms) + len(self._vendors)
        self._count = first_wave + sum(len(sizes) - 1 for sizes in waves) + 1
        self.rows: list[npt.NDArray[np.float64]] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.objective, self.most = np.zeros(self._count), np.full(self._count, np.inf)
        self.integral = np.zeros(self._count)
        for index, (one, sizes) in enumerate(zip(terms, waves, strict=True)):
            columns = [4 * index + _USED, *range(first_wave, first_wave := first_wave + len(sizes) - 1)]
            self._backend(4 * index, one, demand, dict(zip(columns, sizes, strict=True)))
        every = range(len(terms))
        self._row({4 * index + _OUTPUTS: 1 / demand.outputs for index in every}, low=1.0)
        if demand.usd is not None:
            self._row({4 * index + _MONEY: 1.0 for index in every}, high=float(demand.usd) + _ROUNDING)
        self._diversity(terms, demand)
        self._weigh(terms, demand)

    def _backend(self, at: int, one: Terms, demand: Demand, waves: Mapping[int, int]) -> None:
        """Jobs hold outputs, and waves jobs; money is at least each line of the tariff; what gives outputs is used.

        `waves` are the columns of the waves, the first of which is that of whether it is used, and their sizes.
        """
        jobs, outputs = one.jobs_for(demand.outputs), demand.outputs
        self.most[at : at + 4] = jobs, outputs, np.inf if one.max_usd is None else float(one.max_usd), 1
        self.integral[[at + _JOBS, at + _OUTPUTS, at + _USED]] = 1
        self._row({at + _OUTPUTS: 1.0, at + _JOBS: -float(one.outputs_a_job)}, high=0.0)
        self._row({at + _OUTPUTS: -1.0, at + _JOBS: 1.0}, high=0.0)
        self._row({at + _OUTPUTS: 1.0, at + _USED: -float(outputs)}, high=0.0)
        self._row({at + _USED: 1.0, at + _OUTPUTS: -1.0}, high=0.0)
        self._at_least(at, at + _MONEY, one.cost, {})
        self._run_within(at, one)
        self._in_waves(at, waves)
        wait = one.wait_seconds[1] if one.wait_seconds else 0.0
        self._at_least(at, self._count - 1, one.seconds, dict.fromkeys(waves, -wait))

    def _in_waves(self, at: int, waves: Mapping[int, int]) -> None:
        """No more jobs than the waves have room for, and no wave before the one before it."""
        self._row({at + _JOBS: 1.0} | {column: -float(size) for column, size in waves.items()}, high=0.0)
        for before, column in pairwise(waves):
            self.most[column] = self.integral[column] = 1
            self._row({column: 1.0, before: -1.0}, high=0.0)

    def _run_within(self, at: int, one: Terms) -> None:
        """No line of how long its jobs run may pass what is allowed."""
        for fixed, each in _lines(one.seconds) if one.max_seconds is not None else ():
            self._row({at + _JOBS: float(fixed), at + _OUTPUTS: float(each)}, high=(one.max_seconds or 0.0) + _ROUNDING)

    def _at_least(self, at: int, what: int, tariff: Tariff | None, beside: dict[int, float]) -> None:
        for fixed, each in _lines(tariff):
            self._row({what: 1.0, at + _JOBS: -float(fixed), at + _OUTPUTS: -float(each)} | beside, low=0.0)

    def _diversity(self, terms: Sequence[Terms], demand: Demand) -> None:
        start = 4 * len(terms)
        self.most[start : start + len(self._vendors)] = 1
        for number, vendor in enumerate(self._vendors):
            own = {4 * index + _USED: 1.0 for index, one in enumerate(terms) if one.vendor == vendor}
            self._row(own | {start + number: -1.0}, low=0.0)
        new = (number for number, vendor in enumerate(self._vendors) if vendor not in demand.vendors_served)
        missing = demand.vendors_min - len(demand.vendors_served)
        self._row({start + number: 1.0 for number in new} or {start: 0.0}, low=max(0.0, float(missing)))

    def _weigh(self, terms: Sequence[Terms], demand: Demand) -> None:
        money, time = (1.0, float(demand.usd_per_hour) / _HOUR) if demand.objective == "cost" else (1e-6, 1.0)
        self.objective[[4 * index + _MONEY for index in range(len(terms))]] = money
        self.objective[-1] = time
        for index in range(len(terms)):
            self.objective[4 * index + _JOBS] = _TIE
            self.objective[4 * index + _USED] = _TIE * (1 + index / len(terms))
            self.objective[4 * index + _OUTPUTS] += _TIE / (10 * demand.outputs)
        if demand.seconds is not None:
            self.most[-1] = demand.seconds
        self.objective *= _SCALE

    def _row(self, values: Mapping[int, float], low: float = -np.inf, high: float = np.inf) -> None:
        row = np.zeros(self._count)
        row[list(values)] = list(values.values())
        self.rows.append(row)
        self.low.append(low)
        self.high.append(high)
