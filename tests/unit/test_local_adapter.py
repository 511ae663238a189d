import subprocess
import sys

import numpy as np
import pytest

from qrng_hub.adapter import NoSettings
from qrng_hub.bits import unpack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import UnsupportedCircuitError
from qrng_hub.records import JobSpec, RawBlock
from qrng_hub_local import LocalAdapter


def sample(circuit: Circuit, **options: object) -> RawBlock:
    adapter = LocalAdapter(NoSettings(), SystemClock())
    spec = JobSpec.model_validate(
        {"key": "k", "address": "local:stim", "circuits": (circuit,), "shots": 20_000, "options": options}
    )
    (job,) = adapter.submit([spec])
    return adapter.collect(job)[0]


@pytest.mark.parametrize(
    ("options", "after_zero", "after_one"),
    [
        ({}, [0, 0], [1, 1]),
        ({"flip_0_to_1": 0.1}, [0.1, 0.1], [1, 1]),
        ({"flip_1_to_0": 0.2}, [0, 0], [0.8, 0.8]),
        ({"flip_0_to_1": [0.3, 0.1], "flip_1_to_0": [0.05]}, [0.3, 0.1], [0.95, 1]),
    ],
)
def test_readout_flips_depend_on_the_outcome_and_the_qubit(
    options: dict[str, object], after_zero: list[float], after_one: list[float]
) -> None:
    """Seven standard errors: false alarms below 3e-12 a comparison."""
    for circuit, expected in ((Circuit(), after_zero), (Circuit().x(0, 1), after_one)):
        means = unpack_shots(sample(circuit.measure(0, 1), **options).outcomes, 2).mean(axis=0)
        tolerance = 7 * np.sqrt(np.multiply(expected, np.subtract(1, expected)) / 20_000)
        assert (abs(means - expected) <= tolerance).all()


def test_flips_name_physical_qubits() -> None:
    block = sample(Circuit().measure(0, 2), flip_0_to_1=[0, 0, 1])
    assert unpack_shots(block.outcomes, 2).mean(axis=0).tolist() == [0, 1]


def test_the_first_samples_may_be_taken_by_many_threads() -> None:
    """In a new process, since it is stim's first sample that could block."""
    code = """
import threading
from qrng_hub import Hub
with Hub.open() as hub:
    threads = [threading.Thread(target=hub.random_bytes, args=(8,)) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_a_circuit_that_is_not_clifford_names_backends_that_run_it() -> None:
    with pytest.raises(UnsupportedCircuitError, match=r"cannot run the gate\(s\) rx.*cirq:simulator, ibm:aer and"):
        sample(Circuit().rx(0.1, 0).measure(0))
