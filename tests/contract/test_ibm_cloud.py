"""A device of IBM's under the contract suite, on a loopback service."""

from collections.abc import Iterator

import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.testing.contract import AdapterContract
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.errors import ERRORS
from qrng_hub_ibm.settings import IBMSettings
from services.ibm import IBMService


class TestDevice(AdapterContract):
    backend_name = "ibm_guadalupe"
    pair = (4, 1)
    unsupported = Circuit().cz(0, 15).measure(0)
    vendor_errors = ERRORS
    vendor_error_modules = ("requests.exceptions", "ibm_cloud_sdk_core", "ibm_platform_services")
    sdk_packages = ("qiskit", "qiskit_aer", "qiskit_ibm_runtime", "requests")

    @pytest.fixture
    def service(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[IBMService]:
        service = IBMService()
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("QISKIT_IBM_TOKEN", service.key)
        yield service
        service.close()

    @pytest.fixture
    def adapter(self, service: IBMService) -> Adapter:
        return IBMAdapter(IBMSettings(runtime_url=service.runtime_url), SystemClock())
