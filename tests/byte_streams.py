"""Sources of known bytes, for whatever is made of a source."""

from collections.abc import Callable
from hashlib import shake_256
from io import BytesIO

LENGTH = 2**20


def given(data: bytes) -> Callable[[int], bytes]:
    """Returns a source of these bytes, once; it fails at their end."""
    file = BytesIO(data)

    def read(count: int) -> bytes:
        part = file.read(count)
        if len(part) < count:
            raise EOFError("the known bytes are used up")
        return part

    return read


def stream(name: str) -> Callable[[int], bytes]:
    """Returns a source that gives the same 2^20 well-mixed bytes for the same name."""
    return given(shake_256(name.encode()).digest(LENGTH))


def constant(byte: int) -> Callable[[int], bytes]:
    """Returns a source of one byte over and over."""
    return lambda count: bytes([byte]) * count
