from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng_hub.bits import (
    Bits,
    count_ones,
    from_integer_shots,
    from_little_endian_shots,
    pack_shots,
    transpose_shots,
    unpack_shots,
    xor_bytes,
)

ASYMMETRIC = np.array([[1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]])


def test_the_first_column_is_the_highest_bit_of_the_first_byte() -> None:
    assert pack_shots(ASYMMETRIC).tolist() == [[0b1000_0000, 0b0110_0000], [0b0100_0000, 0]]


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.bool_])
def test_packs_every_dtype_and_memory_order_alike(dtype: type) -> None:
    outcomes: npt.NDArray[Any] = np.asfortranarray(ASYMMETRIC.astype(dtype))
    assert unpack_shots(pack_shots(outcomes), 11).tolist() == ASYMMETRIC.tolist()


def test_little_endian_rows_keep_their_columns() -> None:
    little = np.packbits(ASYMMETRIC, axis=1, bitorder="little")
    assert unpack_shots(from_little_endian_shots(little), 11).tolist() == ASYMMETRIC.tolist()


def test_integer_rows_put_bit_zero_in_column_zero() -> None:
    # bits 0, 9 and 10 set: the integer 0b110_0000_0001, big-endian in two bytes
    assert from_integer_shots(np.array([[0b110, 1]], np.uint8), 11).tolist() == [[0b1000_0000, 0b0110_0000]]
    with pytest.raises(ValueError, match="11 qubits need 2 bytes"):
        from_integer_shots(np.zeros((1, 3), np.uint8), 11)


def test_counts_the_ones_of_each_column() -> None:
    assert count_ones(pack_shots(ASYMMETRIC), 11).tolist() == ASYMMETRIC.sum(axis=0).tolist()


@pytest.mark.parametrize("shots", [0, 1, 8, 1001, 600_000])
def test_transposing_puts_the_shots_of_a_qubit_in_a_row(shots: int) -> None:
    outcomes = np.random.default_rng(shots).integers(0, 2, (shots, 11), dtype=np.uint8)
    transposed = transpose_shots(pack_shots(outcomes), 11)
    assert transposed.shape == (11, -(-shots // 8))
    assert (np.unpackbits(transposed, axis=1, count=shots) == outcomes.T).all()


def test_bits_never_show_themselves() -> None:
    assert repr(Bits.from_bytes(b"\xde\xad")) == "<Bits: 16 bits>"


def test_bits_refuse_a_wrong_size_and_set_padding() -> None:
    with pytest.raises(ValueError, match="9 bits need 2 bytes"):
        Bits(b"\x00", 9)
    with pytest.raises(ValueError, match="padding"):
        Bits(b"\x01", 3)


def test_xor_refuses_different_lengths() -> None:
    assert xor_bytes(b"\x0f\xff", b"\xff\x0f") == b"\xf0\xf0"
    with pytest.raises(ValueError, match="1 bytes with 2"):
        xor_bytes(b"a", b"bc")
    with pytest.raises(ValueError, match="8 bits with 16"):
        Bits.from_bytes(b"a") ^ Bits.from_bytes(b"bc")
