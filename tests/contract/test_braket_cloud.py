"""Braket's cloud under the contract suite: with program sets and without, each vendor's form, SV1; loopback HTTP."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

import pytest

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.records import RawBlock
from qrng_hub.testing.contract import AdapterContract
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.errors import CLOUD_ERRORS
from qrng_hub_braket.settings import BraketSettings
from services.braket import BraketService
from services.braket_catalogue import ANKAA, CEPHEUS, EMERALD, FORTE, IBEX, RING
from vectors.braket_vendors import aqt, ionq, iqm, rigetti


class BraketCloudContract(AdapterContract):
    region = "us-east-1"
    devices: ClassVar[Mapping[str, Callable[[], dict[str, Any]]]] = {}
    vendor_errors = CLOUD_ERRORS
    vendor_error_modules = (
        "braket.ahs.discretization_types",
        "braket.default_simulator.openqasm.parser.openqasm_parser",
        "braket.default_simulator.openqasm.program_context",
        "braket.emulation.pass_manager",
        "braket.experimental_capabilities.experimental_capability_context",
        "braket.jobs.metrics_data.exceptions",
    )
    sdk_packages = ("braket", "boto3", "botocore")

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls) -> Iterator[Adapter]:  # one for a class: clients take long to make
        service = BraketService().start()
        for arn, made in cls.devices.items():
            service.catalogue.add(arn, made())
        settings = BraketSettings(s3="s3://amazon-braket-test/hub", region=cls.region, accept_probabilities=(FORTE,))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in service.environment.items():
                patch.setenv(name, value)
            adapter = BraketAdapter(settings, SystemClock())
            yield adapter
            adapter.close()
        service.stop()


class OneCircuitAJob(BraketCloudContract):
    """For backends without program sets: the suite's many circuits become as many jobs."""

    def run(self, adapter: Adapter, *circuits: Circuit, shots: int | None = None) -> tuple[RawBlock, ...]:
        blocks: list[RawBlock] = []
        for circuit in circuits:
            blocks += super().run(adapter, circuit, shots=shots)
        return tuple(blocks)


class TestDeviceWithProgramSets(BraketCloudContract):
    region = "eu-north-1"
    backend_name = "garnet"
    qubits = (0, 1, 3, 4, 5)
    pair = (5, 0)
    unsupported = Circuit().cz(0, 2).measure(0, 2)


class TestDeviceByItsArn(OneCircuitAJob):
    backend_name = RING
    qubits = (0, 1, 3, 4, 5)
    pair = (5, 0)
    unsupported = Circuit().cz(0, 2).measure(0, 2)

    def test_lists_the_backend_and_describes_it(self, adapter: Adapter) -> None:  # type: ignore[override]  # by ARN
        assert "ring-6" in adapter.names()
        assert adapter.describe(RING).origin is adapter.origin(RING)


class TestSV1(OneCircuitAJob):
    backend_name = "sv1"


class TestIonQ(OneCircuitAJob):
    devices: ClassVar = {FORTE: ionq}
    backend_name = "forte-1"
    pair = (7, 0)


class TestAQT(OneCircuitAJob):
    region = "eu-north-1"
    devices: ClassVar = {IBEX: aqt}
    backend_name = "ibex-q1"
    pair = (7, 0)


class TestEmerald(OneCircuitAJob):
    region = "eu-north-1"
    devices: ClassVar = {EMERALD: iqm}
    backend_name = "emerald"
    unsupported = Circuit().cz(0, 2).measure(0, 2)


class TestCepheus(OneCircuitAJob):
    region = "us-west-1"
    devices: ClassVar = {CEPHEUS: partial(rigetti, "cz")}
    backend_name = "cepheus-1-108q"
    unsupported = Circuit().cz(0, 2).measure(0, 2)


class TestAnkaa(OneCircuitAJob):
    region = "us-west-1"
    devices: ClassVar = {ANKAA: partial(rigetti, "iswap")}
    backend_name = "ankaa-3"
    unsupported = Circuit().cz(0, 2).measure(0, 2)
