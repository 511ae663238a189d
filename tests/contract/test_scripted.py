"""The scripted adapter under the contract suite: jobs that queue, run and end by its clock."""

import pytest

from qrng_hub.adapter import Adapter, VendorErrors
from qrng_hub.circuits import Circuit
from qrng_hub.errors import JobFailedError
from qrng_hub.records import Job
from qrng_hub.testing import AdapterContract, FrozenClock, Script, ScriptedAdapter


class TestScripted(AdapterContract):
    backend_name = "device"
    unsupported = Circuit().cx(0, 1).measure(0)
    vendor_errors = VendorErrors("scripted", {"builtins.ValueError": JobFailedError})

    @pytest.fixture
    def adapter(self) -> Adapter:
        return ScriptedAdapter({"device": Script()}, FrozenClock())

    def finish(self, adapter: Adapter, job: Job) -> Job:
        assert isinstance(adapter.clock, FrozenClock)
        adapter.clock.advance(100)
        return super().finish(adapter, job)
