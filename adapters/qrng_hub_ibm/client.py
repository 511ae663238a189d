"""What the adapter asks of IBM's client, `QiskitRuntimeService`; needs the SDK, knows no deadlines.

Two things have no public name in the client (qiskit-ibm-runtime 0.51): the states that a list of jobs
carries, which its jobs drop and then ask for one by one, and the session whose retries must not repeat
a POST. Both are reached through `_active_api_client`, here and nowhere else.
"""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from threading import Event
from typing import Any

from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.exceptions import RuntimeInvalidStateError, RuntimeJobNotFound
from qiskit_ibm_runtime.executor_sampler import Sampler
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.util.retry import Retry

from qrng_hub.circuits import Circuit
from qrng_hub.clock import Clock
from qrng_hub.errors import BackendOfflineError, ConfigError, UnknownBackendError, VendorError
from qrng_hub.records import Backend, JobSpec
from qrng_hub_ibm.devices import DeviceStatus, describe_device, runs_jobs
from qrng_hub_ibm.entries import HUB_TAG, tag_of
from qrng_hub_ibm.errors import status_of
from qrng_hub_ibm.isa import to_isa
from qrng_hub_ibm.settings import IBMOptions, IBMSettings

_PAGE = 200
_CREDENTIALS_FILE, _LOG_LEVEL = "IBM_CREDENTIALS_FILE", "QISKIT_IBM_RUNTIME_LOG_LEVEL"
# Without an access token the client would send the API key itself to the runtime service, and only warn.
warnings.filterwarnings("error", message="Unable to retrieve IBM Cloud access token", module="qiskit_ibm_runtime")

# The client prints what it warns of, at each log-in that it uses the token given; errors are raised anyway.
if _LOG_LEVEL not in os.environ:
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)


