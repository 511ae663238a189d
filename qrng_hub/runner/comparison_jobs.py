"""The jobs of a comparison: each repeat is one, found again after an interruption and never submitted twice."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from qrng_hub.adapter import Adapter
from qrng_hub.dispatcher import Dispatcher, Failure
from qrng_hub.errors import VendorError
from qrng_hub.ledger import Ledger
from qrng_hub.records import Finished, Job, JobSpec, JobState, Quote


@dataclass(frozen=True)
class ComparisonJobs:
    """Runs the repeats of one comparison, or follows those that an earlier process submitted."""

    dispatcher: Dispatcher
    ledger: Ledger
    comparison_id: str
    is_resumed: bool

    def run(self, adapter: Adapter, spec: JobSpec, entry: int, number: int, stop: threading.Event) -> Finished:
        """Runs a repeat to its end, anew if it failed in an earlier process; raises as `Dispatcher.run` does.

        Also raises `VendorError` for a job of which nobody knows whether the vendor has it.
        """
        for attempt in count():
            key = self._key(entry, number, attempt)
            job, quote = self._acknowledged.get(key, (None, None))
            if job and quote and (job.state is JobState.DONE or not job.state.finished):
                return self._follow(adapter, job, quote, stop)
            if key in self._undecided:
                raise VendorError(
                    f"nobody knows whether job {key} reached {spec.address}: ask with `qrng jobs reconcile`, and resume"
                )
            if key not in self._recorded:
                return self.dispatcher.run(adapter, spec.model_copy(update={"key": key}), self.comparison_id, stop)
        raise AssertionError("there is always another key")

    def _follow(self, adapter: Adapter, job: Job, quote: Quote, stop: threading.Event) -> Finished:
        (settled,) = self.dispatcher.follow(adapter, [(job, quote)], stop)
        if isinstance(settled, Failure):
            raise settled.error
        return settled

    def _key(self, entry: int, number: int, attempt: int) -> str:
        return hashlib.sha256(f"{self.comparison_id}/{entry}/{number}/{attempt}".encode()).hexdigest()[:32]

    @cached_property
    def _acknowledged(self) -> dict[str, tuple[Job, Quote]]:
        known = self.ledger.jobs_of(self.comparison_id) if self.is_resumed else ()
        return {job.spec.key: (job, quote) for job, quote in known}

    @cached_property
    def _undecided(self) -> frozenset[str]:
        return frozenset(self.ledger.undecided(self.comparison_id) if self.is_resumed else ())

    @cached_property
    def _recorded(self) -> frozenset[str]:
        every = self.ledger.jobs(None) if self.is_resumed else ()
        return frozenset(job.key for job in every if job.draw_id == self.comparison_id)
