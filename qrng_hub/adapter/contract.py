"""What every vendor's adapter fulfils."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from qrng_hub.clock import Clock
from qrng_hub.records import Backend, Check, Job, JobSpec, Origin, Quote, RawBlock, Record


class NoSettings(Record):
    """For an adapter or a backend with nothing to set."""


class Adapter(ABC):
    """The code for one vendor; one instance serves every thread of a hub.

    `settings_model` checks `[adapters.NAME]` of a run file and `options_model` its
    `[backend.options]`, none of which may be required; both are importable without the vendor's
    SDK. A method that needs the SDK raises `AdapterUnavailableError` if it is missing, and a vendor's
    exception never leaves it: it becomes a `QRNGError`, and an unknown one a `VendorError`.
    """

    name: ClassVar[str]
    settings_model: ClassVar[type[Record]] = NoSettings
    options_model: ClassVar[type[Record]] = NoSettings

    def __init__(self, settings: Record, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Lists the backends, by name without the adapter's own."""

    @abstractmethod
    def origin(self, name: str) -> Origin:
        """Tells hardware from simulator without asking the vendor."""

    def is_remote(self, name: str) -> bool:
        """Whether a job there outlives this process, so that it must be on record before it is submitted."""
        return True

    def may_resubmit(self, name: str) -> bool:
        """Whether submitting again under the same key is safe: the vendor itself makes one job for it, ever."""
        return False

    def account(self, name: str) -> str:
        """Names the account that jobs there are made in, without secrets; empty where there is none to tell.

        Jobs of one account are not found with the settings of another.
        """
        return ""

    def is_own_account(self, name: str, meant: str) -> bool:
        """Whether a job there that was made in the account `meant`, as `account` named it, is found from here."""
        return meant == self.account(name)

    def expect(self, name: str, qubits: int) -> None:  # noqa: B027 - most names stand for one backend only
        """Is told how many qubits jobs there will take, before `describe`, where a name stands for one of several."""

    @abstractmethod
    def describe(self, name: str) -> Backend:
        """Describes a backend: limits, status, queue, calibration. Raises `UnknownBackendError`."""

    @abstractmethod
    def quote(self, spec: JobSpec) -> Quote:
        """Says what a job would cost; spends nothing."""

    @abstractmethod
    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Submits jobs one after the other and yields each as soon as the vendor has it.

        An error ends the iteration: jobs already yielded are at the vendor, later ones are not, and
        the one at hand is not unless the error is a `VendorError` that `may_have_happened`; then `find` tells,
        perhaps only after a while.
        """

    @abstractmethod
    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Returns the jobs as the vendor has them now, in the same order.

        One that cannot be looked at is UNKNOWN and its message says why: its trouble is no other's. A job
        that is over is finished, even if its bill cannot be read yet. Raises only if no job can be looked at.
        """

    @abstractmethod
    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Fetches a finished job's outcomes, one block a circuit, in the order of the circuits.

        Raises `JobFailedError`, `JobCancelledError`, `JobNotFoundError`, or
        `ReconstructedMeasurementsError` where the vendor did not give the shots as measured.
        """

    @abstractmethod
    def cancel(self, job: Job) -> Job:
        """Asks the vendor to stop a job; a job already finished is returned as it is."""

    @abstractmethod
    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Finds the jobs that the vendor has under the keys of these specs, whichever process submitted them.

        A job that is not in the answer is not at the vendor; whatever keeps the adapter from knowing
        that, such as missing credentials, is raised.
        """

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Checks credentials, quota and these backends, line by line; spends nothing and raises nothing."""
        yield from (Check(subject=f"{self.name}:{name}", verdict="ok", detail="nothing to check") for name in names)

    def purge(self, job: Job) -> None:  # noqa: B027 - in this process nothing is kept
        """Deletes a collected job's outcomes at the vendor; raises if they may still be there."""

    def parts(self) -> tuple[Adapter, ...]:
        """Lists what the adapter is made of, each with backends of its own: itself, if it is of one piece."""
        return (self,)

    def close(self) -> None:  # noqa: B027 - most adapters hold nothing open
        """Gives back what the adapter holds open."""
