"""A processor of Google's under the contract suite, on a loopback service."""

from collections.abc import Iterator

import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.records import RawBlock
from qrng_hub.testing.contract import AdapterContract
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.errors import ENGINE_ERRORS
from qrng_hub_cirq.settings import CirqSettings
from services.google import GoogleService


class ProcessorContract(AdapterContract):
    vendor_errors = ENGINE_ERRORS
    vendor_error_modules = (
        "google.api_core.exceptions",
        "google.auth.exceptions",
        "cirq_google.engine.engine_client",
        "cirq_google.engine.stream_manager",
        "duet.impl",
    )
    sdk_packages = ("cirq", "cirq_google", "google", "grpc")
    processor: str

    @pytest.fixture(scope="class")
    @classmethod
    def service(cls) -> Iterator[GoogleService]:  # one for a class: machines take long to make
        service = GoogleService((cls.processor,))
        yield service
        service.close()

    @pytest.fixture
    def adapter(self, service: GoogleService) -> Iterator[Adapter]:
        adapter = CirqAdapter(CirqSettings(project_id=service.project), SystemClock(), service.open_engine)
        yield adapter
        adapter.close()

    def run(self, adapter: Adapter, *circuits: Circuit, shots: int | None = None) -> tuple[RawBlock, ...]:
        """Runs as many jobs as there are circuits: a job has one."""
        return tuple(
            block for circuit in circuits for block in super(ProcessorContract, self).run(adapter, circuit, shots=shots)
        )


class TestRainbow(ProcessorContract):
    processor = "rainbow"
    backend_name = "engine/rainbow"
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 22)
    pair = (3, 2)
    unsupported = Circuit().cx(0, 22).measure(0, 22)


class TestWillowPink(ProcessorContract):
    processor = "willow_pink"
    backend_name = "engine/willow_pink"
    qubits = (0, 1, 3, 4, 6, 7, 8, 10, 104)
    pair = (1, 0)
    unsupported = Circuit().cx(0, 104).measure(0, 104)
