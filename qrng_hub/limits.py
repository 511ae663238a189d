"""What the jobs of a run file may cost and how long they may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from qrng_hub.ledger import Limit, Unit


@dataclass(frozen=True, slots=True)
class BackendLimits:
    """What the jobs of one backend may take; None is no limit."""

    usd: Decimal | None = None
    """Of a draw."""
    seconds: Decimal | None = None
    """Of a draw, in seconds that its jobs run as the vendor counts them."""
    seconds_per_month: Decimal | None = None
    """Of all draws of the project in a month (UTC)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What jobs may cost and how long they may take."""

    usd_per_job: Decimal = Decimal(0)
    accepts_unknown_price: bool = False
    usd_per_draw: Decimal | None = None
    """What all jobs of a draw may cost; None is no limit."""
    project: str = "default"
    usd_per_month: Decimal | None = None
    """What all jobs of the project may cost in a month (UTC), whoever runs them; None is no limit."""
    warn_at: float = 0.8
    """The share of a budget from which its use is warned of."""
    backends: Mapping[str, BackendLimits] = field(default_factory=dict)
    """By address."""
    max_wait_seconds: float = 86_400.0
    max_attempts: int = 3

    def of_job(self, address: str, draw_id: str | None, now: datetime) -> dict[str, Limit]:
        """Lists the budgets that a job is charged to, by name, with their limits."""
        own, month = self.backends.get(address, BackendLimits()), f"{self.project}, {now:%Y-%m}"
        every: list[tuple[str, Decimal | None, Unit]] = [
            (f"project {month}", self.usd_per_month, "USD"),
            (f"project {month}, on {address}", own.seconds_per_month, "seconds"),
        ]
        if draw_id is not None:
            every += [
                (f"draw {draw_id}", self.usd_per_draw, "USD"),
                (f"draw {draw_id}, on {address}", own.usd, "USD"),
                (f"draw {draw_id}, time on {address}", own.seconds, "seconds"),
            ]
        return {name: Limit(most=most, unit=unit) for name, most, unit in every if most is not None}
