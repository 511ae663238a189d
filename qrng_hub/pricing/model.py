"""One price with its source and date, and the quotes that follow from it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from qrng_hub.records import Amount, Quote, Record

_STALE_MARGIN = Decimal("0.25")


class Price(Record):
    """What a vendor asks for one device: a fee a task and a shot, or a fee a second with a minimum.

    `device` is the vendor's own name, for IBM the plan. A price older than `stale_after_days`
    widens every quote by a quarter each way and says so.
    """

    vendor: str
    device: str
    per_task: Amount = Decimal(0)
    per_shot: Amount = Decimal(0)
    per_second: Amount = Decimal(0)
    minimum_seconds: Amount = Decimal(0)
    currency: str = "USD"
    source: str
    dated: date
    confidence: Literal["official", "secondary"]
    stale_after_days: Annotated[int, Field(ge=1)] = 90

    @property
    def stale_after(self) -> date:
        """The last day on which the price is taken as it stands."""
        return self.dated + timedelta(days=self.stale_after_days)

    def is_stale(self, today: date) -> bool:
        """Whether the price is too old to be taken as it stands."""
        return today > self.stale_after

    def task_cost(self, tasks: int, shots: int) -> Decimal:
        """Returns the cost of `tasks` tasks with `shots` shots in all."""
        return tasks * self.per_task + shots * self.per_shot

    def time_cost(self, seconds: Decimal) -> Decimal:
        """Returns the cost of one task that runs for `seconds`."""
        return self.per_second * max(seconds, self.minimum_seconds)

    def quote_tasks(self, tasks: int, shots: int, today: date) -> Quote:
        """Quotes tasks that are paid by task and by shot."""
        cost = self.task_cost(tasks, shots)
        return self._quote(cost, cost, {"tasks": Decimal(tasks), "shots": Decimal(shots)}, today)

    def quote_seconds(self, low: Decimal, high: Decimal, today: date) -> Quote:
        """Quotes one task that is paid by the second and will run between `low` and `high` seconds."""
        return self._quote(self.time_cost(low), self.time_cost(high), {"seconds": high}, today)

    def _quote(self, low: Decimal, high: Decimal, native: dict[str, Decimal], today: date) -> Quote:
        source = f"{self.source}, {self.dated:%Y-%m-%d}, {self.confidence}"
        if self.is_stale(today):
            low, high = low * (1 - _STALE_MARGIN), high * (1 + _STALE_MARGIN)
            source += ": stale, so a quarter more or less"
        return Quote(low=low, high=high, currency=self.currency, native=native, source=source)
