"""Files of recorded shots: read as they were measured, or refused in one sentence."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from braket.circuits import Circuit as BraketCircuit
from braket.devices import LocalSimulator
from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.primitives import StatevectorSampler
from qiskit_ibm_runtime import RuntimeEncoder

from qrng_hub.bits import pack_shots, unpack_shots
from qrng_hub.errors import ConfigError, QRNGError, ReconstructedMeasurementsError, UnknownBackendError
from qrng_hub_replay.reading import read_record
from qrng_hub_replay.settings import RecordSettings
from qrng_hub_replay.shots import ShotTable

VECTORS = Path(__file__).parents[2] / "vectors" / "recorded"
SHOTS = np.random.default_rng(7).integers(0, 2, (100, 12), np.uint8)
LINES = ["".join(map(str, row)) for row in SHOTS.tolist()]


def read(path: Path, **settings: Any) -> ShotTable:
    return read_record(path, RecordSettings.model_validate(settings))


def outcomes(table: ShotTable) -> list[list[int]]:
    """Returns the shots of a table as lists, a column a label."""
    listed: list[list[int]] = unpack_shots(table.packed, len(table.labels)).tolist()
    return listed


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


# what is read


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("shots.npy", npy(pack_shots(SHOTS))),
        ("shots.txt", "\n".join(LINES)),
        ("windows.txt", "\ufeff" + "\r\n".join(LINES) + "\r\n\r\n"),
        ("registers.txt", "\n".join(f"{line[:5]} {line[5:]}" for line in LINES)),
        ("one-line.txt", "".join(LINES)),
        ("bare.csv", "\n".join(",".join(line) for line in LINES)),
        ("strings.csv", "shot,bitstring\n" + "\n".join(f"{n},'{line}'" for n, line in enumerate(LINES))),
    ],
)
def test_reads_shots_from_the_end_that_is_stated(tmp_path: Path, name: str, content: str | bytes) -> None:
    path = written(tmp_path, name, content)
    table = read(path, qubits=12, qubit_0="left")
    assert (table.labels, outcomes(table)) == (tuple(range(12)), SHOTS.tolist())
    assert outcomes(read(path, qubits=12, qubit_0="right")) == SHOTS[:, ::-1].tolist()
    with pytest.raises(ConfigError, match=r"which end of a shot is qubit 0.*qubit_0 = \"left\""):
        read(path, qubits=12)


@pytest.mark.parametrize("content", ["0\n1\n1\n0", "0110"])
def test_one_qubit_needs_no_order(tmp_path: Path, content: str) -> None:
    assert outcomes(read(written(tmp_path, "one.txt", content), qubits=1)) == [[0], [1], [1], [0]]


def test_named_columns_say_their_qubits(tmp_path: Path) -> None:
    path = written(tmp_path, "named.csv", "Shot,q[7],Qubit 2,5\n1,1,0,1\n2,0,0,1\n")
    table = read(path)
    assert (table.labels, outcomes(table)) == ((2, 5, 7), [[0, 1, 1], [0, 1, 0]])


def test_reads_a_sampler_s_result_by_the_decoder_of_the_sdk(tmp_path: Path) -> None:
    circuit = QuantumCircuit(QuantumRegister(12), ClassicalRegister(3, "low"), ClassicalRegister(9, "high"))
    circuit.h([0, 5])
    circuit.x([1, 11])
    circuit.measure(range(12), range(12))
    result = StatevectorSampler(seed=1).run([circuit], shots=500).result()
    path = written(tmp_path, "job.json", json.dumps(result, cls=RuntimeEncoder))
    table = read(path)
    low, high = (result[0].data[name].get_bitstrings() for name in ("low", "high"))
    expected = [[int(bit) for bit in (above + below)[::-1]] for below, above in zip(low, high, strict=True)]
    assert (table.labels, outcomes(table)) == (tuple(range(12)), expected)


def test_a_result_of_several_circuits_needs_its_part(tmp_path: Path) -> None:
    circuits = [QuantumCircuit(1, 1), QuantumCircuit(2, 2)]
    for circuit in circuits:
        circuit.x(0)
        circuit.measure(circuit.qubits, circuit.clbits)
    result = StatevectorSampler(seed=1).run(circuits, shots=3).result()
    path = written(tmp_path, "job.json", json.dumps(result, cls=RuntimeEncoder))
    assert outcomes(read(path, part=1)) == [[1, 0]] * 3
    with pytest.raises(ConfigError, match="outcomes of 2 circuits: set part, from 0 to 1"):
        read(path)
    with pytest.raises(ConfigError, match="has no part 2"):
        read(path, part=2)


def test_an_array_that_unpacks_to_more_than_shots_can_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    result = StatevectorSampler(seed=1).run([circuit], shots=3000).result()
    path = written(tmp_path, "job.json", json.dumps(result, cls=RuntimeEncoder))
    assert len(read(path).packed) == 3000
    monkeypatch.setattr("qrng_hub_replay.ibm_results.MOST_BYTES", 2999)
    with pytest.raises(ConfigError, match="holds an array of more than 2,999 bytes"):
        read(path)


def braket_result(**changes: Any) -> dict[str, Any]:
    """Makes what Braket's own simulator gives of three qubits, as the service writes it."""
    circuit = BraketCircuit().h(0).x(1).h(2)
    result = LocalSimulator().run(circuit, shots=200).result()
    document = {
        "braketSchemaHeader": {"name": "braket.task_result.gate_model_task_result", "version": "1"},
        "measurements": result.measurements.tolist(),
        "measuredQubits": [4, 2, 9],
        "taskMetadata": {"deviceId": "arn:aws:braket:::device/qpu/a/b"},
    }
    return document | changes


