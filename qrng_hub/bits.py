"""Bits and shots in packed form: the only place that knows bit order and packing.

Packed bits are big-endian, the order of `numpy.packbits`: the first bit is the most significant
bit of byte 0, and the last byte is filled with zeros on the right.
A shot table is uint8 of shape (shots, ceil(qubits / 8)): a row is one shot, packed along axis 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Packed = npt.NDArray[np.uint8]
_TRANSPOSED_AT_ONCE = 2**22
_BITS_OF_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Bits:
    """An immutable string of `length` bits, packed big-endian into `data`; never shown by `repr`.

    Raises `ValueError` if `data` has another size than `length` asks for, or a set padding bit.

    >>> Bits.from_array([1, 0, 1]).data.hex()
    'a0'
    """

    data: bytes
    length: int

    def __post_init__(self) -> None:
        if len(self.data) != row_bytes(self.length):
            raise ValueError(f"{self.length} bits need {row_bytes(self.length)} bytes, not {len(self.data)}")
        if self.length % 8 and self.data[-1] & (0xFF >> self.length % 8):
            raise ValueError("the padding after the last bit must be zero")

    @classmethod
    def from_bytes(cls, data: bytes) -> Bits:
        """Takes every bit of `data`."""
        return cls(bytes(data), 8 * len(data))

    @classmethod
    def from_array(cls, values: npt.ArrayLike) -> Bits:
        """Packs a one-dimensional array; a non-zero value is a 1."""
        flags = np.asarray(values) != 0
        return cls(np.packbits(flags).tobytes(), flags.size)

    def to_array(self) -> Packed:
        """Unpacks to uint8 zeros and ones, shape (length,)."""
        return np.unpackbits(np.frombuffer(self.data, np.uint8), count=self.length)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        return iter(self.to_array().tolist())

    def __add__(self, other: Bits) -> Bits:
        return Bits.from_array(np.concatenate([self.to_array(), other.to_array()]))

    def __xor__(self, other: Bits) -> Bits:
        if self.length != other.length:
            raise ValueError(f"cannot XOR {self.length} bits with {other.length}")
        return Bits(xor_bytes(self.data, other.data), self.length)

    def __repr__(self) -> str:
        return f"<Bits: {self.length} bits>"


def row_bytes(qubits: int) -> int:
    """Returns the bytes that one packed shot of `qubits` bits takes."""
    return -(-qubits // 8)


def pack_shots(outcomes: npt.NDArray[Any]) -> Packed:
    """Packs outcomes of shape (shots, qubits) and any dtype; a non-zero value is a 1."""
    if outcomes.dtype not in (np.uint8, np.bool_):
        outcomes = outcomes != 0
    return np.packbits(outcomes, axis=1)


def unpack_shots(packed: Packed, qubits: int) -> Packed:
    """Unpacks a shot table to uint8 zeros and ones, shape (shots, qubits)."""
    return np.unpackbits(packed, axis=1, count=qubits)


def transpose_shots(packed: Packed, qubits: int) -> Packed:
    """Turns a shot table into uint8 of shape (qubits, ceil(shots / 8)): row j is column j, packed along the shots.

    Beside the result it takes some megabytes, however many shots there are.
    """
    columns = np.empty((qubits, row_bytes(len(packed))), np.uint8)
    step = 8 * max(1, _TRANSPOSED_AT_ONCE // (8 * max(1, qubits)))
    for start in range(0, len(packed), step):
        outcomes = np.ascontiguousarray(unpack_shots(packed[start : start + step], qubits).T)
        columns[:, start // 8 : (start + step) // 8] = np.packbits(outcomes, axis=1)
    return columns


def from_little_endian_shots(packed: Packed) -> Packed:
    """Converts rows packed `bitorder="little"` (bit 0 first, in the lowest bit of byte 0)."""
    return _REVERSED_BYTE[packed]


def from_integer_shots(packed: Packed, qubits: int) -> Packed:
    """Converts rows that are big-endian integers, bit 0 the least significant and padding on the left.

    This is the layout of Qiskit's `BitArray.array`; the result has bit 0 in column 0.
    """
    if packed.shape[1] != row_bytes(qubits):
        raise ValueError(f"{qubits} qubits need {row_bytes(qubits)} bytes a shot, not {packed.shape[1]}")
    return np.ascontiguousarray(from_little_endian_shots(packed[:, ::-1]))


def count_ones(packed: Packed, qubits: int) -> npt.NDArray[np.int64]:
    """Counts the ones of each column of a shot table: int64, shape (qubits,)."""
    counts = [np.bincount(column, minlength=256) @ _BITS_OF_BYTE for column in packed.T]
    return np.concatenate(counts)[:qubits] if counts else np.zeros(0, np.int64)


def xor_bytes(left: bytes, right: bytes) -> bytes:
    """XORs two byte strings of equal length; raises `ValueError` if they differ in length."""
    if len(left) != len(right):
        raise ValueError(f"cannot XOR {len(left)} bytes with {len(right)}")
    return (np.frombuffer(left, np.uint8) ^ np.frombuffer(right, np.uint8)).tobytes()


_REVERSED_BYTE = np.packbits(_BITS_OF_BYTE.astype(np.uint8), axis=1, bitorder="little")[:, 0]
