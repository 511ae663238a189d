"""What is special to the braket adapter: emulators from files, native gates, parts of circuits, seeds, threads."""

import json
import math
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import braket.devices
import numpy as np
import numpy.typing as npt
import pytest
from braket.default_simulator.density_matrix_simulation import DensityMatrixSimulation
from braket.default_simulator.state_vector_simulation import StateVectorSimulation
from braket.task_result import AdditionalMetadata, GateModelTaskResult, TaskMetadata
from braket.tasks import GateModelQuantumTaskResult

from qrng_hub.bits import unpack_shots
from qrng_hub.circuits import GATES, Circuit, Gate
from qrng_hub.clock import SystemClock
from qrng_hub.errors import BackendLimitError, ConfigError, ReconstructedMeasurementsError, UnknownBackendError
from qrng_hub.records import JobSpec, RawBlock
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.cloud import CREDENTIALS
from qrng_hub_braket.errors import ERRORS
from qrng_hub_braket.local import BraketLocal
from qrng_hub_braket.parts import memory_bytes, most_qubits, split
from qrng_hub_braket.settings import BraketSettings
from qrng_hub_braket.simulators import DENSITY_MATRIX_WIDTH, STATE_VECTOR_MOST, outcomes
from vectors.braket_devices import RING, TEST_6Q, capabilities, readout_fidelity


@pytest.fixture(autouse=True)
def without_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def adapter() -> BraketAdapter:
    return BraketAdapter(BraketSettings(), SystemClock())


def run(adapter: BraketAdapter, name: str, *circuits: Circuit, shots: int = 400) -> list[npt.NDArray[np.uint8]]:
    specs = [
        JobSpec(key=secrets.token_hex(8), address=f"braket:{name}", circuits=(circuit,), shots=shots)
        for circuit in circuits
    ]
    return [values(block) for job in adapter.submit(specs) for block in adapter.collect(job)]


def values(block: RawBlock) -> npt.NDArray[np.uint8]:
    return unpack_shots(block.outcomes, len(block.qubits))


def saved(folder: Path, device: dict[str, Any]) -> str:
    path = folder / "device.json"
    path.write_text(json.dumps(device))
    return f"emulator/{path}"


# emulators


def test_the_test_device_is_as_its_maker_makes_it() -> None:
    assert json.loads(TEST_6Q.read_text()) == capabilities()


def test_an_emulator_is_described_from_its_file(adapter: BraketAdapter) -> None:
    backend = adapter.describe(f"emulator/{TEST_6Q}")
    assert (backend.qubits, backend.default_qubits, backend.max_shots) == (6, 6, 20_000)
    assert backend.coupling == ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0))
    assert backend.gates == tuple(sorted(GATES))
    assert str(backend.calibrated_utc) == "2026-01-02 03:04:05+00:00"
    assert "LocalEmulator of braket-test-6q; qubits are its 1 to 6;" in backend.description
    assert "readout flips both outcomes alike" in backend.description


def test_an_emulator_reads_out_both_values_alike_as_it_says(adapter: BraketAdapter) -> None:
    shots, name = 8000, f"emulator/{TEST_6Q}"
    zeros, ones = run(
        adapter, name, Circuit().measure(*range(6)), Circuit().x(*range(6)).measure(*range(6)), shots=shots
    )
    flips = np.array([1 - readout_fidelity(label) for label in range(1, 7)])
    tolerance = 6 * np.sqrt(flips * (1 - flips) / shots)
    assert (np.abs(zeros.mean(axis=0) - flips) < tolerance).all(), "P(1 | 0) is 1 - READOUT fidelity"
    assert (np.abs(1 - ones.mean(axis=0) - flips) < tolerance + 0.002).all(), (
        "P(0 | 1) is too, but for the gate's error"
    )
    published = adapter.describe(name).calibration
    assert [each.qubit for each in published] == list(range(6))
    assert [(each.flip_0_to_1, each.flip_1_to_0) for each in published] == [(flip, flip) for flip in flips]


def test_gates_of_an_emulator_are_noisy(adapter: BraketAdapter) -> None:
    there_and_back = Circuit().x(*[0] * 60).measure(0)
    (bits,) = run(adapter, f"emulator/{TEST_6Q}", there_and_back, shots=4000)
    depolarized, flip = (1 - 4 / 3 * 0.0015) ** 60, 1 - readout_fidelity(1)
    p = 0.5 - depolarized * (0.5 - flip)
    assert abs(bits.mean() - p) < 6 * math.sqrt(p * (1 - p) / 4000)
    assert p > flip + 6 * math.sqrt(p * (1 - p) / 4000), "the test must be able to tell"


def test_an_emulator_is_named_by_its_path(
    adapter: BraketAdapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "one.2026.json").write_text(TEST_6Q.read_text())
    monkeypatch.chdir(tmp_path)
    for name in ("emulator/saved/one.2026", "emulator/saved/one.2026.json", f"emulator/{tmp_path}/saved/one.2026"):
        assert adapter.describe(name).address == f"braket:{name}"


