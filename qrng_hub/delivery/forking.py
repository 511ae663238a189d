"""What generators are told in a forked process, so that parent and child never hand out the same bytes."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forked(Protocol):
    """Something with state that must not be used on both sides of a fork."""

    def after_fork(self) -> None:
        """Drops that state, and locks that threads of the parent may hold; called in the child."""


_told: weakref.WeakSet[Forked] = weakref.WeakSet()


def tell_of_forks(one: Forked) -> None:
    """Has `one.after_fork()` called in every forked process, as long as `one` lives."""
    _told.add(one)


def _after_fork() -> None:
    for one in _told:
        one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
