"""The no-signalling polytope of the CHSH scenario, cut at Tsirelson's bound: its 80 vertices.

A vertex is sigma(ab|xy) as 16 numbers, index 8 x + 4 y + 2 a + b. There are 16 deterministic local vertices and 8
boxes of Popescu and Rohrlich, each of which is a neighbour of the 8 local ones with S = 2 on its facet. The cut takes
each box away and leaves, on each of its 64 edges, the point with S = 2 sqrt 2. Every quantum device is in what is left.
Source: Barrett et al., Phys. Rev. A 71, 022101 (2005), arXiv:quant-ph/0404097; the cut as in arXiv:1709.06159.
"""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import numpy.typing as npt

from qrng_hub.certificates.counts import winning_cells

Reals = npt.NDArray[np.float64]
_TSIRELSON_SHARE = (2 * math.sqrt(2) - 2) / 2
"""How far from a local vertex, with S = 2, to a box, with S = 4, an edge reaches S = 2 sqrt 2."""


def isotropic(score: float) -> Reals:
    """Returns the joint distribution of settings and answers that wins alike at all four uniform settings."""
    return np.where(winning_cells(), score / 8, (1 - score) / 8)


@cache
def vertices() -> Reals:
    """Returns the vertices, shape (80, 16)."""
    local = _local()
    cut = [
        (1 - _TSIRELSON_SHARE) * vertex + _TSIRELSON_SHARE * box
        for box in _boxes()
        for vertex in local
        if np.isclose(_value(vertex, box), 2)
    ]
    found = np.vstack([local, *cut])
    found.flags.writeable = False
    return found


def _local() -> Reals:
    """Lists the answers (a0, a1, b0, b1) fixed for each setting."""
    answers = itertools.product((0, 1), repeat=4)
    cells = list(itertools.product((0, 1), repeat=4))
    return np.array(
        [[float(a == fixed[x] and b == fixed[2 + y]) for x, y, a, b in cells] for fixed in answers], np.float64
    )


def _boxes() -> list[Reals]:
    """Lists the boxes a XOR b = x y XOR alpha x XOR beta y XOR gamma."""
    cells = list(itertools.product((0, 1), repeat=4))
    return [
        np.array([0.5 * ((a ^ b) == (x & y) ^ (alpha & x) ^ (beta & y) ^ gamma) for x, y, a, b in cells])
        for alpha, beta, gamma in itertools.product((0, 1), repeat=3)
    ]


def _value(vertex: Reals, box: Reals) -> float:
    """Returns S of a vertex in the game that a box always wins."""
    return float(2 * vertex[box > 0].sum() - 4)
