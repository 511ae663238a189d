"""What generators and faces draw on: a function that returns as many bytes as it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from qrng_hub.errors import InsufficientEntropyError

Source = Callable[[int], bytes]


def drawn(source: Source, count: int) -> bytes:
    """Returns `count` bytes of a source, which is not asked for none.

    Raises the source's error, or `InsufficientEntropyError` if it gives another number of bytes.
    """
    data = source(count) if count else b""
    if len(data) != count:
        raise InsufficientEntropyError(f"the source gave {len(data)} bytes, not the {count} asked for: look at it")
    return data
