"""Recorded shots under the contract suite: what takes other circuits than a record answers is refused."""

from pathlib import Path

import numpy as np
import pytest

from qrng_hub.adapter import Adapter, VendorErrors
from qrng_hub.bits import pack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import UnsupportedCircuitError
from qrng_hub.testing import AdapterContract
from qrng_hub_replay import ReplayAdapter
from qrng_hub_replay.settings import RecordSettings, ReplaySettings

#: A record has no other outcomes than those of its one circuit.
NEVER = {
    "test_every_qubit_has_its_own_column",
    "test_an_asymmetric_pattern_of_any_width",
    "test_measures_only_the_qubits_asked_for",
    "test_a_batch_equals_its_circuits_alone",
    "test_many_jobs_keep_their_order_and_their_keys",
    "test_every_gate_does_what_its_name_says",
}


class TestReplay(AdapterContract):
    backend_name = "record.npy"
    unsupported = Circuit().h(0, 0).measure(0)
    vendor_errors = VendorErrors("replay", {})
    sdk_packages = ("qiskit", "qiskit_ibm_runtime", "braket")

    @pytest.fixture
    def adapter(self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adapter:
        if request.node.originalname in NEVER:
            reason = "a record has no outcomes but those of its one circuit"
            raises = (UnsupportedCircuitError, AssertionError)
            request.applymarker(pytest.mark.xfail(raises=raises, strict=True, reason=reason))
        monkeypatch.chdir(tmp_path)
        np.save("record.npy", pack_shots(np.random.default_rng(1).integers(0, 2, (4000, 12))))
        files = {"record.npy": RecordSettings(qubits=12, qubit_0="left")}
        return ReplayAdapter(ReplaySettings(files=files), SystemClock())