def test_a_changed_file_is_read_again(adapter: BraketAdapter, tmp_path: Path) -> None:
    name = saved(tmp_path, capabilities())
    assert adapter.describe(name) is adapter.describe(name)
    saved(tmp_path, capabilities(pairs=RING[:3]))
    later = time.time_ns() + 10**9
    os.utime(tmp_path / "device.json", ns=(later, later))
    assert adapter.describe(name).qubits == 4


def test_names_are_the_simulators_and_the_emulators_of_the_settings() -> None:
    adapter = BraketAdapter(BraketSettings(emulators=("a.json", "/b/c")), SystemClock())
    assert adapter.names() == ("braket_sv", "braket_dm", "emulator/a.json", "emulator//b/c")


def test_a_missing_file_is_named(adapter: BraketAdapter, tmp_path: Path) -> None:
    with pytest.raises(UnknownBackendError, match=rf"no file {tmp_path}/gone or {tmp_path}/gone\.json"):
        adapter.describe(f"emulator/{tmp_path}/gone")


def test_cloud_devices_are_unknown_and_what_there_is_is_listed(adapter: BraketAdapter) -> None:
    with pytest.raises(UnknownBackendError, match="no backend 'garnet'; it has: braket_sv, braket_dm, emulator/PATH"):
        adapter.describe("garnet")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("secret=hunter2", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"a": 1}', "braketSchemaHeader"),
        ('{"braketSchemaHeader": {"name": "antigravity", "version": "1"}}', "its schema is not one of"),
        (json.dumps(capabilities() | {"standardized": None}), "standardized"),
        (json.dumps(capabilities(native=("cz", "v"))), r"its native gates \['cz', 'v'\] include none of"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    adapter: BraketAdapter, tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "device.json").write_text(content)
    with pytest.raises(ConfigError, match=rf"{tmp_path}/device\.json does not hold a device.*{reason}") as caught:
        adapter.describe(f"emulator/{tmp_path}/device")
    assert "hunter2" not in str(caught.value), "the content of a file may be a secret"


def test_labels_with_gaps_are_numbered_from_zero(adapter: BraketAdapter, tmp_path: Path) -> None:
    device = capabilities(pairs=((3, 7), (7, 20)))
    device["paradigm"]["qubitCount"] += 1
    alone = device["standardized"]["oneQubitProperties"]
    alone["11"] = alone["7"]
    name = saved(tmp_path, device)
    backend = adapter.describe(name)
    assert (backend.qubits, backend.coupling) == (3, ((0, 1), (1, 2)))
    assert "qubits are its 3, 7, 20" in backend.description
    (bits,) = run(adapter, name, Circuit().x(2).cx(2, 1).measure(0, 1, 2))
    assert (bits.mean(axis=0) > 0.5).tolist() == [False, True, True]


@pytest.mark.parametrize("native", [("gpi", "gpi2", "zz"), ("iswap", "rx", "rz")])
def test_devices_of_other_kinds_join_qubits(adapter: BraketAdapter, tmp_path: Path, native: tuple[str, ...]) -> None:
    joining = next(name for name in ("zz", "iswap") if name in native)
    name = saved(tmp_path, capabilities(native=native, joining=joining.upper()))
    circuits = [Circuit().x(one).cx(one, other).measure(one, other) for one, other in ((0, 1), (1, 0), (0, 5))]
    assert [(bits.mean(axis=0) > 0.5).all() for bits in run(adapter, name, *circuits)] == [True] * 3


def test_a_device_with_a_strange_two_qubit_gate_still_gives_single_qubits(
    adapter: BraketAdapter, tmp_path: Path
) -> None:
    name = saved(tmp_path, capabilities(native=("prx", "cy"), joining="CY"))
    assert not {"cx", "cz"} & set(adapter.describe(name).gates)
    (bits,) = run(adapter, name, Circuit().x(1).measure(0, 1))
    assert (bits.mean(axis=0) > 0.5).tolist() == [False, True]


# parts


def test_joined_qubits_stay_together_and_the_rest_is_split() -> None:
    circuit = Circuit().h(0, 1, 2, 5, 9).cx(0, 5).cz(9, 5).x(7).measure(0, 1, 2, 5)
    parts = split(circuit, width=3, most=3)
    assert [(part.qubits, part.measured) for part in parts] == [((0, 5, 9), (0, 5)), ((1, 2), (1, 2))]
    assert [gate for part in parts for gate in part.gates if gate.qubits == (9, 5)] == [Gate("cz", (9, 5))]


def test_parts_come_together_in_the_right_columns(adapter: BraketAdapter) -> None:
    qubits = range(3 * DENSITY_MATRIX_WIDTH)
    circuit = Circuit().x(*qubits[::3]).h(1).cx(1, 20).measure(*qubits)
    (bits,) = run(adapter, "braket_dm", circuit)
    steady = [qubit for qubit in qubits if qubit not in (1, 20)]
    assert (bits[:, steady] == [qubit % 3 == 0 for qubit in steady]).all()
    assert (bits[:, 1] == bits[:, 20]).all()
    assert 0 < bits[:, 1].mean() < 1


