"""What IBM publishes of a device: qubits and couplings that are out of use, and readout errors with gaps."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError
from qrng_hub.protocols import Superposition, published_readout
from qrng_hub.protocols.crediting import Counts, credit_qubits
from qrng_hub.records import Backend, Candidate, JobState, Origin
from qrng_hub_ibm import IBMAdapter
from qrng_hub_ibm.devices import qubit_calibration
from qrng_hub_ibm.snapshots import snapshot
from services.ibm import IBMService
from services.ibm_hub import DEVICE, finish, hadamards, spec_for, submit

PROPERTIES, CONFIGURATION = f"{DEVICE}/properties", f"{DEVICE}/configuration"
_DOWN = {"date": "2026-11-20T12:00:00+00:00", "name": "operational", "unit": "", "value": 0}


def out_of_use(content: dict[str, Any]) -> None:
    """Takes qubit 3 and the gate between 12 and 13 out of use."""
    content["qubits"][3].append(_DOWN)
    for gate in content["gates"]:
        if sorted(gate["qubits"]) == [12, 13]:
            gate["parameters"].append(_DOWN)


def without(qubit: int, *names: str) -> Callable[[dict[str, Any]], None]:
    def alter(content: dict[str, Any]) -> None:
        content["qubits"][qubit] = [value for value in content["qubits"][qubit] if value["name"] not in names]

    return alter


def candidate(**asked: Any) -> Candidate:
    return Candidate(address=f"ibm:{DEVICE}", origin=Origin.HARDWARE, **asked)


# out of use


def test_a_faulty_qubit_is_left_out_and_named(service: IBMService, adapter: IBMAdapter) -> None:
    service.catalogue.altered[PROPERTIES] = out_of_use
    backend = adapter.describe(DEVICE)
    assert (backend.faulty, backend.qubits, backend.default_qubits) == ((3,), 16, 15)
    assert "without its faulty qubits 3" in backend.description
    qubits = Superposition().qubits(backend, candidate())
    assert qubits == (0, 1, 2, *range(4, 16))
    assert set(Superposition().paying_qubits(backend, candidate(), 4096)) <= set(qubits)
    job = finish(adapter, submit(adapter, spec_for(hadamards(*qubits))))
    assert job.state is JobState.DONE
    assert adapter.collect(job)[0].qubits == qubits


def test_faulty_couplings_are_left_out(service: IBMService, adapter: IBMAdapter) -> None:
    whole = set(adapter.describe(DEVICE).coupling or ())
    service.catalogue.altered[PROPERTIES] = out_of_use
    assert whole - set(adapter.describe(DEVICE).coupling or ()) == {(12, 13), (2, 3), (3, 5)}


def test_a_faulty_qubit_that_was_asked_for_is_refused_by_name(service: IBMService, adapter: IBMAdapter) -> None:
    service.catalogue.altered[PROPERTIES] = out_of_use
    backend = adapter.describe(DEVICE)
    with pytest.raises(BackendLimitError, match="out of use: 3"):
        Superposition().qubits(backend, candidate(qubits=(2, 3)))
    with pytest.raises(BackendLimitError, match=r"15 qubits besides those out of use \(3\), not 16"):
        Superposition().qubits(backend, candidate(qubits=16))
    with pytest.raises(BackendLimitError, match="out of use: 3"):
        submit(adapter, spec_for(Circuit().h(3).measure(3)))
    assert service.posts() == 0


def test_a_device_without_a_qubit_in_use_is_refused() -> None:
    backend = snapshot("armonk").backend.model_copy(update={"faulty": (0,), "default_qubits": 0})
    with pytest.raises(BackendLimitError, match="every qubit"):
        Superposition().qubits(backend, candidate())


# readout errors


def test_a_qubit_without_published_readout_never_raises_the_credit(service: IBMService, adapter: IBMAdapter) -> None:
    whole = credit_of(adapter.describe(DEVICE))
    service.catalogue.altered[PROPERTIES] = without(2, "prob_meas1_prep0", "prob_meas0_prep1", "readout_error")
    backend = adapter.describe(DEVICE)
    assert {entry.qubit for entry in backend.calibration} == set(range(16)) - {2}
    credit = credit_of(backend)
    assert credit[2] <= min(whole)
    assert np.delete(credit, 2).tolist() == np.delete(whole, 2).tolist()
    readout = published_readout(backend, range(16))
    assert readout is not None
    assert "qubits 2" in readout.assumption


def test_the_mean_readout_error_stands_in_for_probabilities_that_are_missing(
    service: IBMService, adapter: IBMAdapter
) -> None:
    whole = adapter.describe(DEVICE)
    for names in (["prob_meas1_prep0"], ["prob_meas0_prep1"], ["prob_meas1_prep0", "prob_meas0_prep1"]):
        service.catalogue.altered[PROPERTIES] = without(2, *names)
        backend = adapter.describe(DEVICE)
        assert len(backend.calibration) == 16
        assert 0 < credit_of(backend)[2] <= credit_of(whole)[2]


def credit_of(backend: Backend) -> list[float]:
    """Credits 50,000 fair outcomes of each of 16 qubits."""
    counts = Counts(np.full(16, 25_000), 50_000)
    return list(credit_qubits(counts, published_readout(backend, range(16))).credited_bits_per_qubit)


@pytest.mark.parametrize(
    ("published", "flips"),
    [
        ({"prob_meas1_prep0": 0.01, "prob_meas0_prep1": 0.03, "readout_error": 0.02}, (0.01, 0.03)),
        ({"prob_meas1_prep0": 0.0024, "prob_meas0_prep1": 0.0024, "readout_error": 0.004}, (0.004, 0.004)),
        ({"prob_meas1_prep0": 0.05, "prob_meas0_prep1": 0.03, "readout_error": 0.02}, (0.05, 0.03)),
        ({"prob_meas1_prep0": 0.9, "prob_meas0_prep1": 0.1, "readout_error": 0.8}, (1.0, 0.6)),
        ({"prob_meas1_prep0": 0.0, "prob_meas0_prep1": 1.0, "readout_error": 1.0}, (1.0, 1.0)),
        ({"prob_meas1_prep0": 0.01, "prob_meas0_prep1": 0.03}, (0.01, 0.03)),
        ({"prob_meas1_prep0": 0.01, "readout_error": 0.02}, (0.01, 0.04)),
        ({"readout_error": 0.02}, (0.04, 0.04)),
        ({"readout_error": 0.7}, (1.0, 1.0)),
        ({"prob_meas1_prep0": float("nan"), "readout_error": 0.02}, (0.04, 0.04)),
        ({"prob_meas1_prep0": 0.01}, None),
        ({"prob_meas1_prep0": 1.5, "prob_meas0_prep1": 0.03}, None),
        ({"readout_error": None}, None),
        ({}, None),
    ],
)
def test_the_larger_figure_bounds(published: dict[str, Any], flips: tuple[float, float] | None) -> None:
    entry = qubit_calibration(publishing(published), 0)
    assert (entry and (entry.flip_0_to_1, entry.flip_1_to_0)) == (flips and pytest.approx(flips))


def publishing(values: dict[str, Any]) -> Any:
    """Makes the properties of a device of one qubit."""
    qubit = {name: (value, None) for name, value in values.items()}
    return SimpleNamespace(qubits=[[]], qubit_property=lambda _: qubit)


def test_a_constant_qubit_of_a_snapshot_is_worth_nothing() -> None:
    """22 qubits of Cusco always gave the same bit when it was calibrated, and five more erred in half of all shots."""
    backend = snapshot("cusco").backend
    constant = [c.qubit for c in backend.calibration if c.flip_0_to_1 + c.flip_1_to_0 >= 1]
    assert len(constant) >= 22
    assert Superposition().expected(backend, constant, 4096).tolist() == [0.0] * len(constant)
    assert not set(constant) & set(Superposition().paying_qubits(backend, candidate(), 4096))
