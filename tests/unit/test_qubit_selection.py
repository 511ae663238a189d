"""Which qubits a run file asks for: so many, or these physical ones."""

from typing import Any

import pytest

from game_device import GameDevice, winning
from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.errors import BackendLimitError, ConfigError
from qrng_hub.protocols.sites import sites_of
from qrng_hub.records import Backend, Candidate, Origin
from qrng_hub.testing import FrozenClock


def drawn(address: str, qubits: Any, **request: Any) -> tuple[int, ...]:
    backend = [{"address": address, "qubits": qubits}]
    with Hub.open({"version": 1, "request": {"bytes": 32} | request, "backend": backend}) as hub:
        (source,) = hub.run().receipt.sources
    return source.qubits


@pytest.mark.parametrize("address", ["local:stim", "cirq:simulator", "ibm:snapshot/fez", "braket:braket_sv"])
def test_a_draw_is_from_the_physical_qubits_named(address: str) -> None:
    assert drawn(address, [9, 2, 5]) == (2, 5, 9)


def test_a_plan_takes_no_other_qubits() -> None:
    assert set(drawn("ibm:snapshot/fez", [100, 7, 155, 30], mode="plan")) <= {7, 30, 100, 155}


def test_sets_that_play_together_are_among_those_named() -> None:
    device = GameDevice(winning(0.85, 1), FrozenClock())
    coupled = device.describe("qpu").model_copy(update={"coupling": ((0, 1), (1, 2), (2, 3), (4, 5))})

    def sites(backend: Backend, *qubits: int) -> tuple[tuple[int, ...], ...]:
        return sites_of(backend, Candidate(address="scripted:qpu", origin=Origin.HARDWARE, qubits=qubits), 2)

    assert [set(site) for site in sites(coupled, 2, 3, 4, 5)] == [{2, 3}, {4, 5}]
    assert sites(device.describe("qpu"), 3, 8, 9, 20) == ((3, 8), (9, 20))
    with pytest.raises(BackendLimitError, match="has room for 0 set"):
        sites(coupled, 0, 2)
    with pytest.raises(BackendLimitError, match="has the qubits 0 to 191, and no 192"):
        sites(coupled, 0, 192)


@pytest.mark.parametrize("wrong", [0, -1, True, 2.5, "all", [], [1.5], [-1], [True, 2]])
def test_what_is_no_selection_is_answered_in_one_line(wrong: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        run_file_from({"version": 1, "backend": [{"address": "local:stim", "qubits": wrong}]})
    assert str(caught.value).splitlines() == [
        "backend[0].qubits: must be a number of qubits, 1 or more, or a list of physical ones, such as [0, 3, 17]"
    ]
