"""How results.json of a Braket task is read, whole or not."""

import json
from typing import Any

import pytest

from qrng_hub.bits import unpack_shots
from qrng_hub.errors import JobFailedError, ReconstructedMeasurementsError, VendorError
from qrng_hub_braket.results import Expected, parse, simulator_seconds, tables

ARN = "arn:aws:braket:eu-north-1:123456789012:quantum-task/1"
ROWS = [[1, 0, 0], [1, 0, 1]]


def result(**content: Any) -> dict[str, Any]:
    return {"taskMetadata": {"id": ARN}, "measurements": ROWS, "measuredQubits": [7, 2, 5]} | content


def read(content: dict[str, Any] | str, labels: tuple[int, ...] | None = (2, 5, 7)) -> list[list[int]]:
    body, width = content if isinstance(content, str) else json.dumps(content, indent=1), len(labels or ROWS[0])
    (packed,) = tables(lambda _name: body.encode(), ARN, [Expected(len(ROWS), width, labels)])
    return [list(map(int, row)) for row in unpack_shots(packed, width)]


def test_columns_are_found_by_their_labels() -> None:
    assert read(result()) == [[0, 0, 1], [0, 1, 1]]
    assert read(result(), labels=None) == [[0, 0, 1], [0, 1, 1]]
    assert read(result(), labels=(5, 7)) == [[0, 1], [1, 1]]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")])
def test_white_space_does_not_matter(separators: tuple[str, str]) -> None:
    assert read(json.dumps(result(), separators=separators)) == [[0, 0, 1], [0, 1, 1]]


def test_digits_may_be_texts() -> None:
    texts = [["1", "0", "0"], ["1", "0", "1"]]
    for separators in ((",", ":"), (" , ", " : ")):
        assert read(json.dumps(result(measurements=texts), separators=separators)) == [[0, 0, 1], [0, 1, 1]]


def test_what_looks_like_shots_inside_a_text_is_text() -> None:
    trap = '"measurements": [[9, 9], [9, 9]]'
    assert parse(json.dumps({"a": trap, "measurements": ROWS}).encode())["a"] == trap
    assert read(result(additionalMetadata={"action": trap})) == [[0, 0, 1], [0, 1, 1]]


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 0, 0]],
        [[1, 0], [1, 0]],
        [[1, 0, 0], [1, 0]],
        [[1, 0, 2], [1, 0, 1]],
        [[1, 0, 10], [1, 0, 11]],
        [[1, 0, -1], [1, 0, 1]],
        [[1, 0, 0.0], [1, 0, 1]],
        [[1, 0, None], [1, 0, 1]],
        [[], []],
        [["1", "0", 0], ["1", "0", "1"]],
        [["1", "0", "2"], ["1", "0", "1"]],
        [["1", "0", "01"], ["1", "0", "1"]],
        [["1", "0", ""], ["1", "0", "1"]],
    ],
)
def test_other_shots_than_asked_for_are_refused(rows: list[list[Any]]) -> None:
    with pytest.raises(VendorError):
        read(result(measurements=rows))


@pytest.mark.parametrize("measured", [[7, 2], [7, 2, 2], [7, 2, 6], None])
def test_other_qubits_than_asked_for_are_refused(measured: list[int] | None) -> None:
    with pytest.raises(VendorError):
        read(result(measuredQubits=measured))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_part_of_a_result_is_refused_and_is_no_failed_job(share: float) -> None:
    text = json.dumps(result())
    with pytest.raises(VendorError, match="may be read again") as caught:
        read(text[: int(share * len(text))])
    assert not isinstance(caught.value, JobFailedError)


@pytest.mark.parametrize("text", ["[]", "3", '{"measurements": 3, "taskMetadata": {"id": "x"}}', "null"])
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(VendorError):
        read(text)


def test_probabilities_and_no_outcomes_at_all_are_told_apart() -> None:
    with pytest.raises(ReconstructedMeasurementsError):
        read(result(measurements=None, measurementProbabilities={"000": 1.0}))
    with pytest.raises(JobFailedError, match="laser"):
        read(result(measurements=None, failureReason="the laser tripped"))


def test_a_simulator_may_keep_its_time_to_itself() -> None:
    assert simulator_seconds(lambda _name: json.dumps(result()).encode(), ARN) is None
