"""What is special to the Cirq adapter: its draws, its seeds, its limits and Google's virtual machine."""

import asyncio
import inspect
import math
import subprocess
import sys
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import cirq
import numpy as np
import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import BackendLimitError
from qrng_hub.records import JobSpec, RawBlock
from qrng_hub.testing.contract import hadamards, values
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.errors import ERRORS
from qrng_hub_cirq.local import CirqSimulators
from qrng_hub_cirq.machines import VirtualMachine
from qrng_hub_cirq.settings import CirqSettings

BACKENDS = ("simulator", "density_matrix", "qsim", "qvm/rainbow", "qvm/weber", "qvm/willow_pink")
PATH = (0, 1, 2, 6, 5, 4, 3, 8, 9, 10)  # neighbours on willow_pink, one after the other


class SeededAdapter(CirqSimulators):
    """Takes its seeds from a list and keeps those that it takes from the operating system."""

    def __init__(self, *given: int) -> None:
        super().__init__(CirqSettings(), SystemClock())
        self.given = list(given)
        self.drawn: list[int] = []

    def fresh_seed(self) -> int:
        if self.given:
            return self.given.pop(0)
        self.drawn.append(super().fresh_seed())
        return self.drawn[-1]


@pytest.fixture(scope="module")
def adapter() -> CirqAdapter:
    return CirqAdapter(CirqSettings(), SystemClock())


def run(adapter: Adapter, name: str, *circuits: Circuit, shots: int = 200) -> tuple[RawBlock, ...]:
    spec = JobSpec(key=uuid.uuid4().hex, address=f"cirq:{name}", circuits=circuits, shots=shots)
    (job,) = adapter.submit([spec])
    return adapter.collect(job)


def chain(*path: int, turned: Iterable[int] = ()) -> Circuit:
    """Copies the first qubit to each of the others, neighbour by neighbour, and measures them."""
    circuit = Circuit().x(path[0])
    for control, target in pairwise(path):
        circuit = circuit.cx(control, target)
    for qubit in turned:
        circuit = circuit.h(qubit)
    return circuit.measure(*path)


@pytest.mark.parametrize("name", BACKENDS[:3])
def test_draws_by_the_squared_amplitudes(adapter: CirqAdapter, name: str) -> None:
    shots = 40_000
    circuit = Circuit().ry(0.6, 33).ry(1.1, 2).cx(2, 70).ry(0.4, 2).ry(0.9, 200).measure(2, 33, 70)
    (block,) = run(adapter, name, circuit, shots=shots)
    pair = np.outer([math.cos(0.55), math.sin(0.55)], [1, 1]) * np.eye(2)  # index: qubit 2, qubit 70
    turn = np.array([[math.cos(0.2), -math.sin(0.2)], [math.sin(0.2), math.cos(0.2)]])
    single = np.array([math.cos(0.3), math.sin(0.3)])
    expected = np.einsum("ac,b->abc", turn @ pair, single).reshape(-1) ** 2
    observed = np.bincount(values(block) @ np.array([4, 2, 1]), minlength=8) / shots
    assert (np.abs(observed - expected) <= 6 * np.sqrt(expected * (1 - expected) / shots) + 1e-3).all()


def test_holds_apart_what_is_not_entangled(adapter: CirqAdapter) -> None:
    ones = tuple(range(0, 256, 3))
    for name in ("simulator", "density_matrix"):
        (block,) = run(adapter, name, Circuit().x(*ones).measure(*range(256)), shots=3)
        assert [tuple(np.flatnonzero(shot)) for shot in values(block)] == [ones] * 3


@pytest.mark.parametrize(
    ("name", "circuit", "message"),
    [
        ("simulator", chain(*range(27)), "at most 26 qubits .* not 27"),
        ("density_matrix", chain(*range(13)), "at most 12 qubits .* not 13"),
        ("qsim", hadamards(tuple(range(100, 127))), "at most 26 qubits .* not 27"),
        ("qvm/willow_pink", chain(*PATH, turned=range(90, 101)), "more than 20 qubits .* has 21 and joins 10"),
    ],
)
def test_refuses_a_state_too_large(adapter: CirqAdapter, name: str, circuit: Circuit, message: str) -> None:
    with pytest.raises(BackendLimitError, match=message):
        run(adapter, name, hadamards((0,)), circuit)


@pytest.mark.parametrize("name", BACKENDS)
def test_outcomes_come_from_the_seed_alone(name: str) -> None:
    circuit = hadamards(tuple(range(6)))
    blocks = [run(SeededAdapter(*seeds), name, circuit, circuit) for seeds in ((7, 7), (7, 2**100 + 7))]
    digests = [block.sha256 for pair in blocks for block in pair]
    assert digests[0] == digests[1] == digests[2] != digests[3]


