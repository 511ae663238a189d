"""The contract that every vendor's adapter fulfils, and what adapters of in-process simulators share."""

from __future__ import annotations

import importlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import ClassVar

from qrng_hub.bits import Packed
from qrng_hub.circuits import Circuit
from qrng_hub.clock import Clock
from qrng_hub.errors import (
    AdapterUnavailableError,
    BackendLimitError,
    JobNotFoundError,
    QRNGError,
    UnknownBackendError,
    UnsupportedCircuitError,
    VendorError,
)
from qrng_hub.records import FREE, Backend, Job, JobSpec, JobState, Origin, Quote, RawBlock, Record, ShotOrder


class NoSettings(Record):
    """For an adapter or a backend with nothing to set."""


class Adapter(ABC):
    """The code for one vendor; one instance serves every thread of a hub.

    `settings_model` checks `[adapters.NAME]` of a run file and `options_model` its
    `[backend.options]`; both are importable without the vendor's SDK. A method that needs the SDK
    raises `AdapterUnavailableError` if it is missing, and a vendor's exception never leaves it:
    it becomes a `QRNGError`, and an unknown one a `VendorError`.
    """

    name: ClassVar[str]
    settings_model: ClassVar[type[Record]] = NoSettings
    options_model: ClassVar[type[Record]] = NoSettings
    remote: ClassVar[bool] = True
    """Whether a job outlives this process, so that it must be on record before it is submitted."""

    def __init__(self, settings: Record, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Lists the backends, by name without the adapter's own."""

    @abstractmethod
    def origin(self, name: str) -> Origin:
        """Tells hardware from simulator without asking the vendor."""

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
        the one at hand is not if the error is a `RequestError`; else `find` tells.
        """

    @abstractmethod
    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Returns the jobs as the vendor has them now, in the same order."""

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
    def find(self, keys: Sequence[str]) -> tuple[Job, ...]:
        """Finds the jobs that the vendor has under these idempotency keys."""

    def close(self) -> None:  # noqa: B027 - most adapters hold nothing open
        """Gives back what the adapter holds open."""


class InProcessAdapter(Adapter):
    """An adapter whose jobs run in this process, free and at once: `submit` yields them finished.

    `seed_bits` is the size of the seed that each simulation takes from the operating system.
    """

    remote = False
    seed_bits: ClassVar[int]

    def __init__(self, settings: Record, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._jobs: dict[str, Job] = {}
        self._blocks: dict[str, tuple[RawBlock, ...]] = {}

    @abstractmethod
    def run(self, backend: Backend, spec: JobSpec) -> Sequence[Packed]:
        """Runs each circuit of a job that the backend accepts, with a fresh seed.

        Returns a shot table a circuit, in the layout of `qrng_hub.bits`: column j is the circuit's
        `measured[j]`.
        """

    def fresh_seed(self) -> int:
        """Draws a simulator's seed of `seed_bits` from the operating system."""
        return secrets.randbits(self.seed_bits)

    def origin(self, name: str) -> Origin:
        """Every backend here is a simulator."""
        return Origin.SIMULATOR

    def quote(self, spec: JobSpec) -> Quote:
        """Every job here is free."""
        return FREE

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Runs jobs one after the other and yields each when it is done."""
        for spec in specs:
            backend = self.describe(spec.backend_name)
            require_supported(backend, spec)
            started = self.clock.now()
            outcomes = self.run(backend, spec)
            job = Job(
                spec=spec,
                vendor_id=f"in-process-{spec.key}",
                state=JobState.DONE,
                queued_utc=started,
                running_utc=started,
                finished_utc=self.clock.now(),
                billed=FREE.high,
            )
            blocks = (self._block(backend, job, *pair) for pair in zip(spec.circuits, outcomes, strict=True))
            self._jobs[spec.key], self._blocks[spec.key] = job, tuple(blocks)
            yield job

    def _block(self, backend: Backend, job: Job, circuit: Circuit, outcomes: Packed) -> RawBlock:
        return RawBlock(
            address=backend.address,
            vendor_id=job.vendor_id,
            origin=Origin.SIMULATOR,
            source=f"{backend.description}, seeded with {self.seed_bits} bits from the operating system",
            shot_order=ShotOrder.MEASURED,
            qubits=circuit.measured,
            outcomes=outcomes,
        )

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Returns the jobs as they are: finished."""
        return tuple(self._known(job) for job in jobs)

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Hands the outcomes over, once; raises `JobNotFoundError` the second time."""
        self._known(job)
        del self._jobs[job.spec.key]
        return self._blocks.pop(job.spec.key)

    def cancel(self, job: Job) -> Job:
        """Returns the job as it is: finished."""
        return self._known(job)

    def find(self, keys: Sequence[str]) -> tuple[Job, ...]:
        """Finds the jobs whose outcomes wait to be collected."""
        return tuple(self._jobs[key] for key in keys if key in self._jobs)

    def _known(self, job: Job) -> Job:
        try:
            return self._jobs[job.spec.key]
        except KeyError:
            raise JobNotFoundError(
                f"job {job.vendor_id} on {job.spec.address} is not in this process: an in-process job is"
                " lost when its process ends and its outcomes are handed over once; submit it again"
            ) from None


def require_supported(backend: Backend, spec: JobSpec) -> None:
    """Raises `BackendLimitError` or `UnsupportedCircuitError` unless `backend` can run `spec`."""
    address = backend.address
    if not spec.circuits or (backend.max_circuits or len(spec.circuits)) < len(spec.circuits):
        limit = f"1 to {backend.max_circuits}" if backend.max_circuits else "at least 1"
        raise BackendLimitError(f"{address} takes {limit} circuits a job, not {len(spec.circuits)}")
    if spec.shots < 1 or (backend.max_shots or spec.shots) < spec.shots:
        limit = f"1 to {backend.max_shots:,}" if backend.max_shots else "at least 1"
        raise BackendLimitError(f"{address} takes {limit} shots, not {spec.shots:,}: set shots within that range")
    for circuit in set(spec.circuits):
        _require_circuit(backend, circuit)


def _require_circuit(backend: Backend, circuit: Circuit) -> None:
    address = backend.address
    if not circuit.measured:
        raise UnsupportedCircuitError(f"a circuit for {address} measures no qubit; add measure(...)")
    if circuit.qubits[-1] >= backend.qubits:
        raise BackendLimitError(
            f"{address} has {backend.qubits} qubits (0 to {backend.qubits - 1}) and no qubit {circuit.qubits[-1]}:"
            " ask for fewer qubits"
        )
    if missing := sorted(circuit.gate_names.difference(backend.gates)):
        raise UnsupportedCircuitError(
            f"{address} cannot run the gate(s) {', '.join(missing)}; it runs {', '.join(backend.gates)}."
            " cirq:simulator, ibm:aer and braket:braket_sv run every gate"
        )
    joined = {frozenset(gate.qubits) for gate in circuit.gates if len(gate.qubits) == 2}
    if joined and backend.coupling is not None:
        for pair in joined.difference(map(frozenset, backend.coupling)):
            raise UnsupportedCircuitError(f"{address} does not couple qubits {' and '.join(map(str, sorted(pair)))}")


def unknown_backend(adapter: str, name: str, names: Iterable[str]) -> UnknownBackendError:
    """Makes the error for a name that the adapter does not have; lists those it has."""
    return UnknownBackendError(f"{adapter} has no backend {name!r}; it has: {', '.join(names)}")


def load_sdk(module: str, extra: str, packages: Sequence[str]) -> ModuleType:
    """Imports the adapter's own `module` that imports the SDK.

    Raises `AdapterUnavailableError` with the cure if one of the SDK's `packages` is missing. Any
    other ImportError is a defect, not a missing package, and is raised as it is.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in packages:
            raise
        raise AdapterUnavailableError(
            f"{extra} backends need the package that provides {error.name!r}: pip install 'qrng-hub[{extra}]'"
        ) from error


class VendorErrors:
    """Turns a vendor's exceptions into the hub's, by class name; an unknown one into `VendorError`.

    `table` maps "module.Class" to the hub's error; the nearest base class that is listed counts.
    Names and not classes, so that the SDK need not be imported.
    """

    def __init__(self, vendor: str, table: Mapping[str, type[QRNGError]]) -> None:
        self.vendor = vendor
        self.table = dict(table)

    def translate(self, error: Exception, doing: str) -> QRNGError:
        """Returns the hub's error for `error`, which happened while `doing` something."""
        names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__)
        kind = next((self.table[name] for name in names if name in self.table), VendorError)
        return kind(f"{self.vendor}, {doing}: {type(error).__name__}: {error}")

    @contextmanager
    def at_the_border(self, doing: str) -> Iterator[None]:
        """Lets the hub's own errors pass and translates every other exception of the block."""
        try:
            yield
        except QRNGError:
            raise
        except Exception as error:
            raise self.translate(error, doing) from error
