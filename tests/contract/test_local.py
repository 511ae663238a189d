"""local:stim under the contract suite."""

import pytest

from qrng_hub.adapter import Adapter, NoSettings
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.testing.contract import AdapterContract
from qrng_hub_local import LocalAdapter
from qrng_hub_local.errors import ERRORS


class TestStim(AdapterContract):
    backend_name = "stim"
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 200)
    unsupported = Circuit().rx(0.1, 0).measure(0)
    vendor_errors = ERRORS
    vendor_error_modules = ("stim",)

    @pytest.fixture
    def adapter(self) -> Adapter:
        return LocalAdapter(NoSettings(), SystemClock())
