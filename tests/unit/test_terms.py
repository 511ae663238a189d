"""No job is planned with fewer shots than are expected to give its outputs, whatever its size."""

import pytest

from qrng_hub.extractors import outputs_from
from qrng_hub.planner import Wanted, terms_of
from qrng_hub.protocols import CERTAIN, Superposition
from qrng_hub.records import Backend, Candidate, Origin, QubitCalibration, Request
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter


class Noisy(ScriptedAdapter):
    """A device whose readout errors differ from qubit to qubit."""

    flips = 0.0

    def describe(self, name: str) -> Backend:
        errors = [QubitCalibration(qubit=q, flip_0_to_1=self.flips * q / 16, flip_1_to_0=self.flips) for q in range(16)]
        return super().describe(name).model_copy(update={"calibration": tuple(errors)})


@pytest.mark.parametrize("flips", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("epsilon", [2.0**-20, 2.0**-64, 2.0**-200])
@pytest.mark.parametrize("outputs", [1, 5, 60, 1000, 40_000])
def test_a_job_of_any_size_gives_what_it_is_planned_with(flips: float, epsilon: float, outputs: int) -> None:
    adapter = Noisy({"device": Script()}, FrozenClock())
    adapter.flips = flips
    candidate = Candidate(address="scripted:device", origin=Origin.HARDWARE)
    request = Request(bytes=64 * outputs, mode="plan", epsilon=epsilon, candidates=(candidate,))
    terms = terms_of(adapter, Wanted(candidate, request, None, None, accepts_unknown_price=False), outputs)
    assert not terms.problem
    backend, most = adapter.describe("device"), terms.outputs_a_job
    for planned in sorted({1, 2, 3, most // 100, most // 10, most // 2, most - 1, most} - {0}):
        shots = terms.shots_for(planned)
        bits = CERTAIN * float(Superposition().expected(backend, terms.qubits, shots).sum())
        assert outputs_from(shots, len(terms.qubits), bits, request.epsilon_per_block) >= planned


def test_no_job_is_planned_with_fewer_shots_than_the_backend_takes() -> None:
    class Coarse(ScriptedAdapter):
        def describe(self, name: str) -> Backend:
            return super().describe(name).model_copy(update={"min_shots": 5000})

    adapter = Coarse({"device": Script()}, FrozenClock())
    candidate = Candidate(address="scripted:device", origin=Origin.HARDWARE)
    request = Request(bytes=64, mode="plan", candidates=(candidate,))
    terms = terms_of(adapter, Wanted(candidate, request, None, None, accepts_unknown_price=False), 1)
    assert (terms.problem, terms.shots_for(1)) == ("", 5000)
