"""Whatever is wrong with an input is said in the hub's own words: no sentence or address of a library's."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pools import a_pool
from qrng_hub import Circuit, Hub
from qrng_hub.config import load_run_file, run_file_from
from qrng_hub.delivery.numpy_seeding import replayed
from qrng_hub.errors import QRNGError, RequestError
from qrng_hub.hub.comparing import measured_again
from qrng_hub.hub.comparison_document import load_comparison
from qrng_hub.records import JobSpec
from qrng_hub.verification import verify

FOREIGN = ("pydantic", "validation error", "Input should be", "Field required", "Extra inputs", "Value error", "http")


def raw(**given: Any) -> None:
    asked: dict[str, Any] = {"backend": "local:stim", "circuits": Circuit().h(0).measure(0), "shots": 8} | given
    with Hub.open() as hub:
        hub.raw(**asked)


def run_file(**values: Any) -> None:
    Hub.open({"version": 1} | values).close()


def from_file(folder: Path, text: str) -> None:
    (folder / "run.toml").write_text(text, encoding="utf-8")
    load_run_file(folder / "run.toml")


def written(read: Callable[[Path], object], name: str, text: str) -> Callable[[Path], object]:
    """Reads a document that holds this text."""

    def call(folder: Path) -> object:
        (folder / name).write_text(text, encoding="utf-8")
        return read(folder)

    return call


def ibm_options(_folder: Path) -> None:
    from qrng_hub_ibm.settings import options_of

    options_of(JobSpec(key="k", address="ibm:x", circuits=(), shots=1, options={"rep_delay": -1, "other": 1}))


def pool_with(field: str, value: Any) -> Callable[[Path], object]:
    def call(folder: Path) -> object:
        marker = a_pool(folder).folder / "pool.json"
        line, _, seal = marker.read_text().partition("\n")
        marker.write_text(json.dumps(json.loads(line) | {field: value}) + "\n" + seal)
        return a_pool(folder)

    return call


WRONG: dict[str, Callable[[Path], object]] = {
    "raw: circuits": lambda _: raw(circuits=5),
    "raw: one of several": lambda _: raw(circuits=[Circuit().measure(0), "h q[0]"]),
    "raw: shots": lambda _: raw(shots="many"),
    "raw: shots below 1": lambda _: raw(shots=0),
    "raw: options": lambda _: raw(options={"seed": "x", "other": 1}),
    "raw: option no JSON has": lambda _: raw(options={"other": object()}),
    "raw: Decimal": lambda _: raw(options={"seed": Decimal("0.5")}),
    "request": lambda _: run_file(request={"bytes": "64", "epsilon": 2, "mode": "best", "other": 1}),
    "certificate": lambda _: run_file(request={"protocol": "chsh", "certificate": {"rounds": "x", "other": 1}}),
    "policy": lambda _: run_file(policy={"fallback": "never", "hedge": "yes"}),
    "budget": lambda _: run_file(budget={"usd": "much", "deadline_utc": "2026-01-01"}),
    "backend": lambda _: run_file(backend=[{"qubits": "all", "shots": 0}]),
    "backends": lambda _: run_file(backend=5),
    "sweep": lambda _: run_file(backend=[{"address": "local:stim", "sweep": {"shots": []}}]),
    "adapters": lambda _: run_file(adapters={"ibm": {"channel": "x", "timeout_seconds": -1}}),
    "options": lambda _: run_file(backend=[{"address": "ibm:ibm_fez", "options": {"rep_delay": "x"}}]),
    "ledger": lambda _: run_file(ledger={"url": 5, "url_env": "lower"}),
    "no table": lambda _: run_file_from({"version": 1, "request": 5}),
    "file": lambda folder: from_file(folder, "version = 1\n[request]\nbytes = 0.5\n[[backend]]\n"),
    "prices": lambda folder: from_file(folder, 'version = 1\nprices = "x"\n'),
    "ibm": ibm_options,
    "seed record": written(lambda folder: replayed(folder / "seed.json"), "seed.json", '{"words": "x", "other": 1}'),
    "seed record, no JSON": written(lambda folder: replayed(folder / "seed.json"), "seed.json", "{"),
    "comparison": written(load_comparison, "comparison.json", '{"comparison_id": 5}'),
    "comparison begun": written(lambda folder: measured_again(folder, None), "started.json", '{"request": 5}'),
    "pool": pool_with("next_block", "many"),
    "pool of another form": pool_with("other", 1),
    "receipt": written(
        lambda folder: verify((folder / "receipt.json").read_bytes()),
        "receipt.json",
        json.dumps({"receipt": {"draw_id": 5, "required_bits": "x"}, "signature": {"algorithm": 5}}),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_input_is_refused_in_the_hub_s_own_words(what: str, tmp_path: Path) -> None:
    with pytest.raises(QRNGError) as raised:
        WRONG[what](tmp_path)
    said = str(raised.value)
    assert said and not [word for word in FOREIGN if word in said], said


def qiskit_circuit() -> Any:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(1)
    circuit.h(0)
    return circuit


def cirq_circuit() -> Any:
    import cirq

    return cirq.Circuit(cirq.H(cirq.LineQubit(0)))


def braket_circuit() -> Any:
    from braket.circuits import Circuit as BraketCircuit

    return BraketCircuit().h(0)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (qiskit_circuit, "'QuantumCircuit' of 'qiskit'"),
        (cirq_circuit, "'Circuit' of 'cirq'"),
        (braket_circuit, "'Circuit' of 'braket'"),
        (lambda: "OPENQASM 3.0;", "'str' of 'builtins'"),
    ],
)
def test_a_circuit_of_another_sdk_is_told_how_to_be_written(make: Callable[[], Any], named: str) -> None:
    for circuits in (make(), [make()]):
        with pytest.raises(RequestError, match=r"write its gates anew, as in Circuit\(\)") as raised:
            raw(circuits=circuits)
        assert named in str(raised.value) or isinstance(circuits, list)
