"""The contract suite: subclass `AdapterContract`, give it an adapter and a backend, inherit every test.

::

    class TestMyDevice(AdapterContract):
        backend_name = "my_device"

        @pytest.fixture
        def adapter(self) -> Adapter:
            return MyAdapter(MySettings(), SystemClock())

Tests hold for noisy backends: a deterministic outcome is taken by majority over the shots. The
random ones reject a correct backend with probability below 1e-8 each.
"""

from __future__ import annotations

import importlib
import inspect
import math
import subprocess
import sys
import uuid
from datetime import timedelta
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from qrng_hub.adapter import Adapter, VendorErrors
from qrng_hub.bits import row_bytes, unpack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.errors import (
    BackendLimitError,
    QRNGError,
    ServiceUnreachableError,
    UnknownBackendError,
    UnsupportedCircuitError,
)
from qrng_hub.policy import is_doubtful
from qrng_hub.records import Backend, Job, JobSpec, JobState, RawBlock, ShotOrder

_SIX_SIGMA = 6.0
_PROBE = """
import socket, sys
def no_network(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"network at import: {event} {args}")
sys.addaudithook(no_network)
import importlib
getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
print(*sorted(name for name in sys.modules if "." not in name))
"""


class AdapterContract:
    """Every promise of `qrng_hub.adapter.Adapter`, as tests.

    `backend_name` is the backend under test; `qubits` are four or more of its qubits, not all
    neighbours; `pair` is one that a two-qubit gate may join; `shots` is enough for a majority.
    `unsupported` is a circuit that the backend must refuse, if there is one. `vendor_errors` is the
    adapter's table and `vendor_error_modules` the modules of the SDK whose exceptions it must list.
    `sdk_packages` must not be imported with the adapter.

    """

    backend_name: ClassVar[str]
    qubits: ClassVar[tuple[int, ...]] = (0, 1, 3, 4, 6, 7, 8, 10, 11)
    pair: ClassVar[tuple[int, int]] = (0, 1)
    shots: ClassVar[int] = 400
    unsupported: ClassVar[Circuit | None] = None
    vendor_errors: ClassVar[VendorErrors]
    vendor_error_modules: ClassVar[tuple[str, ...]] = ()
    sdk_packages: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture
    def adapter(self) -> Adapter:
        """Gives the adapter under test; a subclass overrides it."""
        raise NotImplementedError("override the fixture `adapter`")

    @pytest.fixture
    def backend(self, adapter: Adapter) -> Backend:
        """Gives the description of the backend under test."""
        return adapter.describe(self.backend_name)

    def spec(self, adapter: Adapter, *circuits: Circuit, shots: int | None = None) -> JobSpec:
        """Makes a job for the backend under test, under a fresh key."""
        address = f"{adapter.name}:{self.backend_name}"
        return JobSpec(key=uuid.uuid4().hex, address=address, circuits=circuits, shots=shots or self.shots)

    def finish(self, adapter: Adapter, job: Job) -> Job:
        """Polls a job until it is finished; a subclass whose service needs a push overrides it."""
        for _ in range(1000):
            (job,) = adapter.poll([job])
            if job.state.finished:
                return job
        raise AssertionError(f"job {job.vendor_id} is still {job.state} after 1000 polls")

    def run(self, adapter: Adapter, *circuits: Circuit, shots: int | None = None) -> tuple[RawBlock, ...]:
        """Submits one job, waits for it and collects it."""
        (job,) = adapter.submit([self.spec(adapter, *circuits, shots=shots)])
        return adapter.collect(self.finish(adapter, job))

    def majority(self, adapter: Adapter, *circuits: Circuit) -> list[list[int]]:
        """Runs deterministic circuits; returns for each the more frequent outcome of each qubit."""
        return [(values(block).mean(axis=0) > 0.5).astype(int).tolist() for block in self.run(adapter, *circuits)]

    # what a backend says of itself

    def test_lists_the_backend_and_describes_it(self, adapter: Adapter, backend: Backend) -> None:
        assert self.backend_name in adapter.names()
        assert backend.address == f"{adapter.name}:{self.backend_name}"
        assert backend.qubits > max(self.qubits)
        assert 1 <= backend.default_qubits <= backend.qubits
        assert backend.origin is adapter.origin(self.backend_name)

    def test_refuses_an_unknown_backend(self, adapter: Adapter) -> None:
        with pytest.raises(UnknownBackendError, match="no-such-backend"):
            adapter.describe("no-such-backend")

    def test_quotes_without_spending(self, adapter: Adapter, backend: Backend) -> None:
        spec = self.spec(adapter, hadamards(self.qubits))
        quote = adapter.quote(spec)
        assert quote.low is None or quote.high is None or 0 <= quote.low <= quote.high
        assert adapter.find([spec]) == ()

    def test_describing_a_backend_again_says_the_same(self, adapter: Adapter, backend: Backend) -> None:
        again = adapter.describe(self.backend_name)
        for name in ("qubits", "faulty", "gates", "coupling", "calibration", "min_shots", "max_shots", "max_circuits"):
            assert getattr(again, name) == getattr(backend, name)

    def test_names_its_account_the_same_each_time(self, adapter: Adapter) -> None:
        account = adapter.account(self.backend_name)
        assert account == adapter.account(self.backend_name)
        assert adapter.is_own_account(self.backend_name, account)

    # bits

    def test_every_qubit_has_its_own_column(self, adapter: Adapter) -> None:
        circuits = [Circuit().x(qubit).measure(*self.qubits) for qubit in self.qubits]
        assert self.majority(adapter, *circuits) == np.eye(len(self.qubits), dtype=int).tolist()

    @pytest.mark.parametrize("width", [1, 3, 8, 9])
    def test_an_asymmetric_pattern_of_any_width(self, adapter: Adapter, width: int) -> None:
        qubits = self.qubits[:width]
        assert self.majority(adapter, Circuit().x(qubits[-1]).measure(*qubits)) == [[0] * (len(qubits) - 1) + [1]]

    def test_measures_only_the_qubits_asked_for(self, adapter: Adapter) -> None:
        first, second, third = self.qubits[:3]
        (block,) = self.run(adapter, Circuit().x(first, third).measure(third, second))
        assert block.qubits == (second, third)
        assert (values(block).mean(axis=0) > 0.5).tolist() == [False, True]

    def test_a_batch_equals_its_circuits_alone(self, adapter: Adapter) -> None:
        circuits = [
            Circuit().x(*self.qubits[1:3]).measure(*self.qubits),
            Circuit().x(self.qubits[0]).measure(*self.qubits[:2]),
            Circuit().measure(self.qubits[-1]),
        ]
        assert self.majority(adapter, *circuits) == [self.majority(adapter, circuit)[0] for circuit in circuits]

    def test_shots_qubits_and_padding_are_as_asked(self, adapter: Adapter, backend: Backend) -> None:
        qubits, shots = self.qubits[:3], max(57, backend.min_shots)
        (block,) = self.run(adapter, hadamards(qubits), shots=shots)
        assert (block.shots, block.qubits) == (shots, qubits)
        assert block.outcomes.shape == (shots, row_bytes(len(qubits)))
        assert not (block.outcomes & 0b00011111).any()
        assert (block.address, block.origin) == (backend.address, backend.origin)
        assert not block.outcomes.flags.writeable
        assert repr(block.outcomes.tolist()) not in repr(block)

    def test_shots_stand_in_the_order_measured(self, adapter: Adapter) -> None:
        (block,) = self.run(adapter, hadamards(self.qubits[:1]))
        bits = values(block)[:, 0].astype(int)
        p = bits.mean()
        expected, changes = 2 * p * (1 - p) * (bits.size - 1), int(np.abs(np.diff(bits)).sum())
        assert block.shot_order is ShotOrder.MEASURED
        assert abs(changes - expected) < _SIX_SIGMA * math.sqrt(bits.size), "the shots look sorted"

    def test_two_runs_differ_whatever_the_global_seed(self, adapter: Adapter) -> None:
        digests = set()
        for _ in range(2):
            np.random.seed(1)  # noqa: NPY002 - that global state must not matter is what is tested
            (block,) = self.run(adapter, hadamards(self.qubits))
            digests.add(block.sha256)
        assert len(digests) == 2

    # gates

    def test_every_gate_does_what_its_name_says(self, adapter: Adapter, backend: Backend) -> None:
        q = self.qubits[1]
        to_one = [
            Circuit().x(q),
            Circuit().h(q).z(q).h(q),
            Circuit().h(q).s(q, q).h(q),
            Circuit().h(q).s(q).sdg(q).h(q).x(q),
            Circuit().h(q).sdg(q, q).h(q),
            Circuit().rx(math.pi, q),
            Circuit().ry(math.pi, q),
            Circuit().h(q).rz(math.pi, q).h(q),
            Circuit().h(q).rz(math.pi / 2, q).s(q).h(q),
            Circuit().h(q).ry(math.pi / 2, q),
            Circuit().h(q).s(q).rx(math.pi / 2, q).x(q),
        ]
        able = [circuit.measure(q) for circuit in to_one if circuit.gate_names <= set(backend.gates)]
        assert len(able) >= 4, "a backend needs h, x and more to be of use"
        assert self.majority(adapter, *able) == [[1]] * len(able)

    def test_two_qubit_gates_join_control_and_target(self, adapter: Adapter, backend: Backend) -> None:
        if not {"cx", "cz"} <= set(backend.gates):
            pytest.skip(f"{backend.address} declares no two-qubit gates")
        control, target = self.pair
        low, high = sorted(self.pair)
        expected = [1, 1], [int(low == target), int(high == target)], [1, 1]
        circuits = (
            Circuit().x(control).cx(control, target),
            Circuit().x(target).cx(control, target),
            Circuit().x(control).h(target).cz(control, target).h(target),
        )
        assert self.majority(adapter, *(c.measure(*self.pair) for c in circuits)) == list(expected)

    def test_entangled_qubits_agree_shot_by_shot(self, adapter: Adapter, backend: Backend) -> None:
        if not {"h", "cx"} <= set(backend.gates):
            pytest.skip(f"{backend.address} declares no two-qubit gates")
        (block,) = self.run(adapter, Circuit().h(self.pair[0]).cx(*self.pair).measure(*self.pair))
        both = values(block)
        assert (both[:, 0] == both[:, 1]).mean() > 0.8
        assert abs(both[:, 0].mean() - 0.5) < 0.25 + _SIX_SIGMA / (2 * math.sqrt(block.shots))

    # limits

    def test_refuses_a_qubit_it_does_not_have(self, adapter: Adapter, backend: Backend) -> None:
        with pytest.raises(BackendLimitError, match=f"{backend.qubits} qubits"):
            self.run(adapter, hadamards((backend.qubits,)))

    def test_refuses_more_shots_than_it_takes(self, adapter: Adapter, backend: Backend) -> None:
        if backend.max_shots is None:
            pytest.skip(f"{backend.address} declares no limit of shots")
        with pytest.raises(BackendLimitError, match="shots"):
            self.run(adapter, hadamards(self.qubits[:1]), shots=backend.max_shots + 1)

    @pytest.mark.parametrize("fewer", [1, 2])
    def test_refuses_fewer_shots_than_it_takes(self, adapter: Adapter, backend: Backend, fewer: int) -> None:
        shots = backend.min_shots - fewer
        spec = self.spec(adapter, hadamards(self.qubits[:1])).model_copy(update={"shots": shots})
        with pytest.raises(BackendLimitError, match="shots"):
            list(adapter.submit([spec]))

    def test_refuses_a_circuit_it_cannot_run(self, adapter: Adapter) -> None:
        with pytest.raises(UnsupportedCircuitError, match="measures no qubit"):
            self.run(adapter, Circuit().h(0))
        if self.unsupported is not None:
            with pytest.raises(UnsupportedCircuitError):
                self.run(adapter, self.unsupported)

    # jobs

    def test_a_finished_job_has_its_times_and_its_bill(self, adapter: Adapter) -> None:
        (job,) = adapter.submit([self.spec(adapter, hadamards(self.qubits[:2]))])
        job = self.finish(adapter, job)
        assert job.state is JobState.DONE
        assert job.queue_seconds is not None and job.queue_seconds >= 0
        assert job.run_seconds is not None and job.run_seconds >= 0
        adapter.collect(job)

    def test_many_jobs_keep_their_order_and_their_keys(self, adapter: Adapter) -> None:
        circuits = [Circuit().x(*self.qubits[:n]).measure(*self.qubits[:3]) for n in (1, 2, 3)]
        specs = [self.spec(adapter, circuit) for circuit in circuits]
        jobs = [self.finish(adapter, job) for job in adapter.submit(specs)]
        assert [job.spec.key for job in adapter.poll(jobs)] == [spec.key for spec in specs]
        ones = [int((values(adapter.collect(job)[0]).mean(axis=0) > 0.5).sum()) for job in reversed(jobs)]
        assert ones == [3, 2, 1]

    def test_finds_a_job_by_its_key(self, adapter: Adapter) -> None:
        spec = self.spec(adapter, hadamards(self.qubits[:1]))
        (job,) = adapter.submit([spec])
        (found,) = adapter.find([self.spec(adapter, hadamards(self.qubits[:1])), spec])
        assert (found.spec, found.vendor_id) == (spec, job.vendor_id)
        adapter.collect(self.finish(adapter, job))

    def test_a_job_that_is_not_there_holds_up_no_other(self, adapter: Adapter) -> None:
        if not adapter.is_remote(self.backend_name):
            pytest.skip("jobs of this process are over when they are submitted")
        spec = self.spec(adapter, hadamards(self.qubits[:1]))
        jobs = list(adapter.submit([spec, self.spec(adapter, hadamards(self.qubits[:1]))]))
        last = "1" if jobs[0].vendor_id.endswith("0") else "0"
        missing = Job(
            spec=self.spec(adapter, *spec.circuits), vendor_id=jobs[0].vendor_id[:-1] + last, state=JobState.QUEUED
        )
        first, unknown, second = adapter.poll([jobs[0], missing, jobs[1]])
        assert (unknown.state, bool(unknown.message)) == (JobState.UNKNOWN, True)
        assert {first.state, second.state}.isdisjoint({JobState.UNKNOWN})
        for job in (first, second):
            adapter.collect(self.finish(adapter, job))

    @pytest.mark.parametrize("days", [-3, 3])
    def test_jobs_are_followed_whatever_the_clock_here_says(self, adapter: Adapter, days: int) -> None:
        if not adapter.is_remote(self.backend_name):
            pytest.skip("jobs of this process are over when they are submitted")
        specs = [self.spec(adapter, hadamards(self.qubits[:1])) for _ in range(2)]
        off = timedelta(days=days)
        jobs = [
            job.model_copy(update={"queued_utc": job.queued_utc + off if job.queued_utc else None})
            for job in adapter.submit(specs)
        ]
        together = adapter.poll(jobs)
        assert JobState.UNKNOWN not in {job.state for job in together}
        assert [self.finish(adapter, job).state for job in together] == [JobState.DONE] * 2

    def test_outcomes_can_be_fetched_again(self, adapter: Adapter) -> None:
        if not adapter.is_remote(self.backend_name):
            pytest.skip("this process keeps no outcomes")
        (job,) = adapter.submit([self.spec(adapter, hadamards(self.qubits[:1]))])
        job = self.finish(adapter, job)
        assert adapter.collect(job)[0].sha256 == adapter.collect(job)[0].sha256

    def test_a_job_for_a_backend_that_is_not_there_is_not_in_doubt(self, adapter: Adapter) -> None:
        spec = self.spec(adapter, hadamards(self.qubits[:1]))
        with pytest.raises(QRNGError) as caught:
            list(adapter.submit([spec.model_copy(update={"address": f"{adapter.name}:no-such-backend"})]))
        assert not is_doubtful(caught.value)
        assert adapter.find([spec]) == ()

    def test_a_job_is_not_made_once_it_is_too_late(self, adapter: Adapter) -> None:
        if not adapter.is_remote(self.backend_name):
            pytest.skip("jobs of this process are over when they are submitted")
        spec = self.spec(adapter, hadamards(self.qubits[:1]))
        late = spec.model_copy(update={"submit_by_utc": adapter.clock.now() - timedelta(seconds=1)})
        with pytest.raises(ServiceUnreachableError, match="was not submitted") as caught:
            list(adapter.submit([late]))
        assert not is_doubtful(caught.value)
        assert adapter.find([spec]) == ()

    def test_a_cancelled_job_is_finished(self, adapter: Adapter) -> None:
        (job,) = adapter.submit([self.spec(adapter, hadamards(self.qubits[:1]))])
        adapter.cancel(job)
        assert self.finish(adapter, job).state in (JobState.CANCELLED, JobState.DONE)

    # the border

    def test_no_exception_of_the_sdk_is_unmapped(self) -> None:
        table = self.vendor_errors.table
        found = {f"{c.__module__}.{c.__qualname__}" for m in self.vendor_error_modules for c in exceptions_of(m)}
        assert not found - set(table), "map these in the adapter's errors.py"

    def test_an_unknown_exception_does_not_cross_the_border(self) -> None:
        class StrangeError(Exception):
            pass

        with pytest.raises(QRNGError, match="StrangeError: planted") as caught:  # noqa: SIM117 - order matters
            with self.vendor_errors.at_the_border("testing"):
                raise StrangeError("planted")
        assert isinstance(caught.value.__cause__, StrangeError)

    def test_imports_without_network_and_without_the_sdk(self, adapter: Adapter) -> None:
        command = [sys.executable, "-c", _PROBE, type(adapter).__module__, type(adapter).__name__]
        imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert "qrng_hub" in imported
        assert not set(self.sdk_packages) & set(imported)


def hadamards(qubits: tuple[int, ...]) -> Circuit:
    """Makes the circuit of a Hadamard and a measurement on each qubit."""
    return Circuit().h(*qubits).measure(*qubits)


def values(block: RawBlock) -> npt.NDArray[np.uint8]:
    """Unpacks a block to zeros and ones, shape (shots, qubits)."""
    return unpack_shots(block.outcomes, len(block.qubits))


def exceptions_of(module: str) -> list[type[Exception]]:
    """Lists the exception classes that a module of the SDK defines."""
    found = inspect.getmembers(importlib.import_module(module), inspect.isclass)
    return [cls for _, cls in found if issubclass(cls, Exception) and cls.__module__.startswith(module.split(".")[0])]
