"""What the sources of a draw cost together: refused before the first job where the budgets cannot bear it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from qrng_hub.dispatcher import Dispatcher
from qrng_hub.ledger import Ledger, Limit, require_left
from qrng_hub.records import Quote


@dataclass(frozen=True, slots=True)
class Outlay:
    """So many jobs like the one quoted, one after the other, on one backend."""

    quote: Quote
    address: str
    jobs: int

    @property
    def least_usd(self) -> Decimal:
        """What must be left for them: the last one reserves its highest when the others have their bills."""
        return (self.jobs - 1) * (self.quote.low or Decimal(0)) + (self.quote.high or Decimal(0))


def require_affordable_together(
    outlays: Iterable[Outlay], dispatcher: Dispatcher, ledger: Ledger, draw_id: str
) -> None:
    """Raises `BudgetExceededError` if the sources of a draw cannot all be had for what is left of a budget."""
    committed = {one.name: one.committed for one in ledger.budgets()}
    amounts, limits = defaultdict[str, Decimal](Decimal), dict[str, Limit]()
    for one in outlays:
        for name, limit in dispatcher.limits_of(one.address, draw_id).items():
            if limit.unit == "USD":
                amounts[name], limits[name] = amounts[name] + one.least_usd, limit
    for name, amount in amounts.items():
        require_left(name, limits[name], committed.get(name, Decimal(0)), amount, "the sources of this draw together")