@pytest.mark.parametrize("name", BACKENDS)
def test_each_circuit_takes_its_own_seed_of_128_bits(name: str) -> None:
    adapter = SeededAdapter()
    run(adapter, name, *[hadamards((0, 1))] * 3)
    assert len(set(adapter.drawn)) == 3
    assert max(adapter.drawn).bit_length() > 100


@pytest.mark.parametrize("name", BACKENDS)
def test_numpys_global_generator_is_neither_used_nor_moved(adapter: CirqAdapter, name: str) -> None:
    circuits = [hadamards((0, 1, 2, 3, 4, 5))]
    if name == "qvm/willow_pink":
        circuits.append(chain(*PATH, turned=PATH))  # runs shot by shot, each with a seed of its own
    digests = set()
    for _ in range(2):
        np.random.seed(1)  # noqa: NPY002 - that global state must not matter is what is tested
        digests |= {block.sha256 for block in run(adapter, name, *circuits)}
        after = np.random.random()  # noqa: NPY002
        np.random.seed(1)  # noqa: NPY002
        assert after == np.random.random()  # noqa: NPY002
    assert len(digests) == 2 * len(circuits)


def test_one_adapter_serves_several_threads(adapter: CirqAdapter) -> None:
    circuit = Circuit().h(*range(8)).x(8).measure(*range(9))
    with ThreadPoolExecutor(6) as pool:
        blocks = [block for (block,) in pool.map(lambda name: run(adapter, name, circuit), BACKENDS * 3)]
    assert len({block.sha256 for block in blocks}) == len(blocks)
    assert all(values(block)[:, 8].mean() > 0.5 for block in blocks)


def test_the_engine_keeps_no_program() -> None:
    machine = VirtualMachine("qvm/rainbow", lambda: 1)
    machine.sample(hadamards((0,)), 10)
    assert machine.processor(cirq.DensityMatrixSimulator).list_programs() == []


def test_runs_inside_a_running_event_loop(adapter: CirqAdapter) -> None:
    async def notebook() -> int:
        return run(adapter, "qvm/rainbow", hadamards((0,)), shots=9)[0].shots

    assert asyncio.run(notebook()) == 9


def test_every_exception_class_of_the_loaded_sdk_is_mapped(adapter: CirqAdapter) -> None:
    for name in BACKENDS:
        adapter.describe(name)
    roots = ("cirq", "cirq_google", "qsimcirq", "duet")
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in roots]
    members = [member for module in modules for member in vars(module).values() if inspect.isclass(member)]
    errors = {cls for cls in members if issubclass(cls, Exception) and cls.__module__.partition(".")[0] in roots}
    assert errors
    assert {f"{cls.__module__}.{cls.__qualname__}" for cls in errors} <= set(ERRORS.table)


_WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))  # None there: not to be imported, as if not installed
from qrng_hub.circuits import Circuit, Gate
from qrng_hub.clock import SystemClock
from qrng_hub.errors import AdapterUnavailableError
from qrng_hub.records import JobSpec
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.settings import CirqSettings
adapter = CirqAdapter(CirqSettings(), SystemClock())
print(*adapter.names())
for name, qubits in [case.split("=") for case in sys.argv[2:]]:
    pairs = zip(qubits, qubits[1:])
    circuit = Circuit(tuple(Gate("cx", (int(a, 16), int(b, 16))) for a, b in pairs), (0,))
    try:
        list(adapter.submit([JobSpec(key="k", address=f"cirq:{name}", circuits=(circuit,), shots=5)]))
        print("no error")
    except AdapterUnavailableError as error:
        print(error)
"""
_CURE = "pip install 'qrng-hub[cirq]'"


def without(packages: str, *cases: str) -> list[str]:
    """Runs chains of qubits, in hex, on backends while packages are missing; tells the names and each error."""
    command = [sys.executable, "-c", _WITHOUT, packages, *cases]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_missing_sdk_is_told_with_its_cure() -> None:
    _, *errors = without("cirq,cirq_google,qsimcirq", "simulator=01", "density_matrix=01", "qvm/weber=01")
    assert [_CURE in error for error in errors] == [True] * 3


def test_without_qsim_the_other_backends_work() -> None:
    path = "".join(f"{qubit:x}" for qubit in PATH)
    names, *errors = without("qsimcirq", "qsim=01", "simulator=01", "qvm/willow_pink=01", f"qvm/willow_pink={path}")
    assert names.split() == [name for name in BACKENDS if name != "qsim"]
    assert ["'qsimcirq'" in error and _CURE in error for error in errors] == [True, False, False, True]
    assert errors[1:3] == ["no error"] * 2
