"""One key, one job: the ids follow from the key, so that a lost answer or a second process makes no second job."""

from __future__ import annotations

from typing import Any

from qrng_hub.adapter import before_sending, require_in_time, require_supported
from qrng_hub.clock import Clock
from qrng_hub.errors import BackendOfflineError, QRNGError, VendorError
from qrng_hub.records import Availability, Job, JobSpec
from qrng_hub_cirq.connection import LONG_PATIENCE, Connection
from qrng_hub_cirq.entries import found, job_of
from qrng_hub_cirq.status import availability_of, status_of


class Submission:
    """Makes jobs; remembers which are still on their way."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._under_way: set[str] = set()

    def submit(self, spec: JobSpec, processor_id: str) -> Job:
        """Makes a job, unless Google has it already; checks first whatever would make Google refuse it."""
        with before_sending():
            looking = f"looking at {processor_id}"
            processor = self._connection.ask(looking, lambda client: client.processor(processor_id))
            require_supported(processor.backend(spec.backend_name), spec)
        with before_sending(unless=spec.key in self._under_way):
            if (entry := self.find(spec.key)) is not None:
                return found(spec, entry)
        if availability_of(processor.entry) is Availability.OFFLINE:
            why = status_of(processor.entry)["status_message"]
            raise BackendOfflineError(f"{spec.address} does not run jobs now: {why}")
        return self._made(spec, processor_id, processor)

    def find(self, key: str) -> Any:
        """Finds the entry of a key's job, or None; raises `VendorError` while a request to make it may yet succeed."""
        under_way = key in self._under_way
        entry = self._at_google(key)
        if entry is None and under_way:
            raise VendorError(
                f"job {key} is still on its way to Google, which has not answered: look for it again later"
            )
        return entry

    def _made(self, spec: JobSpec, processor_id: str, processor: Any) -> Job:
        """Asks once; whatever goes wrong, the job is looked for, since it may have been made before that."""
        require_in_time(spec, self._clock.now())
        try:
            return self._connection.ask(
                f"submitting job {spec.key} to {processor_id}",
                lambda client: self._run(client, spec, processor_id, processor),
                LONG_PATIENCE,
            )
        except VendorError as error:
            if (entry := self._at_google_after(error, spec.key)) is None:
                raise
            return found(spec, entry)

    def _run(self, client: Any, spec: JobSpec, processor_id: str, processor: Any) -> Job:
        """Runs in a thread of its own, which goes on when nobody waits for it any more."""
        self._under_way.add(spec.key)
        try:
            return job_of(spec, *client.run(spec, processor_id, processor))
        finally:
            self._under_way.discard(spec.key)

    def _at_google_after(self, error: VendorError, key: str) -> Any:
        try:
            return self._at_google(key)
        except QRNGError as second:
            raise error from second

    def _at_google(self, key: str) -> Any:
        return self._connection.ask(f"looking for job {key}", lambda client: client.job(key))
