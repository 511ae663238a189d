"""Laws that hold for every input."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qrng_hub.bits import Bits, count_ones, from_integer_shots, pack_shots, unpack_shots
from qrng_hub.delivery import xor_all
from qrng_hub.errors import InsufficientEntropyError
from qrng_hub.estimators import most_common_value
from qrng_hub.extractors import extract_shots, layout_of, outputs_from

SHOTS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 1))


@given(SHOTS)
def test_unpacking_undoes_packing(shots: npt.NDArray[np.uint8]) -> None:
    assert (unpack_shots(pack_shots(shots), shots.shape[1]) == shots).all()


@given(SHOTS)
def test_ones_are_counted_by_column(shots: npt.NDArray[np.uint8]) -> None:
    assert (count_ones(pack_shots(shots), shots.shape[1]) == shots.sum(axis=0)).all()


@given(SHOTS)
def test_integer_rows_are_read_as_integers(shots: npt.NDArray[np.uint8]) -> None:
    width = shots.shape[1]
    values = [sum(int(bit) << index for index, bit in enumerate(row)) for row in shots]
    rows = [list(value.to_bytes(-(-width // 8), "big")) for value in values]
    assert (unpack_shots(from_integer_shots(np.array(rows, np.uint8), width), width) == shots).all()


@given(st.lists(st.booleans(), max_size=70), st.lists(st.booleans(), max_size=70))
def test_bits_join_in_order(left: list[bool], right: list[bool]) -> None:
    assert list(Bits.from_array(left) + Bits.from_array(right)) == [*map(int, left), *map(int, right)]


@given(st.lists(st.binary(min_size=9, max_size=9), min_size=1, max_size=5))
def test_xor_of_everything_twice_is_nothing(outputs: list[bytes]) -> None:
    assert xor_all(outputs + outputs) == bytes(9)


@given(st.integers(0, 5000), st.integers(2, 5000))
def test_the_estimate_is_between_nothing_and_one_bit_and_blind_to_sign(ones: int, samples: int) -> None:
    ones = min(ones, samples)
    estimate = most_common_value(np.array([ones, samples - ones]), samples)
    assert 0 <= estimate[0] == estimate[1] <= 1


@given(st.floats(0.01, 1), st.integers(8, 3000), st.integers(1, 40), st.floats(1e-30, 0.5))
def test_extraction_gives_whole_pieces_and_never_more_than_the_bound(
    bits: float, shots: int, qubits: int, epsilon: float
) -> None:
    cut = layout_of(shots, qubits, bits * qubits, epsilon)
    outputs = outputs_from(shots, qubits, bits * qubits, epsilon)
    assert cut.blocks * cut.shots <= shots
    assert 512 * outputs <= max(0.0, cut.blocks * (cut.shots * qubits * bits + 2 * np.log2(epsilon) + 2.0001))
    table = pack_shots(np.random.default_rng(shots).integers(0, 2, (shots, qubits)))
    if outputs:
        output, extraction, _ = extract_shots(table, qubits, bits * qubits, epsilon)
        assert len(output) == 64 * outputs
        assert extraction.epsilon == pytest.approx(cut.blocks * epsilon)
        assert extraction.input_bits_used == cut.blocks * cut.shots * qubits
    else:
        with pytest.raises(InsufficientEntropyError, match="ask for more shots or more qubits"):
            extract_shots(table, qubits, bits * qubits, epsilon)