def test_more_joined_qubits_than_memory_holds_are_refused(adapter: BraketAdapter) -> None:
    chain = Circuit().h(0)
    for qubit in range(STATE_VECTOR_MOST):
        chain = chain.cx(qubit, qubit + 1)
    with pytest.raises(
        BackendLimitError, match=f"join {STATE_VECTOR_MOST + 1} qubits .* at most {STATE_VECTOR_MOST} fit"
    ):
        run(adapter, "braket_sv", chain.measure(0))


def test_memory_limits_the_joined_qubits() -> None:
    assert memory_bytes() > 2**28
    room = memory_bytes() // 2
    most = most_qubits(40, 2, at_most=99)
    assert 40 * 2**most <= room < 40 * 2 ** (most + 1)
    assert most_qubits(40, 2, at_most=5) == 5


# results


def task_result(**content: Any) -> Any:
    metadata = TaskMetadata(id="task", shots=4, deviceId="device")
    action = {"braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": ""}
    result = GateModelTaskResult(taskMetadata=metadata, additionalMetadata=AdditionalMetadata(action=action), **content)
    return GateModelQuantumTaskResult.from_object(result)


def test_columns_are_found_by_the_measured_qubits() -> None:
    result = task_result(measurements=[[1, 0, 0], [1, 0, 1]] * 2, measuredQubits=[5, 0, 3])
    assert outcomes(result, (0, 3, 5)).astype(int).tolist() == [[0, 0, 1], [0, 1, 1]] * 2
    assert outcomes(result, (3, 5)).astype(int).tolist() == [[0, 1], [1, 1]] * 2


def test_refuses_reconstructed_measurements() -> None:
    result = task_result(measurementProbabilities={"0": 0.5, "1": 0.5}, measuredQubits=[0])
    assert result.measurements.shape == (4, 1), "the SDK makes them up"
    with pytest.raises(ReconstructedMeasurementsError, match="probabilities and no shots"):
        outcomes(result, (0,))


# seeds and threads


def test_the_sdk_seeds_each_simulation_with_as_many_bits_as_the_adapter_says() -> None:
    seeds = set()
    for _ in range(2):
        np.random.seed(1)  # noqa: NPY002 - that global state must not matter is what is tested
        for simulation in (StateVectorSimulation(1, 1, 1), DensityMatrixSimulation(1, 1)):
            sequence = simulation._rng_generator.bit_generator.seed_seq
            assert 32 * sequence.pool_size == BraketLocal.seed_bits
            seeds.add(sequence.entropy)
    assert len(seeds) == 4
    assert 2**64 < min(seeds) <= max(seeds) < 2**BraketLocal.seed_bits


_IN_THREADS = """
from concurrent.futures import ThreadPoolExecutor
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.records import JobSpec
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.local import BraketLocal
from qrng_hub_braket.settings import BraketSettings

adapter = BraketAdapter(BraketSettings(), SystemClock())

def digest(number):
    name, qubits = (("braket_sv", 11), ("braket_dm", 6))[number % 2]
    circuit = Circuit().h(*range(qubits)).measure(*range(qubits))
    (job,) = adapter.submit([JobSpec(key=str(number), address=f"braket:{name}", circuits=(circuit,), shots=100)])
    (block,) = adapter.collect(job)
    return block.sha256

with ThreadPoolExecutor(6) as threads:
    print(len(set(threads.map(digest, range(60)))))
"""


def test_threads_may_share_an_adapter() -> None:
    done = subprocess.run([sys.executable, "-c", _IN_THREADS], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "60\n"), done.stderr


# the SDK


_WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)

sys.meta_path.insert(0, Missing())
from qrng_hub.clock import SystemClock
from qrng_hub.errors import AdapterUnavailableError
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.local import BraketLocal
from qrng_hub_braket.settings import BraketSettings

adapter = BraketAdapter(BraketSettings(), SystemClock())
print(*adapter.names())
for name in ("braket_sv", sys.argv[2]):
    try:
        adapter.describe(name)
    except AdapterUnavailableError as error:
        print(error)
"""


def test_a_missing_sdk_is_named_with_its_cure() -> None:
    command = [sys.executable, "-c", _WITHOUT, "braket", f"emulator/{TEST_6Q}"]
    listed, *errors = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert listed == "braket_sv braket_dm"
    assert len(errors) == 2
    assert all("'braket': pip install 'qrng-hub[braket]'" in error for error in errors)


def test_every_exception_class_in_the_source_of_the_sdk_is_mapped() -> None:
    top = Path(braket.devices.__file__).parents[1]
    assert set(exception_classes(top)) - set(ERRORS.table) == set()


def exception_classes(top: Path) -> Collection[str]:
    """Lists the classes under a package's folder whose bases are named as exceptions are."""
    pattern = re.compile(r"^class (\w+)\((?:[\w., ]*(?:Error|Exception))\):", re.MULTILINE)
    found = {
        ".".join((*path.relative_to(top.parent).with_suffix("").parts, name))
        for path in top.rglob("*.py")
        for name in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 5, "the pattern must find the classes that are known"
    return found
