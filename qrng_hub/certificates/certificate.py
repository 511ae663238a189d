"""What a certificate says: how many bits, by which bound, against whom, on which assumptions, with which errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qrng_hub.errors import RequestError
from qrng_hub.integers import whole
from qrng_hub.records import Certificate, Level

__all__ = ["Certificate", "Epsilons", "Level", "require_epsilon", "require_rounds"]

#: what counts of rounds may add up to
MOST_ROUNDS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Epsilons:
    """The two errors of a bound on smooth min-entropy; raises `RequestError` unless both lie between 0 and 1.

    `smooth` is the smoothing error: the state is at most this far from one that has the entropy. `kappa` is
    the smallest probability of acceptance that matters: the bound holds of a device that is accepted with at
    least this probability, and one that is accepted more seldom is the rare event that it leaves out.
    """

    smooth: float
    kappa: float

    def __post_init__(self) -> None:
        for value, name in ((self.smooth, "the smoothing epsilon"), (self.kappa, "kappa")):
            require_epsilon(value, name)

    @classmethod
    def both(cls, epsilon: float) -> Epsilons:
        """Sets both to one value."""
        return cls(epsilon, epsilon)

    @property
    def joint_bits(self) -> float:
        """-log2(smooth kappa): the product itself may be too small for a float."""
        return -math.log2(self.smooth) - math.log2(self.kappa)

    def named(self) -> dict[str, float]:
        """Returns them by name, as certificates keep them."""
        return {"smooth": self.smooth, "kappa": self.kappa}


def require_epsilon(value: float, name: str = "epsilon") -> float:
    """Returns a probability of error; raises `RequestError` unless it lies between 0 and 1."""
    if not 0 < value < 1:
        raise RequestError(f"{name} is {value:g}: give a number between 0 and 1, such as 1e-9")
    return value


def require_rounds(rounds: int, what: str = "rounds") -> int:
    """Returns a number of rounds; raises `RequestError` below 1."""
    rounds = whole(rounds, f"a number of {what} is a whole one below 2^63", most=MOST_ROUNDS)
    if rounds < 1:
        raise RequestError(f"{rounds} {what} certify nothing: give at least 1")
    return rounds
