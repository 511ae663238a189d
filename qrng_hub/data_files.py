"""Files of data, mapped into memory: the bytes of a file, or of the array in it where the file is NumPy's."""

from __future__ import annotations

import tokenize
from pathlib import Path

import numpy as np

from qrng_hub.bits import Packed
from qrng_hub.errors import RequestError

_NPY_MAGIC = b"\x93NUMPY"


def map_data(path: Path) -> Packed:
    """Maps a file's data, uint8 of shape (n,), from where it is read as it is needed; nothing is unpickled.

    Raises `OSError` if it cannot be read, and `RequestError` for a .npy that is damaged or not of uint8.
    """
    with path.open("rb") as file:
        start = file.read(len(_NPY_MAGIC))
    if start != _NPY_MAGIC:
        return np.memmap(path, np.uint8, "r") if start else np.zeros(0, np.uint8)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, RecursionError, SyntaxError, TypeError, OverflowError, tokenize.TokenError) as error:
        raise RequestError(f"{path} is a .npy file that is damaged or holds Python objects") from error
    if array.dtype != np.uint8:
        raise RequestError(f"{path} is a .npy file of {array.dtype}: data is of uint8, a byte each")
    return np.ravel(array)
