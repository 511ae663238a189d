"""How well both answers of a CHSH round can be guessed, by level 1 + AB of Navascues, Pironio and Acin's hierarchy.

The adversary holds a mixture of devices that has the CHSH value S on average, and guesses both answers to the settings
0, 0. The program solved is the dual: the smallest l + m S such that for each guess e the operator l + m CHSH - P_e is a
sum of squares of {1, A0, A1, B0, B1, A0 B0, A0 B1, A1 B0, A1 B1}. What the solver leaves of an error is added to the
bound, so that it holds whatever the accuracy. Source: arXiv:quant-ph/0607119; for guessing, arXiv:0911.3427 and
Nieto-Silleras, Pironio and Silman, arXiv:1309.3930.
"""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import numpy as np

from qrng_hub.certificates.certificate import require_epsilon, require_rounds
from qrng_hub.certificates.chsh.polytope import Reals
from qrng_hub.certificates.chsh.score import (
    CLASSICAL_SCORE,
    TSIRELSON_SCORE,
    chsh_value,
    require_score,
    winning_probability,
)
from qrng_hub.certificates.optional import load_cvxpy, solve

#: A product of A's and one of B's, each as the numbers of its factors.
Word = tuple[tuple[int, ...], tuple[int, ...]]
_ONE: Word = ((), ())
_SINGLE: tuple[Word, ...] = (_ONE, ((0,), ()), ((1,), ()), ((), (0,)), ((), (1,)))
_PAIRS: tuple[Word, ...] = tuple(((x,), (y,)) for x, y in itertools.product((0, 1), repeat=2))
_MONOMIALS = _SINGLE + _PAIRS
_CHSH: dict[Word, float] = {word: -1.0 if word == ((1,), (1,)) else 1.0 for word in _PAIRS}
_GUESSES = ((0, 0), (0, 1))
"""The other two are these with both answers flipped, which leaves S as it is."""


def joint_guessing_probability(score: float) -> float:
    """Bounds the probability of guessing both answers from above; 1 at the classical score and below.

    Raises `RequestError` for a score above Tsirelson's bound, and if cvxpy is not installed.
    """
    score = require_score(score)
    if score <= CLASSICAL_SCORE:
        return 1.0
    if score == TSIRELSON_SCORE:  # one device alone reaches it; the best line there would be vertical
        return 0.25 + math.sqrt(2) / 8
    cvxpy = load_cvxpy()
    offset, slope = cvxpy.Variable(), cvxpy.Variable()
    squares = [cvxpy.Variable((len(_MONOMIALS), len(_MONOMIALS)), PSD=True) for _ in _GUESSES]
    value = offset + slope * chsh_value(score)
    constraints = [
        cvxpy.sum(cvxpy.multiply(where, square)) == _coefficient(word, guess, offset, slope)
        for square, guess in zip(squares, _GUESSES, strict=True)
        for word, where in _classes().items()
    ]
    solve(cvxpy.Problem(cvxpy.Minimize(value), constraints))
    line = float(offset.value), float(slope.value)
    errors = [_error(np.asarray(s.value), g, *line) for s, g in zip(squares, _GUESSES, strict=True)]
    return min(1.0, line[0] + line[1] * chsh_value(score) + max(errors))


def joint_min_entropy(score: float) -> float:
    """Returns -log2 of that probability, in bits a round, of both answers together. Raises likewise."""
    return abs(math.log2(joint_guessing_probability(score)))


def pironio_bits(rounds: int, score: float, error: float) -> float:
    """Returns n times the joint min-entropy at S - (4 + 2 sqrt 2) sqrt(-2 ln(error) / n), settings being uniform.

    It holds but for a probability `error`, against classical side information, for a threshold S that was
    fixed beforehand; the device may remember. Source: Pironio et al., arXiv:0911.3427, with 4 = 1 / min P(xy)
    and 2 sqrt 2 the largest S; on what it is conditional, Pironio and Massar, arXiv:1111.6056. Raises
    `RequestError` for numbers out of range, and if cvxpy is not installed.
    """
    deviation = math.sqrt(-2 * math.log(require_epsilon(error)) / require_rounds(rounds))
    value = chsh_value(require_score(score)) - (4 + 2 * math.sqrt(2)) * deviation
    return 0.0 if value <= 2 else rounds * joint_min_entropy(winning_probability(value))


def _coefficient(word: Word, guess: tuple[int, int], offset: Any, slope: Any) -> Any:
    """Returns the coefficient of a word in l + m CHSH - P_e; P(ab|00) = (1 +- A0 +- B0 +- A0 B0) / 4."""
    a, b = ((-1) ** answer for answer in guess)
    guessed = {_ONE: 0.25, ((0,), ()): a / 4, ((), (0,)): b / 4, ((0,), (0,)): a * b / 4}.get(word, 0.0)
    return (offset if word == _ONE else 0.0) + _CHSH.get(word, 0.0) * slope - guessed


def _error(square: Reals, guess: tuple[int, int], offset: float, slope: float) -> float:
    """Bounds by how much l has to grow for the operator to be a sum of squares in truth.

    Every word is between -1 and 1, and the identity matrix is a sum of 9 squares that are 1 each.
    """
    rest = sum(
        abs(float((where * square).sum()) - float(_coefficient(word, guess, offset, slope)))
        for word, where in _classes().items()
    )
    return rest + len(_MONOMIALS) * max(0.0, -float(np.linalg.eigvalsh((square + square.T) / 2)[0]))


@cache
def _classes() -> dict[Word, Reals]:
    """Finds which products of two monomials are the same word, each as a matrix of zeros and ones."""
    found: dict[Word, Reals] = {}
    for (row, left), (column, right) in itertools.product(enumerate(_MONOMIALS), repeat=2):
        word = _canonical((_reduced(left[0][::-1] + right[0]), _reduced(left[1][::-1] + right[1])))
        found.setdefault(word, np.zeros((len(_MONOMIALS),) * 2))[row, column] = 1
    return found


def _reduced(factors: tuple[int, ...]) -> tuple[int, ...]:
    """Cancels equal neighbours: every observable squares to 1."""
    left: list[int] = []
    for factor in factors:
        if left and left[-1] == factor:
            left.pop()
        else:
            left.append(factor)
    return tuple(left)


def _canonical(word: Word) -> Word:
    """A word and its adjoint have the same real part."""
    return min(word, (word[0][::-1], word[1][::-1]))
