"""The CHSH game and what one round of it is worth.

In a round two parties get settings x and y and answer a and b; they win if a XOR b = x AND y. With uniform settings
the winning probability w and the CHSH value S tell the same, S = 8 w - 4. Classical devices reach w = 3/4 (S = 2),
quantum ones (2 + sqrt 2) / 4 (S = 2 sqrt 2, Tsirelson's bound).
"""

from __future__ import annotations

import math

from qrng_hub.errors import RequestError

CLASSICAL_SCORE = 0.75
"""The winning probability that no classical device exceeds."""
TSIRELSON_SCORE = (2 + math.sqrt(2)) / 4
"""The winning probability that no quantum device exceeds."""
_ROUNDING = 1e-9
"""How far above Tsirelson's bound a score may be written, for a value that was rounded on its way here."""


def chsh_value(score: float) -> float:
    """Returns S of a winning probability.

    >>> chsh_value(0.75)
    2.0
    """
    return 8 * score - 4


def winning_probability(value: float) -> float:
    """Returns the winning probability of a CHSH value S."""
    return (value + 4) / 8


def require_score(score: float) -> float:
    """Returns a winning probability; raises `RequestError` below 0 and above Tsirelson's bound."""
    if not 0 <= score <= TSIRELSON_SCORE + _ROUNDING:
        raise RequestError(
            f"a winning probability of {score:g} is none that a quantum device has: give one from 0 to "
            f"{TSIRELSON_SCORE:.6f}, Tsirelson's bound"
        )
    return min(score, TSIRELSON_SCORE)


def one_sided_min_entropy(score: float) -> float:
    """Returns 1 - log2(1 + sqrt(2 - S^2 / 4)), the min-entropy of one party's answer, in bits a round.

    Source: Pironio et al., Nature 464, 1021 (2010), arXiv:0911.3427, equation 3. Raises as `require_score`.
    """
    value = max(2.0, chsh_value(require_score(score)))
    return 1 - math.log2(1 + math.sqrt(max(0.0, 2 - value**2 / 4)))


def von_neumann_entropy(score: float) -> float:
    """Returns g(w) = 1 - h(1/2 + 1/2 sqrt(16 w (w - 1) + 3)), of one party's answer, in bits a round.

    h is the binary entropy. It bounds the entropy of both answers from below as well. Source: Pironio et al.,
    New J. Phys. 11, 045021 (2009), arXiv:0903.4460; in this form Arnon-Friedman, Renner and Vidick,
    arXiv:1607.01797. Raises as `require_score`.
    """
    score = require_score(score)
    return 0.0 if score <= CLASSICAL_SCORE else max(0.0, 1 - binary_entropy((1 + _root(score)) / 2))


def von_neumann_slope(score: float) -> float:
    """Returns dg/dw, for w between the classical and Tsirelson's bound, both excluded."""
    root = _root(score)
    return (16 * score - 8) * math.log2((1 + root) / (1 - root)) / (2 * root)


def binary_entropy(probability: float) -> float:
    """Returns h(p) = -p log2(p) - (1 - p) log2(1 - p), 0 at both ends."""
    if not 0 < probability < 1:
        return 0.0
    return -probability * math.log2(probability) - (1 - probability) * math.log2(1 - probability)


def _root(score: float) -> float:
    return math.sqrt(min(1.0, max(0.0, 16 * score * (score - 1) + 3)))
