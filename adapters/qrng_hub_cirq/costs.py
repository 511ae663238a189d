"""What a job on a processor of Google costs, from the price book alone: Google publishes no prices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from qrng_hub.pricing import Price, price_book
from qrng_hub.records import Job, JobSpec, JobState, Quote

VENDOR = "google"


def quote_of(spec: JobSpec, processor_id: str, project: str | None, today: date) -> Quote:
    """Quotes a job at the price of the processor, or else of the project; unknown if the book has none."""
    native = {"shots": Decimal(spec.shots * len(spec.circuits))}
    price = price_of(processor_id, project)
    if price is None:
        source = (
            f"Google publishes no prices: put what your project pays in prices.toml, with vendor {VENDOR!r} and device"
            f" {processor_id!r}, or the project's id for all its processors"
        )
        return Quote(low=None, high=None, native=native, source=source)
    if price.per_second:
        source = f"{price.source}: priced by the second, and how long a job will run is not known"
        return Quote(low=None, high=None, currency=price.currency, native=native, source=source)
    return price.quote_tasks(len(spec.circuits), spec.shots * len(spec.circuits), today)


def with_bill(job: Job, processor_id: str, project: str | None) -> Job:
    """Bills a job that ended at the same price; one that did not run is billed only where all jobs are free."""
    price = price_of(processor_id, project)
    if price is None or price.per_second:
        return job
    circuits = len(job.spec.circuits)
    cost = price.task_cost(circuits, circuits * job.spec.shots)
    known = job.state is JobState.DONE or not cost
    return job.model_copy(update={"billed": cost if known else None, "currency": price.currency})


def price_of(processor_id: str, project: str | None) -> Price | None:
    """Finds the price of a processor by its id, or else by that of the project."""
    book = price_book()
    return book.find(VENDOR, processor_id) or (book.find(VENDOR, project) if project else None)
