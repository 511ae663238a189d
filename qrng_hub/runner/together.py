"""Jobs that are worth something only together: a certified run of more circuits than its backend takes in one job."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress

from qrng_hub.adapter import Adapter
from qrng_hub.dispatcher import Dispatcher, Failure, OnChange
from qrng_hub.errors import JobTimeoutError, QRNGError, RunInterruptedError
from qrng_hub.ledger import Ledger
from qrng_hub.records import Finished, Job, JobSpec, Quote

_LEFT_AT_THE_VENDOR = (RunInterruptedError, JobTimeoutError)


def run_together(
    dispatcher: Dispatcher,
    ledger: Ledger,
    adapter: Adapter,
    specs: Sequence[JobSpec],
    draw_id: str,
    stop: threading.Event,
    on_change: OnChange,
) -> tuple[Finished, ...]:
    """Runs all of the jobs and returns them in their order, or raises why one of them failed.

    Once one has failed, no further one is submitted and those under way are cancelled.
    """
    under_way, done = dict[str, Job](), dict[str, Finished]()

    def note(job: Job, quote: Quote) -> None:
        under_way[job.spec.key] = job
        on_change(job, quote)

    for settled in dispatcher.run_all(adapter, specs, draw_id, stop, note):
        if isinstance(settled, Failure):
            if not isinstance(settled.error, _LEFT_AT_THE_VENDOR):
                _cancel(ledger, adapter, under_way.values())
            raise settled.error
        done[settled.job.spec.key] = settled
    return tuple(done[spec.key] for spec in specs)


def _cancel(ledger: Ledger, adapter: Adapter, jobs: Iterable[Job]) -> None:
    """Asks the vendor to stop what nobody needs any more; what it does not stop is billed, and reconciled later."""
    for job in jobs:
        if not job.state.finished:
            with suppress(QRNGError):
                ledger.update(adapter.cancel(job))
