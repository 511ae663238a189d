"""What is special to IBM's adapter: snapshots, their readout errors, widths, seeds, and a missing SDK."""

import json
import math
import secrets
import subprocess
import sys
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from qiskit.circuit import QuantumCircuit
from qiskit.compiler import transpile
from qiskit.primitives import BitArray, DataBin, SamplerPubResult
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from qiskit_aer.primitives import SamplerV2
from qiskit_ibm_runtime.fake_provider import FakeFez, FakeJakartaV2

from qrng_hub.bits import unpack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import BackendLimitError, JobFailedError, UnknownBackendError
from qrng_hub.records import JobSpec, Origin, RawBlock
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.errors import ERRORS
from qrng_hub_ibm.local import IBMSimulators
from qrng_hub_ibm.results import shot_table
from qrng_hub_ibm.settings import IBMSettings
from qrng_hub_ibm.simulators import STATE_VECTOR_QUBITS, ideal
from qrng_hub_ibm.snapshots import CLASSES

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
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.settings import IBMSettings

try:
    IBMAdapter(IBMSettings(), SystemClock()).describe(sys.argv[2])
except AdapterUnavailableError as error:
    print(error)
"""
_LISTING = """
import sys
from qrng_hub.clock import SystemClock
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.settings import IBMSettings

