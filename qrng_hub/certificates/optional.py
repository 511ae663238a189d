"""The convex solver, loaded when the first bound needs it: it is an optional package."""

from __future__ import annotations

import warnings
from typing import Any

from qrng_hub.errors import MissingExtraError, RequestError


def load_cvxpy() -> Any:
    """Imports cvxpy; raises `MissingExtraError` with the line that installs it."""
    try:
        import cvxpy
    except ImportError as error:
        raise MissingExtraError(
            "this bound needs cvxpy, which is not installed: pip install 'qrng-hub[certify]'"
        ) from error
    return cvxpy


def solve(problem: Any) -> float:
    """Solves a convex program and returns its value; raises `RequestError` where there is no solution.

    A solution that is not accurate is taken as well: who calls this makes a bound of it that holds whatever it is.
    """
    cvxpy = load_cvxpy()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Solution may be inaccurate", UserWarning)
            value = problem.solve(solver=cvxpy.CLARABEL)
    except cvxpy.error.SolverError as error:
        raise RequestError(f"the convex program of this bound has no solution for these numbers: {error}") from error
    if problem.status not in (cvxpy.OPTIMAL, cvxpy.OPTIMAL_INACCURATE):
        raise RequestError(f"the convex program of this bound is {problem.status} for these numbers")
    return float(value)
