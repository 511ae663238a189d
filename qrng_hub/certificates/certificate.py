"""What a certificate says: how many bits, by which bound, against whom, on which assumptions, with which errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from qrng_hub.errors import RequestError
from qrng_hub.records import Record

#: No hub can say this of hardware that others run, out of its sight and without space-like separation.
_NEVER_CLAIMED = ("device-independent", "device independent")
_Bits = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Level(StrEnum):
    """Which argument a number of bits rests on. These are labels and no ranks: each level trusts something else."""

    SIMULATED = "L0"
    """A deterministic generator: nothing is certified."""
    REPORTED = "L1"
    """Outcomes as a provider reports them: nothing is certified."""
    CREDITED = "L2"
    """Counts of each qubit, of a device whose preparation and measurement are trusted."""
    SOURCE_INDEPENDENT = "L3"
    """Two bases, of a device whose measurement is trusted and whose preparation is not."""
    CHSH = "L4"
    """A CHSH game between two parts of a device that are trusted not to communicate."""
    MERMIN = "L5"
    """A Mermin game among three such parts, with settings from a weak source."""
    RANDOM_CIRCUITS = "L6"
    """Random circuits, against an adversary who cannot simulate them."""
    BELL_DATA = "L7"
    """The recorded rounds of somebody's Bell test, which says itself how its stations were kept apart."""


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


class Certificate(Record):
    """A lower bound on min-entropy with everything that it is conditional on; a value, made by the bounds."""

    level: Level
    claim: str
    """What is claimed, in one sentence."""
    certified_bits: _Bits
    """The smooth min-entropy of all outcomes together, at least, in bits."""
    bits_per_round: _Bits
    method: str
    rounds: Annotated[int, Field(ge=1)]
    score: float | None
    """What the game or the test reached, or the threshold that was fixed for it; its scale is the method's."""
    side_information: str
    """What the adversary may hold: classical or quantum."""
    adversary: str
    assumptions: tuple[str, ...]
    epsilons: dict[str, float]
    setting_origin: str
    """Where the settings come from, and whether the device may know them in advance."""
    quantities: dict[str, float] = Field(default_factory=dict)
    """Further figures of the method, by name; units are in the names."""

    @field_validator("claim", "method", "adversary", "setting_origin")
    @classmethod
    def _claims_no_more(cls, text: str) -> str:
        if any(word in text.lower() for word in _NEVER_CLAIMED):
            raise ValueError("a certificate of this hub does not call a device what it cannot know it to be")
        return text


def require_epsilon(value: float, name: str = "epsilon") -> float:
    """Returns a probability of error; raises `RequestError` unless it lies between 0 and 1."""
    if not 0 < value < 1:
        raise RequestError(f"{name} is {value:g}: give a number between 0 and 1, such as 1e-9")
    return value


def require_rounds(rounds: int, what: str = "rounds") -> int:
    """Returns a number of rounds; raises `RequestError` below 1."""
    if rounds < 1:
        raise RequestError(f"{rounds} {what} certify nothing: give at least 1")
    return rounds
