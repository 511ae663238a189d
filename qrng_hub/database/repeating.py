"""Which failures of a database pass, and the bounded repetition of a transaction that one of them ended."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from qrng_hub.errors import LedgerError

#: Half a minute in all: a server that is restarted is back by then.
_PAUSES_SECONDS = (0.02, 0.1, 0.4, 1.0, 2.0, 4.0, 8.0, 15.0)
_JITTER = random.SystemRandom()
#: PostgreSQL, appendix A: connections, one that idled, serialization failures, deadlocks, a server that stops or starts
_PASSING = ("08", "25P03", "40001", "40P01", "57P01", "57P02", "57P03")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def passes(error: BaseException | None) -> bool:
    """Whether PostgreSQL ended a transaction for a reason that passes; it is then undone, and may be repeated."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if cause is None or not hasattr(cause, "sqlstate"):
        return False
    state: str | None = cause.sqlstate
    if state is None:  # the client's own word, which it has for connections only
        return type(cause).__name__ == "OperationalError"
    return state.startswith(_PASSING)


def repeated(method: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Makes a method of one transaction begin anew, a bounded number of times, where what ended it passes.

    Whether a lost commit was one is known before: see `Database.durable`.
    """

    @wraps(method)
    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for pause in _PAUSES_SECONDS:
            try:
                return method(*args, **kwargs)
            except LedgerError as error:
                if not passes(error.__cause__):
                    raise
            time.sleep(pause * _JITTER.uniform(0.5, 1.5))
        return method(*args, **kwargs)

    return call