adapter = IBMAdapter(IBMSettings(), SystemClock())
print(*adapter.names(), adapter.origin("snapshot/fez"))
print(*(name for name in sys.modules if name.startswith("qiskit")))
"""


@pytest.fixture
def adapter() -> IBMAdapter:
    return IBMAdapter(IBMSettings(), SystemClock())


def run(adapter: IBMAdapter, name: str, *circuits: Circuit, shots: int = 100) -> tuple[RawBlock, ...]:
    spec = JobSpec(key=uuid.uuid4().hex, address=f"ibm:{name}", circuits=circuits, shots=shots)
    (job,) = adapter.submit([spec])
    return adapter.collect(job)


def hadamards(*qubits: int) -> Circuit:
    return Circuit().h(*qubits).measure(*qubits)


def share_of_ones(block: RawBlock) -> npt.NDArray[np.float64]:
    return block.ones / block.shots


def python(script: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True).stdout


# names


def test_lists_every_snapshot_that_the_sdk_offers(adapter: IBMAdapter) -> None:
    assert adapter.names() == ("aer", *sorted(f"snapshot/{device}" for device in CLASSES))
    assert {"fez", "kingston", "fractional", "armonk"} <= set(CLASSES)


def test_lists_names_without_importing_the_sdk() -> None:
    listed, imported = python(_LISTING).splitlines()
    assert {"aer", "snapshot/fez", "simulator"} <= set(listed.split())
    assert imported == ""


@pytest.mark.parametrize("name", ["fez", "snapshot/fezz", "FakeFez", "snapshot/ibm_fez"])
def test_a_wrong_name_is_answered_with_the_nearest_ones(adapter: IBMAdapter, name: str) -> None:
    with pytest.raises(UnknownBackendError) as caught:
        adapter.describe(name)
    message = str(caught.value)
    assert f"no backend {name!r}; it has: aer, snapshot/<device> for {len(CLASSES)} devices" in message
    assert "did you mean snapshot/fez" in message
    assert len(message) < 200


@pytest.mark.parametrize(
    ("package", "backend"),
    [("qiskit", "aer"), ("qiskit_aer", "aer"), ("qiskit_aer", "snapshot/fez"), ("qiskit_ibm_runtime", "snapshot/fez")],
)
def test_a_missing_sdk_is_named_with_its_cure(package: str, backend: str) -> None:
    message = python(_WITHOUT, package, backend)
    assert f"{package!r}: pip install 'qrng-hub[ibm]'" in message


# what a snapshot says


def test_describes_a_snapshot_as_the_vendor_published_it(adapter: IBMAdapter) -> None:
    published = json.loads((Path(FakeFez.dirname) / FakeFez.props_filename).read_text())
    expected = [{entry["name"]: entry["value"] for entry in qubit} for qubit in published["qubits"]]
    backend = adapter.describe("snapshot/fez")
    assert [entry.qubit for entry in backend.calibration] == list(range(156))
    assert [entry.flip_0_to_1 for entry in backend.calibration] == [qubit["prob_meas1_prep0"] for qubit in expected]
    assert [entry.flip_1_to_0 for entry in backend.calibration] == [qubit["prob_meas0_prep1"] for qubit in expected]
    assert backend.calibrated_utc == datetime.fromisoformat(published["last_update_date"])
    assert backend.calibrated_utc.tzinfo is UTC


def test_describes_the_limits_and_the_coupling_of_the_device(adapter: IBMAdapter) -> None:
    backend = adapter.describe("snapshot/fez")
    assert (backend.qubits, backend.max_shots, backend.max_circuits) == (156, 100_000, 300)
    assert backend.coupling is not None
    assert set(backend.coupling) == {(min(pair), max(pair)) for pair in FakeFez().coupling_map}
    assert len(set(backend.coupling)) == len(backend.coupling)
    assert adapter.describe("snapshot/armonk").coupling == ()


def test_a_snapshot_is_called_a_simulator_and_its_calibration_is_dated(adapter: IBMAdapter) -> None:
    (block,) = run(adapter, "snapshot/fez", hadamards(0))
    assert block.origin is Origin.SIMULATOR
    assert "simulator" in block.source
    assert "snapshot 'fez' of qiskit-ibm-runtime" in block.source
    assert "calibrated 2025-02-26" in block.source
    assert "63 bits from the operating system" in block.source


def test_a_description_is_made_once(adapter: IBMAdapter) -> None:
    assert adapter.describe("snapshot/fez") is adapter.describe("snapshot/fez")


# readout errors


def test_each_qubit_is_read_with_its_own_error(adapter: IBMAdapter) -> None:
    """Rejects a correct adapter with probability below 1e-7: 2 x 24 shares, each within 6 sigma and 10 shots."""
    calibration = sorted(adapter.describe("snapshot/fez").calibration, key=lambda entry: entry.flip_1_to_0)
    chosen = sorted(calibration[:12] + calibration[-12:], key=lambda entry: entry.qubit)
    qubits, shots = [entry.qubit for entry in chosen], 8000
    idle, flipped = run(
        adapter, "snapshot/fez", Circuit().measure(*qubits), Circuit().x(*qubits).measure(*qubits), shots=shots
    )
    zero = np.array([entry.flip_0_to_1 for entry in chosen])
    one = np.array([entry.flip_1_to_0 for entry in chosen])

    def agree(observed: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]) -> bool:
        tolerance = 6 * np.sqrt(expected * (1 - expected) / shots) + 10 / shots
        return bool((np.abs(observed - expected) <= tolerance).all())

    assert agree(share_of_ones(idle), zero)
    assert agree(1 - share_of_ones(flipped), one)
    assert not agree(1 - share_of_ones(flipped), np.roll(one, 1)), "the test could not tell one qubit from the next"


def test_aer_reads_without_error(adapter: IBMAdapter) -> None:
    idle, flipped = run(adapter, "aer", Circuit().measure(3, 9), Circuit().x(3, 9).measure(3, 9), shots=10_000)
    assert idle.ones.tolist() == [0, 0]
    assert flipped.ones.tolist() == [10_000, 10_000]


@pytest.mark.slow
def test_readout_errors_alone_come_close_to_the_vendors_full_noise_model(adapter: IBMAdapter) -> None:
    """Compares P(1) of sparse qubits, idle, after X and after H, with gate errors and relaxation and without.

    A share differs by the gate left out, taken as 0.001 (0.0008 was seen), and by chance: over a million
    shots sigma is at most sqrt(2 / 4 / 1e6) = 0.0007, and 5.5 sigma are allowed: 0.0049 in all. Over 16
    comparisons a false alarm has probability below 1e-6.
    `NoiseModel.from_backend` reads both values with their mean error, so only the mean is comparable there.
    """
    qubits, jobs, shots = (0, 3, 5, 6), 10, 100_000
    device = FakeJakartaV2()
    circuits = Circuit().measure(*qubits), Circuit().x(*qubits).measure(*qubits), hadamards(*qubits)
    blocks = run(adapter, "snapshot/jakarta", *circuits * jobs, shots=shots)
    ours = np.array([share_of_ones(block) for block in blocks]).reshape(jobs, 3, len(qubits)).mean(axis=0)
    by_value = NoiseModel.from_backend_properties(device.properties(), dt=device.dt)
    full = _with_full_noise(device, by_value, circuits, jobs * shots)
    mean = _with_full_noise(device, NoiseModel.from_backend(device), circuits[:2], jobs * shots)
    tolerance = 0.001 + 5.5 * math.sqrt(0.5 / (jobs * shots))
    assert np.abs(ours - full).max() < tolerance
    assert np.abs((ours[0] + 1 - ours[1]) / 2 - (mean[0] + 1 - mean[1]) / 2).max() < tolerance
    assert np.abs(np.roll(ours, 1, axis=1) - full).max() > tolerance, "the test could not tell one qubit from the next"
    assert np.abs(1 - ours[::-1] - full)[0].max() > tolerance, "the test could not tell one error from the other"


def _with_full_noise(device: Any, noise: Any, circuits: Sequence[Circuit], shots: int) -> npt.NDArray[np.float64]:
    sampler = SamplerV2(
        seed=secrets.randbits(63), options={"backend_options": {"noise_model": noise, "method": "density_matrix"}}
    )
    programs = []
    for circuit in circuits:
        program = QuantumCircuit(device.num_qubits, len(circuit.measured))
        for gate in circuit.gates:
            getattr(program, gate.name)(*gate.qubits)
        program.measure(circuit.measured, range(len(circuit.measured)))
        programs.append(transpile(program, device, optimization_level=0, initial_layout=range(device.num_qubits)))
    pubs = sampler.run(programs, shots=shots).result()
    return np.array([pub.data.c.to_bool_array(order="little").mean(axis=0) for pub in pubs])


# widths


@pytest.mark.parametrize(("name", "width"), [("snapshot/fez", 156), ("aer", 200)])
def test_clifford_circuits_run_on_the_full_width(adapter: IBMAdapter, name: str, width: int) -> None:
    (block,) = run(adapter, name, hadamards(*range(width)), shots=1000)
    assert block.qubits == tuple(range(width))
    assert abs(float(share_of_ones(block).mean()) - 0.5) < 0.02


def test_refuses_a_state_vector_that_is_too_large(adapter: IBMAdapter) -> None:
    wide = Circuit().ry(0.1, *range(STATE_VECTOR_QUBITS + 1)).measure(0)
    with pytest.raises(BackendLimitError, match=r"runs ry as a state vector of at most 28 qubits, not 29"):
        run(adapter, "aer", hadamards(0), wide)
    ideal().require_memory(Circuit().ry(0.1, *range(STATE_VECTOR_QUBITS)).measure(0))


def test_only_the_qubits_in_use_take_memory(adapter: IBMAdapter) -> None:
    (block,) = run(adapter, "snapshot/fez", Circuit().ry(math.pi, 0, 155).measure(0, 77, 155), shots=400)
    assert (share_of_ones(block) > 0.5).tolist() == [True, False, True]


# seeds and threads


def test_equal_circuits_of_one_job_differ(adapter: IBMAdapter) -> None:
    first, second = run(adapter, "aer", hadamards(*range(16)), hadamards(*range(16)))
    assert first.sha256 != second.sha256


def test_every_bit_of_a_seed_counts() -> None:
    circuit = hadamards(*range(16))
    seeds = [5] + [5 ^ (1 << bit) for bit in range(IBMSimulators.seed_bits)]
    tables = {shot_table(ideal().sample(circuit, 8, seed), circuit).tobytes() for seed in seeds}
    assert len(tables) == len(seeds)


def test_threads_share_an_adapter(adapter: IBMAdapter) -> None:
    def one_qubit_set(number: int) -> list[int]:
        qubits = tuple(range(20, 33))
        (block,) = run(adapter, "snapshot/fez", Circuit().x(qubits[number % 13]).measure(*qubits))
        return [int(share > 0.5) for share in share_of_ones(block)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(one_qubit_set, range(52)))
    assert found == np.eye(13, dtype=int).tolist() * 4


# the border


def test_reads_qiskits_bits_the_right_way_round() -> None:
    rows = [[1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1], [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]]
    array = BitArray.from_bool_array(np.array(rows, bool), order="little")
    other = BitArray.from_bool_array(np.ones((2, 3), bool))
    table = shot_table(SamplerPubResult(DataBin(other=other, meas=array)), Circuit().measure(*range(11)))
    assert unpack_shots(table, 11).tolist() == rows


def test_an_error_of_aer_is_a_failed_job() -> None:
    with pytest.raises(JobFailedError, match="AerError"), ERRORS.at_the_border("testing"):
        AerSimulator(method="no-such-method")


@pytest.mark.parametrize("options", [{"dry_run": True}, {"seed": 1}])
def test_refuses_options_that_would_make_mock_or_repeated_outcomes(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        IBMAdapter.options_model.model_validate(options)


def test_settings_hold_the_name_of_a_variable_and_never_show_a_key() -> None:
    assert IBMSettings().token_env == "QISKIT_IBM_TOKEN"  # noqa: S105 - a variable's name
    with pytest.raises(ValidationError) as caught:
        IBMSettings(token_env="xY3-this-is-a-pasted-key")  # noqa: S106 - that it is not quoted is what is tested
    assert "pasted-key" not in str(caught.value)
    with pytest.raises(ValidationError):
        IBMSettings.model_validate({"token": "secret"})
