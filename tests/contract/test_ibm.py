"""ibm:aer and a calibration snapshot under the contract suite."""

from typing import ClassVar

import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.testing.contract import AdapterContract
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.errors import ERRORS
from qrng_hub_ibm.settings import IBMSettings


class IBMContract(AdapterContract):
    vendor_errors = ERRORS
    vendor_error_modules = (
        "qiskit.exceptions",
        "qiskit.circuit.exceptions",
        "qiskit.passmanager.exceptions",
        "qiskit.primitives",
        "qiskit.providers.exceptions",
        "qiskit.result.exceptions",
        "qiskit.transpiler.exceptions",
        "qiskit_aer",
        "qiskit_aer.aererror",
        "qiskit_aer.noise",
        "qiskit_aer.noise.noiseerror",
        "qiskit_ibm_runtime",
        "qiskit_ibm_runtime.accounts.exceptions",
        "qiskit_ibm_runtime.api.exceptions",
        "qiskit_ibm_runtime.exceptions",
        "qiskit_ibm_runtime.models.exceptions",
    )
    sdk_packages = ("qiskit", "qiskit_aer", "qiskit_ibm_runtime")

    @pytest.fixture
    def adapter(self) -> Adapter:
        return IBMAdapter(IBMSettings(), SystemClock())


class TestAer(IBMContract):
    backend_name = "aer"
    qubits: ClassVar[tuple[int, ...]] = (0, 1, 3, 4, 6, 7, 8, 10, 200)


class TestSnapshot(IBMContract):
    backend_name = "snapshot/fez"
    qubits: ClassVar[tuple[int, ...]] = (0, 1, 3, 40, 66, 77, 98, 110, 155)
    unsupported = Circuit().cx(0, 155).measure(0)


class TestOldSnapshot(IBMContract):
    backend_name = "snapshot/guadalupe"
    pair = (4, 1)
    unsupported = Circuit().cz(0, 15).measure(0)