def test_reads_the_measurements_of_a_task_and_its_qubits(tmp_path: Path) -> None:
    document = braket_result()
    table = read(written(tmp_path, "results.json", json.dumps(document)))
    assert table.labels == (2, 4, 9)
    assert outcomes(table) == [[row[1], row[0], row[2]] for row in document["measurements"]]
    assert table.device == "arn:aws:braket:::device/qpu/a/b"


@pytest.mark.parametrize("which", ["baseline", "conditioned"])
def test_reads_a_published_record_of_a_device(which: str, tmp_path: Path) -> None:
    """GHZ states of 15 qubits on ibm_marrakesh; the source and its licence stand beside the file."""
    table = read(VECTORS / f"marrakesh-ghz-{which}.csv", qubit_0="right", qubits=15)
    shots = unpack_shots(table.packed, 15)
    assert shots.shape == (2000, 15)
    agreeing = (shots.sum(axis=1) % 15 == 0).mean()
    assert 0.5 < agreeing < 0.8
    fourth = {"baseline": "111111011111101", "conditioned": "000000000000000"}[which]
    assert outcomes(table)[3] == [int(digit) for digit in reversed(fourth)]


# what is refused

_SORTED = "\n".join(sorted(LINES))
_GROUPED = "\n".join(["0110"] * 60 + ["1110"] * 30 + ["0001"] * 40)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sorted.txt", _SORTED),
        ("falling.txt", "\n".join(sorted(LINES, reverse=True))),
        ("grouped.txt", _GROUPED),
        ("sorted.npy", npy(np.sort(np.random.default_rng(1).integers(0, 256, (100, 1), np.uint8) & 0xF0, axis=0))),
        ("sorted.csv", "bitstring\n" + _SORTED),
        ("counts.csv", "Bitstring,Count\n'00',512\n'11',512\n"),
        ("counts.txt", "00 512\n01 3\n"),
        ("counts.json", '{"00": 512, "11": 488}'),
        ("probabilities.json", '{"00": 0.5, "11": 0.5}'),
        ("results.json", json.dumps(braket_result(measurements=None, measurementProbabilities={"000": 1.0}))),
        ("results-sorted.json", json.dumps(braket_result(measurements=sorted(braket_result()["measurements"])))),
    ],
)
def test_shots_that_were_rebuilt_from_counts_are_refused(tmp_path: Path, name: str, content: str | bytes) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(ReconstructedMeasurementsError, match="ask for the shots as measured"):
        read(path, qubits=4 if name.endswith(".npy") else None, qubit_0="left")


