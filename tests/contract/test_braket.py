"""The braket adapter under the contract suite: both simulators and an emulator."""

from pathlib import Path

import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.records import RawBlock
from qrng_hub.testing.contract import AdapterContract
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.errors import ERRORS
from qrng_hub_braket.settings import BraketSettings

TEST_6Q = str(Path(__file__).parents[1] / "vectors" / "braket-test-6q.json")


class BraketContract(AdapterContract):
    vendor_errors = ERRORS
    vendor_error_modules = (
        "braket.ahs.discretization_types",
        "braket.default_simulator.openqasm.parser.openqasm_parser",
        "braket.default_simulator.openqasm.program_context",
        "braket.emulation.pass_manager",
        "braket.experimental_capabilities.experimental_capability_context",
        "braket.jobs.metrics_data.exceptions",
    )
    sdk_packages = ("braket", "boto3", "botocore")

    @pytest.fixture
    def adapter(self) -> Adapter:
        return BraketAdapter(BraketSettings(emulators=(TEST_6Q,)), SystemClock())


class TestStateVector(BraketContract):
    backend_name = "braket_sv"
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 200)


class TestDensityMatrix(BraketContract):
    backend_name = "braket_dm"
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 200)


class TestEmulator(BraketContract):
    backend_name = f"emulator/{TEST_6Q}"
    qubits = (0, 1, 3, 4, 5)
    pair = (5, 0)
    unsupported = Circuit().cz(0, 2).measure(0, 2)

    def run(self, adapter: Adapter, *circuits: Circuit, shots: int | None = None) -> tuple[RawBlock, ...]:
        """Runs as many jobs as circuits: the device takes no program sets."""
        blocks: list[RawBlock] = []
        for circuit in circuits:
            blocks += super().run(adapter, circuit, shots=shots)
        return tuple(blocks)
