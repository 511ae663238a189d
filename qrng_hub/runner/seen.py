"""What the jobs of one backend are at, for whoever watches a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from qrng_hub.records import Job, Quote


@dataclass(slots=True)
class Seen:
    """Counts the jobs of a backend by state, and what they cost."""

    usd: Decimal = Decimal(0)
    """Bills, and the highest estimates of the jobs without one."""
    _states: Counter[str] = field(default_factory=Counter)
    _last: dict[str, tuple[str, Decimal]] = field(default_factory=dict)

    def note(self, job: Job, quote: Quote) -> None:
        """Counts a job as it is now."""
        state, usd = self._last.get(job.spec.key, ("", Decimal(0)))
        now = job.billed if job.billed is not None else quote.high or Decimal(0)
        self._states[state] -= 1
        self._states[job.state.value] += 1
        self.usd += now - usd
        self._last[job.spec.key] = job.state.value, now

    @property
    def jobs(self) -> str:
        """The counts in words, such as "2 queued, 1 done"."""
        return ", ".join(f"{count} {state}" for state, count in self._states.items() if count > 0)
