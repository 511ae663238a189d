"""Faults that a test puts into the loopback IBM service, by method and path."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """What goes wrong, `times` times, with requests whose "METHOD path" begins with a match of `where`.

    `status` answers with an error; `lost` closes the connection without an answer; `hold` keeps the
    request until the test releases it; `cut` sends half of the body as if it were all, and `broken`
    announces all of it and sends half. With `done` the request is carried out before it goes wrong. The
    first `skip` requests that fit are let through.
    """

    where: str
    status: int = 0
    body: str = '{"errors":[{"code":9999,"message":"planted"}]}'
    headers: dict[str, str] = field(default_factory=dict)
    done: bool = False
    lost: bool = False
    hold: bool = False
    cut: bool = False
    broken: bool = False
    skip: int = 0
    times: float = 1


class Faults:
    """The faults still to come; `release` lets requests go on that are held."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self._coming: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Lets the next requests that fit meet a fault."""
        self._coming.append(fault)

    def clear(self) -> None:
        """Takes back every fault."""
        self._coming.clear()

    def next(self, method: str, path: str) -> Fault | None:
        """Takes the next fault for a request."""
        with self._lock:
            for fault in self._coming:
                if fault.times <= 0 or not re.match(fault.where, f"{method} {path}"):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None
