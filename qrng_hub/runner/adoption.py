"""What an earlier process paid for: the jobs of a run that is resumed, which are followed before any is submitted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set

from qrng_hub.errors import ConfigError
from qrng_hub.records import Job, JobState, Quote

#: The jobs of a run by the address of their backend, each with what it was quoted at.
Adopted = dict[str, Sequence[tuple[Job, Quote]]]


def adopted(jobs: Iterable[tuple[Job, Quote]], addresses: Set[str]) -> Adopted:
    """Sorts out the jobs that may give something; raises `ConfigError` for one on a backend that is not listed."""
    of_backend: defaultdict[str, list[tuple[Job, Quote]]] = defaultdict(list)
    for job, quote in jobs:
        if job.spec.address not in addresses:
            raise ConfigError(f"the run has jobs on {job.spec.address}, which the run file does not list any more")
        if job.state in (JobState.QUEUED, JobState.RUNNING, JobState.DONE):
            of_backend[job.spec.address].append((job, quote))
    return dict(of_backend)