@pytest.mark.parametrize(
    ("name", "content", "settings", "complaint"),
    [
        ("empty.txt", "", {}, "is empty"),
        ("blank.txt", "\n \n", {}, "is empty"),
        ("words.txt", "not shots at all", {}, "other characters than 0 and 1"),
        ("short.txt", "0101\n101\n0011\n", {}, "3 digits in shot 2 and 4 in the first: leading zeros may be lost"),
        ("stream.txt", "01011", {"qubits": 2}, "5 digits, no multiple of its 2 qubits"),
        ("stream.txt", "0101", {}, "one line of digits and does not say how many a shot has: set qubits"),
        ("other.txt", "0101\n1010", {"qubits": 3}, "4 digits a shot, and 3 qubits are stated"),
        ("shots.npy", npy(SHOTS[:, :8]), {}, "does not say how many qubits"),
        ("wide.npy", npy(pack_shots(SHOTS)), {"qubits": 17}, "rows of 2 bytes, and 17 qubits are packed into 3"),
        ("order.npy", npy(np.packbits(SHOTS, axis=1, bitorder="little")), {"qubits": 12}, "ones after qubit 11"),
        ("unpacked.npy", npy(SHOTS), {"qubits": 12}, "rows of 12 bytes"),
        ("floats.npy", npy(np.zeros((4, 1))), {"qubits": 8}, "no .npy file of packed shots"),
        ("flat.npy", npy(np.zeros(4, np.uint8)), {"qubits": 8}, "no .npy file of packed shots"),
        ("none.npy", npy(np.zeros((0, 1), np.uint8)), {"qubits": 8}, "holds no shots"),
        ("objects.npy", npy(np.array([None, {}])), {"qubits": 8}, "damaged or holds Python objects"),
        ("cut.npy", npy(pack_shots(SHOTS))[:-7], {"qubits": 12}, "damaged"),
        ("text.npy", "0101", {"qubits": 12}, "damaged"),
        ("cells.csv", "q0,q1\n0,1\n1\n", {}, "1 cells in shot 2 and 2 in its header: columns are missing"),
        ("values.csv", "q0,q1\n0,1\n1,2\n", {}, "shot 2 something else than a 0 or 1"),
        ("ragged.csv", "0,1\n1\n", {}, "shot 2 something else than a 0 or 1"),
        ("fewer.csv", "q0,q1\n0,1\n1,0\n", {"qubits": 3}, "columns of 2 qubits, and 3 are stated"),
        ("strange.csv", "q0,temperature\n0,1\n", {}, "a column 'temperature', which is no shot's number"),
        ("twice.csv", "q0,0\n0,1\n", {}, "names qubit 0 twice"),
        ("lost.csv", "shot,q0\n0,0\n1,1\n3,0\n", {}, "shot '3' where 2 is expected: shots are missing"),
        ("zeros.csv", "shot,bitstring\n0,0101\n1,101\n", {}, "3 digits in shot 2 and 4 in the first"),
        ("latin.csv", "shot,\xe9\n".encode("latin-1"), {}, "comma-separated values in ASCII"),
        ("header.csv", "shot,q0\n", {}, "holds no shots"),
        ("far.csv", "q99999\n0\n", {}, "above 65,535"),
        ("cut.json", '{"measurements": [[0, 1]', {}, "no whole JSON document"),
        ("deep.json", "[" * 100_000, {}, "no whole JSON document"),
        ("other.json", '{"shots": "01"}', {}, "neither a SamplerV2 job's result nor Braket's"),
        ("list.json", "[1, 2]", {}, "neither a SamplerV2 job's result nor Braket's"),
        ("forced.json", "[]", {"format": "ibm"}, "is not the result of a SamplerV2 job"),
        ("result.json", '{"__type__": "PrimitiveResult", "__value__": 3}', {}, "does not read"),
        ("result.json", '{"__type__": "PrimitiveResult", "__value__": {"a": {"__type__": "x"}}}', {}, "holds a 'x'"),
        (
            "array.json",
            '{"__type__": "PrimitiveResult", "__value__": {"a": {"__type__": "ndarray", "__value__": "AAAA"}}}',
            {},
            "an array that cannot be unpacked",
        ),
        ("set.json", json.dumps({"braketSchemaHeader": {"name": "other"}}), {}, "one gate-model circuit"),
        ("name.json", json.dumps(braket_result(measuredQubits=None)), {}, "does not name the qubits"),
        ("ragged.json", json.dumps(braket_result(measurements=[[0, 1, 1], [0]])), {}, "different lengths"),
        ("two.json", json.dumps(braket_result(measurements=[[0, 1, 2]])), {}, "no rows of zeros and ones"),
        ("wide.json", json.dumps(braket_result(measurements=[[0, 1]])), {}, "shots of 2 qubits and names 3"),
    ],
)
def test_what_is_no_record_of_shots_is_refused(
    tmp_path: Path, name: str, content: str | bytes, settings: dict[str, Any], complaint: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(path, **({"qubit_0": "left"} | settings))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownBackendError, match="there is no such file"):
        read(tmp_path / "missing.npy")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_constant_record_is_left_to_the_health_tests(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "stuck.txt", "0\n" * 100)).packed) == 100


@pytest.mark.parametrize("size", range(0, 400, 7))
def test_a_file_that_was_cut_anywhere_is_read_or_refused(tmp_path: Path, size: int) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    job = json.dumps(StatevectorSampler(seed=1).run([circuit], shots=9).result(), cls=RuntimeEncoder)
    for name, content in {
        "a.json": job.encode(),
        "b.json": json.dumps(braket_result()).encode(),
        "c.npy": npy(pack_shots(SHOTS)),
        "d.csv": b"shot,bitstring\n0,0101\n1,1010\n",
    }.items():
        path = written(tmp_path, name, content[:size])
        try:
            read(path, qubit_0="left", qubits=12 if name == "c.npy" else None)
        except QRNGError:
            continue


def test_a_file_in_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(VECTORS / "marrakesh-ghz-baseline.csv", tmp_path / "record.csv")
    assert len(read(Path("~/record.csv").expanduser(), qubit_0="right").packed) == 2000
