"""The jobs at IBM, asked for together: one question a page of the hub's jobs, however many are waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from operator import methodcaller
from typing import Any, NamedTuple

from qrng_hub.errors import QRNGError
from qrng_hub.records import Job
from qrng_hub_ibm.connection import Connection
from qrng_hub_ibm.entries import original, state_of, tag_of

Entry = Mapping[str, Any]


class Listed(NamedTuple):
    """What a list has of some jobs, by IBM's ids: the entry of each, and those of jobs made again under its key."""

    entries: dict[str, Entry]
    others: dict[str, list[Entry]]


def made_under(connection: Connection, key: str) -> tuple[Entry | None, list[Entry]]:
    """Finds the job of a key, or None, and those that something on the way to IBM made again; these are cancelled."""
    found = connection.ask(f"looking for job {key}", methodcaller("tagged", key))
    first = original(found)
    others = [entry for entry in found if entry is not first]
    _cancel(connection, others)
    return first, others


def entries(connection: Connection, jobs: Sequence[Job]) -> Listed:
    """Finds jobs, with their states, by IBM's ids, in the lists of the hub's jobs.

    A job that something on the way to IBM made a second time is cancelled: one key, one job.
    """
    found: dict[str, Entry] = {}
    ids = {job.vendor_id for job in jobs}
    for page in _pages(connection, jobs):
        found |= {str(entry.get("id")): entry for entry in page}
        if ids <= found.keys():
            break
    of_tag = {tag_of(job.spec.key): job.vendor_id for job in jobs}
    others: dict[str, list[Entry]] = {}
    for job, entry in found.items():
        for counts in {of_tag[tag] for tag in entry.get("tags") or () if tag in of_tag} - {job}:
            others.setdefault(counts, []).append(entry)
    _cancel(connection, [entry for made_again in others.values() for entry in made_again])
    return Listed(found, others)


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


def _cancel(connection: Connection, made_again: Sequence[Entry]) -> None:
    """Cancels those that are not over; one that cannot be is tried again at the next look."""
    for entry in made_again:
        if not state_of(entry).finished:
            with suppress(QRNGError):
                cancel(connection, str(entry["id"]))


def cancel(connection: Connection, job: str) -> None:
    """Cancels a job by IBM's id; one that is finished stays as it is."""
    connection.ask(f"cancelling job {job}", methodcaller("cancel", job))
