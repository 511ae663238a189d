"""The jobs at IBM, asked for together: one question a page of the hub's jobs, however many are waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import methodcaller
from typing import Any

from qrng_hub.errors import QRNGError
from qrng_hub.records import Job
from qrng_hub_ibm.connection import Connection
from qrng_hub_ibm.entries import state_of, tag_of

Entry = Mapping[str, Any]


def entries(connection: Connection, jobs: Sequence[Job]) -> dict[str, Entry]:
    """Finds jobs, with their states, by IBM's ids, in the lists of the hub's jobs.

    A job that something on the way to IBM made a second time is cancelled: one key, one job.
    """
    found: dict[str, Entry] = {}
    ids = {job.vendor_id for job in jobs}
    for page in _pages(connection, jobs):
        found |= {str(entry.get("id")): entry for entry in page}
        if ids <= found.keys():
            break
    _cancel_repeated(connection, jobs, found)
    return found


def entry(connection: Connection, job: str) -> Entry | None:
    """Asks for one job by IBM's id; None if IBM has none of it."""
    found: Entry | None = connection.ask(f"looking for job {job}", methodcaller("entry", job))
    return found


def _pages(connection: Connection, jobs: Sequence[Job]) -> Iterator[list[dict[str, Any]]]:
    if len(jobs) == 1:
        yield connection.ask("listing jobs", methodcaller("tagged", jobs[0].spec.key))
        return
    offset, count = 0, 1
    while offset < count:
        page, count = connection.ask("listing jobs", methodcaller("page", offset))
        if not page:
            return
        offset += len(page)
        yield page


def _cancel_repeated(connection: Connection, jobs: Sequence[Job], found: Mapping[str, Entry]) -> None:
    own = {tag_of(job.spec.key): job.vendor_id for job in jobs}
    for job, entry in found.items():
        counts = {own[tag] for tag in entry.get("tags") or () if tag in own}
        if counts and job not in counts and not state_of(entry).finished:
            try:
                cancel(connection, job)
            except QRNGError:  # it is tried again at the next poll
                continue


def cancel(connection: Connection, job: str) -> None:
    """Cancels a job by IBM's id; one that is finished stays as it is."""
    connection.ask(f"cancelling job {job}", methodcaller("cancel", job))
