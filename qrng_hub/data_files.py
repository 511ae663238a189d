"""Files of data: arrays that NumPy wrote, and the bytes of a file or of the array in it, mapped into memory."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

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
    array = map_npy(path)
    if array.dtype != np.uint8:
        raise RequestError(f"{path} is a .npy file of {array.dtype}: data is of uint8, a byte each")
    return np.ravel(array)


def map_npy(path: Path) -> npt.NDArray[Any]:
    """Maps the array of a .npy file; raises `OSError` if it cannot be read, and as `read_npy` does."""
    with path.open("rb"):
        pass  # a file that cannot be opened is not a damaged one
    return _array(path, str(path), mmap_mode="r")


def read_npy(file: IO[bytes], name: str) -> npt.NDArray[Any]:
    """Reads the array of an open .npy file of that name; nothing is unpickled.

    Raises `RequestError` for one that is damaged, is none, holds Python objects or more than fits into memory.
    """
    return _array(file, name)


def _array(source: Path | IO[bytes], name: str, **how: Any) -> npt.NDArray[Any]:
    try:
        array = np.load(source, allow_pickle=False, **how)
    except MemoryError as error:  # as its header says, whatever follows
        raise RequestError(f"{name} is a .npy file of more than fits into memory, or it is damaged") from error
    except Exception as error:
        raise RequestError(f"{name} is no .npy file, or it is damaged or holds Python objects") from error
    if not isinstance(array, np.ndarray):  # an archive of several
        raise RequestError(f"{name} is no .npy file, or it is damaged or holds Python objects")
    return array
