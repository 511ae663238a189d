"""Faults that a test puts into the loopback Braket, by operation."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """What goes wrong, `times` times.

    `code` with `status` answers with an error and does nothing. `lost` does what was asked and closes the
    connection without a reply. `hold` keeps the request waiting until the test releases it. `cut` sends
    half of the body as if it were all, `broken` announces all of it and sends half.
    """

    code: str = ""
    status: int = 400
    message: str = "planted"
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False
    hold: bool = False
    cut: bool = False
    broken: bool = False
    times: int = 1


class Faults:
    """The faults still to come; `release` lets requests go on that are held."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self._coming: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()

    def add(self, operation: str, fault: Fault) -> None:
        """Lets the next requests of an operation meet a fault."""
        self._coming.setdefault(operation, []).append(fault)

    def clear(self) -> None:
        """Takes back every fault."""
        self._coming.clear()

    def next(self, operation: str) -> Fault | None:
        """Takes the next fault of an operation."""
        with self._lock:
            coming = self._coming.get(operation, [])
            if not coming:
                return None
            coming[0].times -= 1
            return coming.pop(0) if coming[0].times <= 0 else coming[0]