class Client:
    """One account's connection to one instance; threads may share it."""

    def __init__(self, settings: IBMSettings, token: str, clock: Clock) -> None:
        with _no_credentials_file():
            self._service = _log_in(settings, token)
        _require_one(self._service.instances(), settings.instance)
        self._api = self._service._active_api_client
        _repeat_no_post(self._api._session, clock)
        self._isa = lru_cache(maxsize=512)(self._compile)
        self._backends: dict[str, Any] = {}

    @property
    def instance(self) -> dict[str, Any]:
        """The instance in use: its crn, name, plan and pricing_type."""
        crn = self._service.active_instance()
        return next(dict(one) for one in self._service.instances() if one["crn"] == crn)

    # devices

    def devices(self) -> dict[str, dict[str, Any]]:
        """Lists the devices, by name; mock devices, whose outcomes are made up, are left out."""
        return {one["name"]: one for one in self._api.list_backends() if one.get("class") != "mock"}

    def least_busy(self, qubits: int) -> str:
        """Names the device with the shortest queue of those of so many qubits that run jobs.

        The list of devices does not tell which these are.
        """
        online = [one for one in self.devices().values() if (one.get("status") or {}).get("name") == "online"]
        for name in (str(one["name"]) for one in sorted(online, key=_queue_length)):
            if self._backend(name).num_qubits >= qubits and runs_jobs(self.status(name)):
                return name
        raise BackendOfflineError(f"no device of this instance of IBM Quantum with {qubits} qubits or more is online")

    def describe(self, address: str, name: str) -> Backend:
        """Describes a device as it is now."""
        backend = self._backend(name)
        return describe_device(address, backend.configuration(), backend.properties(refresh=True), self.status(name))

    def status(self, name: str) -> DeviceStatus:
        """Returns a device's state now; asked for here, since the client fails at a queue of unknown length."""
        self._backend(name)
        return DeviceStatus.of(self._api._session.get(f"/backends/{name}/status").json())

    def rep_delays(self, name: str) -> tuple[float, float]:
        """Returns the range of the repetition delay in seconds; both are the default where it cannot be set."""
        configuration = self._backend(name).configuration()
        default = float(getattr(configuration, "default_rep_delay", 0.0))
        low, high = getattr(configuration, "rep_delay_range", (default, default))
        return (low, high) if configuration.dynamic_reprate_enabled else (default, default)

    def shot_seconds(self, name: str, circuits: Sequence[Circuit], rep_delay: float | None) -> list[float]:
        """Estimates how long one shot of each circuit takes, its repetition delay included."""
        backend = self._backend(name)
        pause = rep_delay if rep_delay is not None else getattr(backend.configuration(), "default_rep_delay", 0.0)
        return [pause + self._isa(name, one).estimate_duration(backend.target, unit="s") for one in circuits]

    def _backend(self, name: str) -> Any:
        if name not in self._backends:
            self._backends[name] = self._opened(name)
        return self._backends[name]

    def _opened(self, name: str) -> Any:
        try:
            return self._service.backend(name, instance=self._service.active_instance())
        except QiskitBackendNotFoundError:  # also where the devices could not be listed, which is asked apart
            devices = self.devices()
            if name in devices:
                raise
        raise UnknownBackendError(f"IBM has no device {name!r} in this instance; it has: {', '.join(devices)}")

    def _compile(self, name: str, circuit: Circuit) -> Any:
        return to_isa(circuit, self._backend(name))

    # jobs

    def usage(self) -> dict[str, Any]:
        """Returns what the instance has used of its time and what is left."""
        return dict(self._service.usage())

    def compile(self, name: str, circuits: Sequence[Circuit]) -> None:
        """Compiles circuits for a device, ahead of `run`; raises `UnsupportedCircuitError`."""
        for circuit in set(circuits):
            self._isa(name, circuit)

    def run(self, spec: JobSpec, name: str, options: IBMOptions) -> str:
        """Submits a job and returns its id; nothing is mitigated, twirled or decoupled."""
        programs = [self._isa(name, circuit) for circuit in spec.circuits]
        sampler = Sampler(mode=self._backend(name), options=_sampler_options(spec.key, options))
        return str(sampler.run(programs, shots=spec.shots).job_id())

    def tagged(self, key: str) -> list[dict[str, Any]]:
        """Lists the jobs made under a key."""
        return list(self._api.jobs_get(limit=_PAGE, job_tags=[tag_of(key)])["jobs"])

    def page(self, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Returns one page of the hub's jobs, the newest first, and how many there are on all pages."""
        page = self._api.jobs_get(limit=_PAGE, skip=offset, job_tags=[HUB_TAG])
        return list(page["jobs"]), int(page["count"])

    def entry(self, job: str) -> dict[str, Any] | None:
        """Returns a job as the service lists it, or None if it has none of this id."""
        try:
            return dict(self._api.job_get(job))
        except Exception as error:
            if status_of(error) == 404:
                return None
            raise

    def metrics(self, job: str) -> dict[str, Any]:
        """Returns a job's times and usage."""
        return dict(self._api.job_metadata(job))

    def results(self, job: str, seconds: float) -> tuple[str, Any] | None:
        """Returns the device that ran a job and its outcomes; None if it is not done."""
        found = self._service.job(job)
        if found.status() != "DONE":
            return None
        try:
            return found.backend().name, found.result(timeout=seconds)
        except (TypeError, KeyError, ValueError, AttributeError) as error:  # the client decodes whatever it was sent
            raise VendorError(
                f"the outcomes of job {job} of IBM cannot be read, as if they had been cut on their way: they stay at"
                " IBM, and `qrng jobs collect` fetches them again"
            ) from error

    def cancel(self, job: str) -> None:
        """Cancels a job; one that is finished stays as it is."""
        try:
            self._service.job(job).cancel()
        except RuntimeInvalidStateError:
            return

    def delete(self, job: str) -> None:
        """Deletes a job with its outcomes; one that is not there is deleted."""
        try:
            self._service.delete_job(job)
        except RuntimeJobNotFound:
            return


def _queue_length(device: Mapping[str, Any]) -> float:
    """Reads how many jobs wait for a device; one that does not say comes last."""
    length = device.get("queue_length")
    return math.inf if length is None else float(length)


def _log_in(settings: IBMSettings, token: str) -> Any:
    """Opens the service with what it is given here: with a token it never looks for a saved account."""
    url = settings.runtime_url
    resolver = (lambda *_: url) if url else None
    instance = settings.instance or "auto"
    return QiskitRuntimeService(channel=settings.channel, token=token, instance=instance, url_resolver=resolver)


def _require_one(instances: Sequence[Mapping[str, Any]], wanted: str | None) -> None:
    """Raises `ConfigError` unless one instance is meant, since several may be paid differently."""
    if wanted is None and len(instances) != 1:
        known = ", ".join(f"{one['name']} ({one['plan']})" for one in instances)
        raise ConfigError(f"the account has several instances: name one in [adapters.ibm] instance: {known}")
    named = [one for one in instances if wanted in (one["name"], one["crn"])]
    if len(named) > 1:
        raise ConfigError(f"{len(named)} instances are called {wanted!r}: give the CRN of the one to use")


def _repeat_no_post(session: Any, clock: Clock) -> None:
    """Takes the retries of POST /jobs away, which would make a second job when the first one's answer is lost.

    The client's own policy repeats a POST after a 5xx and has no setting for it; urllib3's, with the same
    numbers, repeats only what is safe to repeat.
    """

    class Repeating(Retry):
        """Waits on the hub's clock."""

        def sleep(self, response: BaseHTTPResponse | None = None) -> None:
            """Waits as long as the answer asks, or else longer each time."""
            asked = self.get_retry_after(response) if response else None
            clock.sleep(asked or self.get_backoff_time(), Event())

    retry = Repeating(total=5, connect=3, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504, 520, 521, 522, 524))
    session.mount(f"{session.base_url}/jobs", HTTPAdapter(max_retries=retry))


def _sampler_options(key: str, options: IBMOptions) -> dict[str, Any]:
    return {
        "environment": {"job_tags": [HUB_TAG, tag_of(key)], "private": options.private},
        "execution": {"meas_type": "classified", "init_qubits": True, "rep_delay": options.rep_delay},
        "dynamical_decoupling": {"enable": False},
        "twirling": {"enable_gates": False, "enable_measure": False},
        "max_execution_time": options.max_execution_time,
    }


@contextmanager
def _no_credentials_file() -> Iterator[None]:
    """Keeps the client from the file ibm-credentials.env that may lie in the working or the home folder.

    It could send the account's token to another address. A file that the user names is read.
    """
    if _CREDENTIALS_FILE in os.environ:
        yield
        return
    os.environ[_CREDENTIALS_FILE] = os.devnull
    try:
        yield
    finally:
        os.environ.pop(_CREDENTIALS_FILE, None)
