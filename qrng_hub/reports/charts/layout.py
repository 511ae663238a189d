"""Where the qubits of a device are drawn: found from which of them are coupled, whatever the vendor's numbering.

Distances on paper follow distances on the coupling map by stress majorization (de Leeuw 1977; Gansner, Koren and North,
Graph Drawing 2004), from classical scaling, and the drawing is turned so that couplings lie along the axes.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import shortest_path

Places = npt.NDArray[np.float64]
_ROUNDS = 150


def grid(count: int) -> Places:
    """Places so many qubits row by row: shape (count, 2), a unit apart."""
    columns = max(1, math.ceil(math.sqrt(2 * count)))
    return np.array([(i % columns, i // columns) for i in range(count)], float)


@lru_cache(maxsize=64)
def coupled(qubits: int, coupling: tuple[tuple[int, int], ...]) -> Places:
    """Places the qubits of a coupling map: shape (qubits, 2), a coupling about a unit long."""
    first, second = np.array(coupling).T
    graph = coo_matrix((np.ones(first.size), (first, second)), shape=(qubits, qubits))
    apart = shortest_path(graph, directed=False, unweighted=True)
    apart[np.isinf(apart)] = apart[np.isfinite(apart)].max() + 2  # parts without a connection
    return _turned(_majorized(_scaled(apart), apart), first, second)


def _scaled(apart: Places) -> Places:
    """Returns the plane that keeps most of the squared distances (classical scaling)."""
    centring = np.eye(len(apart)) - 1 / len(apart)
    values, vectors = np.linalg.eigh(-centring @ apart**2 @ centring / 2)
    plane = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 1e-9))
    return np.asarray(plane * np.where(plane[0] < 0, -1, 1))  # the signs of vectors are arbitrary


def _majorized(places: Places, apart: Places) -> Places:
    ahead = apart + np.eye(len(apart))
    weights = (1 - np.eye(len(apart))) / ahead**2
    inverse = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
    for _ in range(_ROUNDS):
        drawn = np.linalg.norm(places[:, None] - places[None], axis=2)
        pull = -weights * apart / np.maximum(drawn, 1e-9)
        np.fill_diagonal(pull, 0.0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        places = inverse @ (pull @ places)
    return places


def _turned(places: Places, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> Places:
    """Turns the drawing so that couplings lie along the axes, qubit 0 is at the upper left, and it is wide.

    Couplings have four directions on a square lattice and six on hexagons: whichever they follow more is heeded.
    """
    steps = places[second] - places[first]
    directions = (steps[:, 0] + 1j * steps[:, 1]) / np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
    folds = max((4, 6), key=lambda n: abs(np.sum(directions**n)))
    leaning = np.angle(np.sum(directions**folds)) / folds
    turns = [places @ _rotation(leaning + number * math.pi / folds) for number in range(folds)]
    places = min(turns, key=lambda turned: round(float(np.ptp(turned[:, 1])), 6))
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    places = (places - middle) * np.where(places[0] > middle, -1, 1)
    return np.asarray(places - places.min(axis=0))


def _rotation(angle: float) -> Places:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
