"""What Braket's devices publish, in every form and with whatever is out of order, from files and from AWS."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import BackendLimitError, ConfigError, UnsupportedCircuitError
from qrng_hub.pricing import price_book
from qrng_hub.protocols import MIN_SHOTS, Superposition
from qrng_hub.records import Candidate, JobSpec, Origin
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.names import short_name
from qrng_hub_braket.published import Published, read
from qrng_hub_braket.settings import BraketSettings
from services.braket import BraketService
from services.braket_catalogue import AQUILA, CEPHEUS, EMERALD, FORTE, GARNET, IBEX, RING
from services.braket_jobs import ASYMMETRIC, SETTINGS, finish, spec, submit
from vectors.braket_devices import capabilities
from vectors.braket_vendors import aqt, ionq, iqm, quera, rigetti

BARE = json.dumps(capabilities())
ANSWER = {"deviceArn": GARNET, "deviceName": "Garnet", "deviceStatus": "ONLINE", "deviceType": "QPU"}


def emulated(folder: Path, text: str, circuit: Circuit = ASYMMETRIC, shots: int = 50) -> BraketAdapter:
    """Runs a circuit on the emulator of a device that is saved in a file."""
    (folder / "device.json").write_text(text, encoding="utf-8")
    adapter = BraketAdapter(BraketSettings(), SystemClock())
    (job,) = adapter.submit([JobSpec(key="k", address=address(folder), circuits=(circuit,), shots=shots)])
    assert adapter.collect(job)[0].shots == shots
    return adapter


def address(folder: Path) -> str:
    return f"braket:emulator/{folder}/device.json"


def one_qubit(device: dict[str, Any], label: int, **fidelities: float | None) -> dict[str, Any]:
    """Sets fidelities of a qubit, or takes them away, where they are None."""
    one = device["standardized"]["oneQubitProperties"][str(label)]
    for each in list(one["oneQubitFidelity"]):
        if (name := each["fidelityType"]["name"]) in fidelities:
            each["fidelity"] = fidelities[name]
            if fidelities[name] is None:
                one["oneQubitFidelity"].remove(each)
    return device


# files


@pytest.mark.parametrize(
    "text",
    [
        BARE,
        json.dumps(BARE),
        json.dumps(json.dumps(BARE)),
        "\ufeff" + BARE,
        json.dumps(ANSWER | {"deviceCapabilities": BARE}),
        json.dumps(ANSWER | {"deviceCapabilities": json.loads(BARE)}),
        json.dumps(json.dumps(ANSWER | {"deviceCapabilities": BARE})),
    ],
    ids=["bare", "text", "text twice", "with a mark", "get-device", "get-device, parsed", "get-device as text"],
)
def test_a_device_file_is_read_in_each_form_in_which_it_is_saved(tmp_path: Path, text: str) -> None:
    assert emulated(tmp_path, text).describe(f"emulator/{tmp_path}/device.json").qubits == 6


@pytest.mark.parametrize("text", ["null", "3", '"text"', '{"deviceCapabilities": null}', '{"deviceCapabilities": "["}'])
def test_what_is_no_device_is_said_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"device\.json does not hold a device"):
        emulated(tmp_path, text)


@pytest.mark.parametrize("made", [iqm, ionq, aqt, lambda: rigetti("cz"), lambda: rigetti("iswap")])
def test_the_device_of_each_vendor_is_emulated(tmp_path: Path, made: Callable[[], dict[str, Any]]) -> None:
    backend = emulated(tmp_path, json.dumps(made())).describe(f"emulator/{tmp_path}/device.json")
    assert [each.qubit for each in backend.calibration] == list(range(backend.qubits))


def test_every_device_of_the_price_book_is_among_those_that_the_contract_suite_runs() -> None:
    listed = {one.device.lower() for one in price_book().prices if one.vendor == "braket" and one.per_shot}
    assert listed == {short_name(arn) for arn in (FORTE, IBEX, EMERALD, CEPHEUS, GARNET)}


# qubits that are out of order


@pytest.mark.parametrize(
    "fidelities",
    [
        {"READOUT": 0.0},
        {"READOUT": None},
        {"READOUT": 0.4},
        {"RANDOMIZED_BENCHMARKING": 0.0},
        {"RANDOMIZED_BENCHMARKING": None},
    ],
)
def test_a_dead_qubit_is_left_out_and_named(
    service: BraketService, adapter: BraketAdapter, tmp_path: Path, fidelities: dict[str, float | None]
) -> None:
    device = one_qubit(capabilities(), 3, **fidelities)
    local = emulated(tmp_path, json.dumps(device), Circuit().h(0).x(4).measure(0, 4))
    service.catalogue.add(GARNET, device)
    for backend in (local.describe(f"emulator/{tmp_path}/device.json"), adapter.describe("garnet")):
        assert backend.qubits == 5
        assert backend.coupling == ((0, 1), (2, 3), (3, 4), (4, 0))
        assert "none published: its 3" in backend.description
    job = submit(adapter, spec(Circuit().x(2).measure(1, 2)))
    assert [int(bits[0]) >> 6 for bits in adapter.collect(finish(adapter, job))[0].outcomes[:3]] == [1, 1, 1]
    (check,) = (one for one in adapter.preflight(["garnet"]) if one.subject == "braket:garnet")
    assert "its qubits 3 are out of order and left out" in check.detail


def test_qubits_whose_neighbours_are_all_dead_still_run(tmp_path: Path) -> None:
    device = one_qubit(capabilities(pairs=((1, 2), (2, 3))), 2, READOUT=0.0)
    backend = emulated(tmp_path, json.dumps(device), Circuit().h(0).x(1).measure(0, 1)).describe(
        f"emulator/{tmp_path}/device.json"
    )
    assert (backend.qubits, backend.coupling) == (2, ())


def test_a_dead_pair_is_left_out(tmp_path: Path) -> None:
    device = capabilities()
    device["standardized"]["twoQubitProperties"]["2-3"]["twoQubitGateFidelity"][0]["fidelity"] = 0.0
    backend = emulated(tmp_path, json.dumps(device)).describe(f"emulator/{tmp_path}/device.json")
    assert (backend.qubits, backend.coupling) == (6, ((0, 1), (2, 3), (3, 4), (4, 5), (5, 0)))


@pytest.mark.parametrize("count", [5, 7, 20])
def test_a_count_of_qubits_that_disagrees_with_them_is_not_heeded(tmp_path: Path, count: int) -> None:
    device = capabilities()
    device["paradigm"]["qubitCount"] = count
    device["paradigm"]["connectivity"]["connectivityGraph"]["19"] = ["1", "6"]
    assert emulated(tmp_path, json.dumps(device)).describe(f"emulator/{tmp_path}/device.json").qubits == 6


def test_a_device_of_dead_qubits_says_so(tmp_path: Path) -> None:
    device = capabilities(pairs=((1, 2),))
    for label in (1, 2):
        one_qubit(device, label, READOUT=0.0)
    with pytest.raises(ConfigError, match="no qubit of it has a readout"):
        emulated(tmp_path, json.dumps(device))


def test_reading_a_device_leaves_what_it_published_as_it_was() -> None:
    for made in (ionq, aqt, lambda: one_qubit(capabilities(), 3, READOUT=0.0)):
        device = read(json.dumps(made()))
        before = device.json()
        first, second = Published.of(device), Published.of(device)
        assert first.layout.labels == second.layout.labels
        assert device.json() == before


# readout errors


def test_readout_errors_are_rates_or_fidelities_of_all_of_a_device(
    service: BraketService, adapter: BraketAdapter
) -> None:
    rates = [(one.flip_0_to_1, one.flip_1_to_0) for one in adapter.describe("garnet").calibration]
    fidelities = capabilities()
    for label in range(1, 7):
        error = fidelities["standardized"]["oneQubitProperties"][str(label)]["oneQubitFidelity"]
        for each in error[2:]:
            each["fidelity"] = 1 - each["fidelity"]
    service.catalogue.add(GARNET, fidelities)
    read_as = [(one.flip_0_to_1, one.flip_1_to_0) for one in adapter.describe("garnet").calibration]
    np.testing.assert_allclose(read_as, rates)
    one_qubit(fidelities, 2, READOUT_ERROR_0_TO_1=0.01, READOUT_ERROR_1_TO_0=0.02)
    adapter.describe("garnet")
    with pytest.raises(UnsupportedCircuitError, match="rates of some qubits and fidelities of others"):
        submit(adapter, spec())
    one_qubit(service.catalogue.capabilities[GARNET], 2, READOUT_ERROR_0_TO_1=0.99, READOUT_ERROR_1_TO_0=0.4)
    assert adapter.describe("garnet").calibration[1].flip_1_to_0 == pytest.approx(0.6), "as the others are read"


# limits


def test_the_fewest_shots_of_a_device_are_heeded_everywhere(
    service: BraketService, adapter: BraketAdapter, tmp_path: Path
) -> None:
    device = capabilities()
    device["service"]["shotsRange"] = [2000, 20000]
    service.catalogue.add(GARNET, device)
    with pytest.raises(BackendLimitError, match="takes 2,000 to 20,000 shots, not 1,999"):
        submit(adapter, spec(shots=1999))
    with pytest.raises(BackendLimitError, match="takes 2,000 to 20,000 shots, not 1,999"):
        emulated(tmp_path, json.dumps(device), shots=1999)
    assert service.tasks.all == {}
    backend = adapter.describe("garnet")
    candidate = Candidate(address="braket:garnet", origin=Origin.HARDWARE)
    assert Superposition().shots(backend, candidate, 1, 1e-9) == 2000
    assert Superposition().shots(backend.model_copy(update={"min_shots": 1}), candidate, 1, 1e-9) == MIN_SHOTS


def test_an_emulator_takes_no_more_circuits_or_shots_than_its_device(service: BraketService, tmp_path: Path) -> None:
    adapter = emulated(tmp_path, BARE)
    two = JobSpec(key="two", address=address(tmp_path), circuits=(ASYMMETRIC,) * 2, shots=50)
    with pytest.raises(BackendLimitError, match="1 to 1 circuits"):
        list(adapter.submit([two]))
    adapter = emulated(tmp_path, json.dumps(service.catalogue.capabilities[GARNET]))
    two = two.model_copy(update={"address": address(tmp_path)})
    assert len(list(adapter.submit([two]))) == 1
    most = two.model_copy(update={"circuits": (ASYMMETRIC,) * 11, "shots": 20_000})
    with pytest.raises(BackendLimitError, match="200,000 shots over all circuits"):
        list(adapter.submit([most]))


# devices that cannot be used, or not simply


def test_an_analog_device_says_that_it_is_one(service: BraketService, in_us: BraketAdapter) -> None:
    service.catalogue.add(AQUILA, quera())
    with pytest.raises(UnsupportedCircuitError, match="it is no gate-model device"):
        submit(in_us, spec(Circuit().h(0).measure(0), name="aquila"))
    (check,) = (one for one in in_us.preflight(["aquila"]) if one.subject == "braket:aquila")
    assert (check.verdict, "no gate-model device" in check.detail) == ("failed", True)


def _ring_without_samples() -> dict[str, Any]:
    device = capabilities()
    device["action"]["braket.ir.openqasm.program"]["supportedResultTypes"][0]["name"] = "Probability"
    return device


@pytest.mark.parametrize(("arn", "made"), [(FORTE, ionq), (RING, _ring_without_samples)])
def test_a_device_that_may_answer_probabilities_is_refused_before_it_is_paid_unless_it_is_named(
    service: BraketService, in_us: BraketAdapter, arn: str, made: Callable[[], dict[str, Any]]
) -> None:
    service.catalogue.add(arn, made())
    name = arn.rpartition("/")[2].lower()
    with pytest.raises(BackendLimitError, match=r"name this one in adapters\.braket\.accept_probabilities"):
        submit(in_us, spec(name=name))
    assert service.tasks.all == {}
    (check,) = (one for one in in_us.preflight([name]) if one.subject == f"shots of braket:{name}")
    assert (check.verdict, "jobs are refused" in check.detail) == ("warning", True)
    for accepted in (name, arn):
        settings = SETTINGS.model_copy(update={"region": "us-east-1", "accept_probabilities": (accepted,)})
        adapter = BraketAdapter(settings, SystemClock())
        job = submit(adapter, spec(name=name, key=accepted[-9:]))
        assert adapter.collect(finish(adapter, job))[0].shots == 100
        adapter.close()
