"""Braket's devices and simulators at AWS: a job is one task, under the job's key.

Many circuits of a job are one program set, where the device takes those, and one circuit a job
elsewhere: then a key is never more than one task, and a task is paid once. The SDK is imported when
a backend is first asked for.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from qrng_hub.adapter import (
    Adapter,
    before_sending,
    load_sdk,
    looked_at,
    looked_at_together,
    no_outcomes,
    require_in_time,
    understood,
    unknown_backend,
)
from qrng_hub.clock import Clock
from qrng_hub.errors import AuthenticationError, BackendLimitError, QRNGError, VendorError
from qrng_hub.records import (
    Backend,
    Check,
    Job,
    JobSpec,
    JobState,
    Origin,
    Quote,
    RawBlock,
    Record,
    ShotOrder,
)
from qrng_hub_braket import bills, checks, limits, results, tasks
from qrng_hub_braket.errors import code_of
from qrng_hub_braket.local import SDK_PACKAGES
from qrng_hub_braket.names import is_among, origin_of, region_of
from qrng_hub_braket.settings import BraketSettings

#: Environment variables of which one is set where the AWS SDK finds credentials.
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


class BraketCloud(Adapter):
    """Runs circuits on AWS Braket: `garnet`, `sv1`, ..., or a device's full ARN.

    There are backends here only if AWS is set up: by the settings, by the usual environment variables
    or by a file of credentials. No call takes longer than `deadline_seconds`.
    """

    name = "braket"
    settings_model = BraketSettings
    settings: BraketSettings
    deadline_seconds: ClassVar[float] = 120.0

    def __init__(self, settings: Record, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._connection: Any = None
        self._devices: dict[str, Any] = {}
        self._limited: set[str] = set()
        self._account: str | None = None
        self._lock = threading.RLock()

    @property
    def is_set_up(self) -> bool:
        """Whether there are settings or credentials for AWS."""
        settings = self.settings
        if settings.s3 or settings.region or settings.profile or any(map(os.environ.get, CREDENTIALS)):
            return True
        return Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser().is_file()

    @property
    def _aws(self) -> Any:
        with self._lock:
            if self._connection is None:
                aws = load_sdk("qrng_hub_braket.aws", self.name, SDK_PACKAGES)
                self._connection = aws.Aws(self.settings, self.deadline_seconds)
            return self._connection

    def names(self) -> tuple[str, ...]:
        """Lists the devices by their short names; none if AWS is not set up."""
        return tuple(self._aws.names()) if self.is_set_up else ()

    def origin(self, name: str) -> Origin:
        """Tells AWS's simulators from devices by their names."""
        return origin_of(name)

    def may_resubmit(self, name: str) -> bool:
        """AWS makes one task of a client token, which follows from the job's key."""
        return True

    def account(self, name: str) -> str:
        """Names the account by its number, and the region in which the device is, whether or not one is set."""
        if self._account is None:
            self._account = self._aws.account()
        regions = self._aws.regions_of(name)
        return f"{self._account} {regions[0]}" if len(regions) == 1 else self._account

    def is_own_account(self, name: str, meant: str) -> bool:
        """Whether the number is the same and tasks are looked for in that region, or in all."""
        own, _, here = self.account(name).partition(" ")
        number, _, there = meant.partition(" ")
        is_here = there == here or not here or (not there and not self.settings.region)
        return number == own and is_here

    def describe(self, name: str) -> Backend:
        """Asks AWS for a device as it is now; raises `UnknownBackendError`."""
        return self._open(name).backend

    def _open(self, name: str) -> Any:
        self._require_set_up(name)
        self._devices[name] = device = self._aws.open(name)
        return device

    def _require_set_up(self, name: str) -> None:
        if not self.is_set_up:
            here = ("braket_sv", "braket_dm", "emulator/PATH", "and AWS's devices once adapters.braket.region is set")
            raise unknown_backend(self.name, name, here)

    def _device(self, name: str) -> Any:
        return self._devices[name] if name in self._devices else self._open(name)

    def quote(self, spec: JobSpec) -> Quote:
        """Quotes by the price book, without asking AWS."""
        return bills.quote(spec, self.clock.now().date())

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Makes a task of each job; under a key that has one already, AWS makes none."""
        for spec in specs:
            with before_sending():
                device = self._device(spec.backend_name)
                device.require_supported(spec)
                self._require_shots(device)
                self._require_limit(device)
            require_in_time(spec, self.clock.now())
            arn = self._aws.create(device, spec)
            yield Job(spec=spec, vendor_id=arn, state=JobState.QUEUED, queued_utc=self.clock.now())

    def _require_shots(self, device: Any) -> None:
        """Refuses a device that may answer with probabilities only, before it is paid, unless the settings name it."""
        if device.gives_probabilities and not is_among(device.arn, self.settings.accept_probabilities):
            raise BackendLimitError(
                f"{device.backend.address} may answer with probabilities and no shots, which cost the same and are"
                " worth nothing here: use another device, or name this one in adapters.braket.accept_probabilities"
            )

    def _require_limit(self, device: Any) -> None:
        """Sees to the spending limit that the settings ask for, under whichever name, once for each device."""
        usd = limits.asked_for(self.settings.spending_limits, device.arn)
        with self._lock:
            if usd is not None and device.arn not in self._limited:
                limits.require_spending_limit(self._aws, device, usd, self.clock.now())
                self._limited.add(device.arn)

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Lists the unfinished tasks of each region, page by page, then those that ended, by their keys."""
        return looked_at_together(jobs, lambda job: region_of(job.vendor_id), self._poll_region)

    def _poll_region(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        listed = self._listed(region_of(jobs[0].vendor_id), jobs) if len(jobs) > 1 else {}
        return looked_at(jobs, lambda job: self._seen(job, listed.get(job.vendor_id)))

    def _listed(self, region: str, jobs: Sequence[Job]) -> dict[str, Mapping[str, Any]]:
        """Lists what can be listed; nothing where these credentials may not, and each task is looked at by itself."""
        try:
            return self._searched(region, jobs)
        except AuthenticationError as error:
            if not code_of(error.__cause__).startswith("AccessDenied"):
                raise
            return {}

    def _searched(self, region: str, jobs: Sequence[Job]) -> dict[str, Mapping[str, Any]]:
        listed = {task["quantumTaskArn"]: task for task in self._aws.search(region, "status", tasks.UNFINISHED)}
        ended = [job.spec.key for job in jobs if job.vendor_id not in listed and not job.state.finished]
        by_key = {task["quantumTaskArn"]: task for task in self._aws.search(region, f"tags:{tasks.KEY_TAG}", ended)}
        return listed | by_key

    def _seen(self, job: Job, task: Mapping[str, Any] | None) -> Job:
        if job.state.finished:
            return job
        if task is None or task.get("status") == "FAILED":  # a list does not say why
            task = self._aws.task(job.vendor_id)
        return understood(job, lambda: self._settled(tasks.seen(job, task, self.clock.now()), task))

    def _settled(self, job: Job, task: Mapping[str, Any]) -> Job:
        """Adds the bill to a job that ended and, for a simulator, when by its own account it began to run."""
        if not job.state.finished:
            return job
        update: dict[str, object] = {}
        seconds = self._simulator_seconds(job, task)
        if seconds is not None and job.finished_utc is not None and job.queued_utc is not None:
            running = max(job.queued_utc, job.finished_utc - timedelta(seconds=float(seconds)))
            update = {"running_utc": running, "stamps": "vendor", "usage": job.usage | {"seconds": seconds}}
        asked_for = job.spec.shots * len(job.spec.circuits)
        if task["shots"] == asked_for:  # else nobody knows what was run
            update["billed"] = bills.billed(task["deviceArn"], job.state, asked_for, seconds)
        return job.model_copy(update=update)

    def _simulator_seconds(self, job: Job, task: Mapping[str, Any]) -> Decimal | None:
        if job.state is not JobState.DONE or origin_of(task["deviceArn"]) is Origin.HARDWARE:
            return None
        try:
            return results.simulator_seconds(partial(self._aws.read, task), job.vendor_id)
        except QRNGError:
            return None

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Reads a finished task's results from S3; they stay there and may be read again."""
        task = self._aws.task(job.vendor_id)
        if task["status"] != "COMPLETED":
            raise no_outcomes(self._seen(job.model_copy(update={"state": JobState.QUEUED}), task))
        circuits, labels = job.spec.circuits, tasks.labels_of(task, job.spec)
        expected = [results.Expected.of(circuit.measured, job.spec.shots, labels) for circuit in circuits]
        packed = results.tables(partial(self._aws.read, task), job.vendor_id, expected)
        return tuple(
            RawBlock(
                address=job.spec.address,
                vendor_id=job.vendor_id,
                origin=origin_of(task["deviceArn"]),
                source=f"AWS Braket {task['deviceArn']}{tasks.numbering(labels)}",
                shot_order=ShotOrder.MEASURED,
                qubits=circuit.measured,
                outcomes=outcomes,
            )
            for circuit, outcomes in zip(circuits, packed, strict=True)
        )

    def cancel(self, job: Job) -> Job:
        """Asks AWS to stop a task; one that is finished stays as it is."""
        try:
            self._aws.cancel(job.vendor_id)
        except VendorError as error:
            if code_of(error.__cause__) != "ConflictException":
                raise
        (seen,) = self.poll([job])
        return seen

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds tasks by the tag that holds their job's key, in the regions of their devices."""
        wanted: defaultdict[str, dict[str, JobSpec]] = defaultdict(dict)
        for spec in specs:
            self._require_set_up(spec.backend_name)
            for region in self._aws.regions_of(spec.backend_name):
                wanted[region][spec.key] = spec
        found: dict[str, Job] = {}
        for region, own in wanted.items():
            for task in self._aws.search(region, f"tags:{tasks.KEY_TAG}", list(own)):
                job = tasks.job_of(task, own[task["tags"][tasks.KEY_TAG]])
                found[job.spec.key] = self._seen(job, task)
        return tuple(found[spec.key] for spec in specs if spec.key in found)

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Checks credentials, region, each device with its window and its price, and the bucket."""
        if not self.is_set_up:
            detail = "AWS is not set up: set adapters.braket.region, and credentials as the AWS SDK finds them"
            yield Check(subject="braket credentials", verdict="failed", detail=detail)
            return
        try:
            aws = self._aws
        except QRNGError as error:
            yield Check(subject="braket", verdict="failed", detail=str(error))
            return
        yield from checks.preflight(aws, names, self.settings.accept_probabilities, self.clock.now().date())

    def purge(self, job: Job) -> None:
        """Deletes every object of a task's results; raises `VendorError` if one may still be there."""
        if kept := self._aws.delete(self._aws.task(job.vendor_id)):
            raise VendorError(
                f"results of {job.vendor_id} may still be in S3, {kept[0]} and {len(kept) - 1} more: a bucket with"
                " versions keeps them"
            )

    def close(self) -> None:
        """Closes the connections to AWS."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
