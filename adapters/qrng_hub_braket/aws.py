"""AWS as the adapter asks it: the SDK's sessions, one a region, each call under a deadline.

The client token of a task is made of the job's key, so that AWS makes one task for it however often
it is asked to. The SDK would put in a random one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from braket.aws import AwsDevice, AwsSession

from qrng_hub.adapter import with_deadline
from qrng_hub.errors import ConfigError, JobNotFoundError, QRNGError, UnknownBackendError
from qrng_hub.records import JobSpec
from qrng_hub_braket.devices import CloudDevice, open_device
from qrng_hub_braket.errors import CLOUD_ERRORS
from qrng_hub_braket.names import is_arn, region_of, short_name
from qrng_hub_braket.settings import BraketSettings
from qrng_hub_braket.tasks import KEY_TAG, client_token, tags_of

Result = TypeVar("Result")
_TIMES_OUT = Config(connect_timeout=10, read_timeout=60)
_VALUES_A_FILTER = 10
_TASKS_A_PAGE = 100
_UNIQUE = "qrng-hub-leave-to-the-caller"


class Aws:
    """The sessions of one adapter; safe for any number of threads."""

    def __init__(self, settings: BraketSettings, deadline_seconds: float) -> None:
        self._settings = settings
        self._deadline_seconds = deadline_seconds
        self._sessions: dict[str, Any] = {}
        self._clients: set[Any] = set()
        self._arns: dict[str, tuple[str, str]] = {}
        self._lock = threading.RLock()

    def ask(self, doing: str, call: Callable[[], Result]) -> Result:
        """Calls AWS under the deadline and translates its errors."""
        with CLOUD_ERRORS.at_the_border(doing):
            return with_deadline(call, self._deadline_seconds, f"braket, {doing}")

    def session(self, region: str = "") -> Any:
        """Returns the session of a region, or of the one that is configured."""
        with self._lock:
            region = region or self._settings.region or os.environ.get("AWS_REGION", "")
            if region not in self._sessions:
                boto = boto3.Session(profile_name=self._settings.profile, region_name=region or None)
                session = AwsSession(boto_session=boto, config=_TIMES_OUT)
                self._clients.add(session.braket_client)
                events = session.braket_client.meta.events
                events.register("provide-client-params.braket.CreateQuantumTask", _use_own_token)
                events.register_first("needs-retry.braket", _leave_to_the_caller)
                self._sessions[region] = self._sessions[session.region] = session
            return self._sessions[region]

    def _s3(self, region: str) -> Any:
        session = self.session(region)
        with self._lock:  # boto3 makes clients in one thread at a time only
            self._clients.add(session.s3_client)
            session.s3_client.meta.events.register_first("needs-retry.s3", _leave_to_the_caller, _UNIQUE)
            return session.s3_client

    def close(self) -> None:
        """Closes the connections of every session."""
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients.clear()
            self._sessions.clear()

    def regions(self) -> tuple[str, ...]:
        """Lists the regions to look for devices and tasks in: the configured one, or all that have any."""
        if self._settings.region:
            return (self._settings.region,)
        first = self.ask("finding the region", self.session).region
        return (first, *(region for region in AwsDevice.REGIONS if region != first))

    def names(self) -> tuple[str, ...]:
        """Lists the short names of the devices, and remembers their ARNs.

        A region that refuses is passed over as long as another one answers.
        """
        refusals: list[QRNGError] = []
        for region in self.regions():
            try:
                listed = self.ask(f"listing the devices of {region}", partial(self._list, region))
            except QRNGError as error:
                refusals.append(error)
                continue
            for one in listed:
                self._arns.setdefault(short_name(one["deviceArn"]), (one["deviceArn"], region))
        if refusals and not self._arns:
            raise refusals[0]
        return tuple(sorted(self._arns))

    def _list(self, region: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.session(region).search_devices()
        return listed

    def open(self, name: str) -> CloudDevice:
        """Asks for a device by its short name or its ARN; raises `UnknownBackendError`."""
        arn, region = self._resolve(name)
        try:
            return self.ask(f"describing {name}", lambda: open_device(name, arn, self.session(region)))
        except QRNGError as error:
            if "not found" in str(error.__cause__) and isinstance(error.__cause__, ValueError):
                raise UnknownBackendError(f"AWS has no device {arn} in {region or 'the configured region'}") from error
            raise

    def _resolve(self, name: str) -> tuple[str, str]:
        if is_arn(name):
            return name, region_of(name)
        if name not in self._arns and name not in self.names():
            known = ", ".join(sorted(self._arns))
            raise UnknownBackendError(
                f"AWS has no device {name!r} in {', '.join(self.regions())}; it has: {known}. A full ARN will do too"
            )
        return self._arns[name]

    def regions_of(self, name: str) -> tuple[str, ...]:
        """Lists the regions that a device's tasks may be in: its own, or all if AWS has the device no more."""
        try:
            return (self._resolve(name)[1],)
        except UnknownBackendError:
            return self.regions()

    def create(self, device: CloudDevice, spec: JobSpec) -> str:
        """Makes a task of a job, or finds the one made before under its key; returns the ARN."""

        def make() -> str:
            program, shots = device.program(spec)
            folder = self.folder(device.region)
            rewiring = {"disable_qubit_rewiring": True} if device.published else {}
            tags = tags_of(spec, device.labels(spec))
            return str(device.device.run(program, folder, shots=shots, tags=tags, quiet=True, **rewiring).id)

        return self.ask(f"submitting job {spec.key} to {spec.address}", make)

    def folder(self, region: str) -> tuple[str, str]:
        """Returns the bucket and the prefix for results: those of the settings, else the SDK's default."""
        if not self._settings.s3:
            return self.session(region).default_bucket(), "tasks"
        scheme, _, path = self._settings.s3.partition("://")
        bucket, _, prefix = path.strip("/").partition("/")
        if scheme != "s3" or not bucket:
            raise ConfigError(f'adapters.braket.s3 must be "s3://bucket/prefix", not {self._settings.s3!r}')
        return bucket, prefix or "tasks"

    def task(self, arn: str) -> dict[str, Any]:
        """Asks for one task; raises `JobNotFoundError`."""
        return self.ask(f"asking for {arn}", lambda: self.session(region_of(arn)).get_quantum_task(arn))

    def search(self, region: str, name: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Lists the tasks whose `name` is one of the values, in pages of 100."""
        for start in range(0, len(values), _VALUES_A_FILTER):
            some = list(values[start : start + _VALUES_A_FILTER])
            request = {"filters": [{"name": name, "operator": "EQUAL", "values": some}], "maxResults": _TASKS_A_PAGE}
            while True:
                page = self.ask(f"listing tasks of {region}", partial(self._page, region, dict(request)))
                yield from page["quantumTasks"]
                if not page.get("nextToken"):
                    break
                request["nextToken"] = page["nextToken"]

    def _page(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        page: dict[str, Any] = self.session(region).braket_client.search_quantum_tasks(**request)
        return page

    def spending_limits(self, arn: str, region: str) -> list[dict[str, Any]]:
        """Lists the spending limits that the account's owner has set on a device."""
        filters = [{"name": "deviceArn", "operator": "EQUAL", "values": [arn]}]

        def found() -> list[dict[str, Any]]:
            return list(self.session(region).braket_client.search_spending_limits(filters=filters)["spendingLimits"])

        return self.ask(f"reading the spending limits of {arn}", found)

    def set_spending_limit(self, arn: str, region: str, usd: Decimal, token: str) -> None:
        """Lets no more be spent on a device than so many USD; once under one token."""
        request = {"deviceArn": arn, "spendingLimit": f"{usd:.2f}", "clientToken": token}
        client = self.session(region).braket_client
        self.ask(f"setting a spending limit of {arn}", lambda: client.create_spending_limit(**request))

    def cancel(self, arn: str) -> None:
        """Asks AWS to stop a task."""
        self.ask(f"cancelling {arn}", lambda: self.session(region_of(arn)).cancel_quantum_task(arn))

    def read(self, task: dict[str, Any], name: str) -> bytes:
        """Reads an object of a task's results; raises `JobNotFoundError` if it is not there."""
        bucket, key = task["outputS3Bucket"], f"{task['outputS3Directory']}/{name}"

        def body() -> bytes:
            s3 = self._s3(region_of(task["quantumTaskArn"]))
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

        return self.ask(f"reading s3://{bucket}/{key}", body)

    def delete(self, task: dict[str, Any]) -> list[str]:
        """Deletes every object of a task's results; returns the keys that may still be there."""
        bucket, prefix = task["outputS3Bucket"], f"{task['outputS3Directory']}/"
        s3 = self.ask("opening S3", partial(self._s3, region_of(task["quantumTaskArn"])))

        def page() -> list[str]:
            return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]

        kept: list[str] = []
        while not kept and (keys := self.ask(f"listing s3://{bucket}/{prefix}", page)):
            wanted = {"Objects": [{"Key": key} for key in keys]}
            done = self.ask(
                f"deleting s3://{bucket}/{prefix}", partial(s3.delete_objects, Bucket=bucket, Delete=wanted)
            )
            kept += [one["Key"] for one in done.get("Errors", [])]
            kept += [one["Key"] for one in done.get("Deleted", []) if one.get("DeleteMarker")]
        return kept

    def account(self) -> str:
        """Asks who the credentials belong to: the account's number, which the SDK's session would ask for once only."""

        def identity() -> str:
            return str(self.session().sts_client.get_caller_identity()["Account"])

        return self.ask("checking the credentials", identity)

    def require_bucket(self, region: str) -> str:
        """Asks for the bucket of the results; raises `ConfigError` if it is not there."""
        bucket, prefix = self.ask("finding the bucket", lambda: self.folder(region))
        try:
            self.ask(f"asking for {bucket}", lambda: self._s3(region).head_bucket(Bucket=bucket))
        except JobNotFoundError as error:
            raise ConfigError(f"there is no bucket {bucket!r}; set adapters.braket.s3") from error
        return f"s3://{bucket}/{prefix}"


def _leave_to_the_caller(response: tuple[Any, dict[str, Any]] | None = None, operation: Any = None, **_: Any) -> None:
    """Keeps botocore from repeating what AWS says to ask again for later: whoever called knows how to wait."""
    if response is not None and "retry-after" in response[1]["ResponseMetadata"]["HTTPHeaders"]:
        raise ClientError(response[1], operation.name)


def _use_own_token(params: dict[str, Any], **_: Any) -> None:
    params["clientToken"] = client_token(params["tags"][KEY_TAG])
