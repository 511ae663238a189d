"""How many rounds it takes to certify bits: each method as a function of the rounds, and the other way round.

What a device is expected to reach comes from its published readout errors alone: a correlation of several qubits
shrinks by 1 - P(1 | 0) - P(0 | 1) for each. What goes wrong in gates is not in it, so that a real score is lower. The
threshold is set below it by what chance takes: five standard deviations of a run of these rounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

from qrng_hub.certificates.certificate import Epsilons
from qrng_hub.certificates.chsh import CLASSICAL_SCORE, Circumstances, plan_for_score
from qrng_hub.certificates.chsh.plan import Method as ChshMethod
from qrng_hub.certificates.mermin import mermin_bits
from qrng_hub.certificates.source_independent import BasisCounts, smooth_min_entropy
from qrng_hub.errors import RequestError

Method = Literal["pef", "eat", "df19", "mermin", "source-independent"]
METHODS: tuple[Method, ...] = get_args(Method)
MOST_ROUNDS = 10**11
_DEVIATIONS = 5.0
"""How far the threshold lies below what is expected: 3 of 10 million honest runs miss it."""


def parts_of(method: Method) -> int:
    """Returns how many qubits play a round together."""
    return {"mermin": 3, "source-independent": 1}.get(method, 2)


def expected_score(method: Method, readout_errors: Sequence[Sequence[float]]) -> float:
    """Expects the score of sites, each given by P(1 | 0) + P(0 | 1) of its qubits: on average over the sites.

    The share of rounds won, the Mermin value, or the share of X errors, where half of the sum is taken to be P(1 | 0).
    """
    if method == "source-independent":
        return sum(sum(site) / 2 for site in readout_errors) / len(readout_errors)
    shrunk = sum(math.prod(1 - error for error in site) for site in readout_errors) / len(readout_errors)
    return 4 * shrunk if method == "mermin" else 0.5 + shrunk * math.sqrt(2) / 4


@dataclass(frozen=True, slots=True)
class Prospect:
    """A method and what is known before its rounds; `threshold` fixes the score, else it is set below `expected`."""

    method: Method
    epsilon: float
    expected: float = 0.0
    sharing: int = 1
    """The shots of a circuit, which have the same settings."""
    source_rate: float = 1.0
    x_share: float = 0.2
    threshold: float | None = None

    def expecting(self, score: float) -> Prospect:
        """Returns the same of a device that is expected to reach this score."""
        return replace(self, expected=score)

    @property
    def setting_bits(self) -> float:
        """The bits of settings that a round uses up: those of a setting are shared by its shots."""
        share = self.x_share
        each = -share * math.log2(share) - (1 - share) * math.log2(1 - share)
        return {"mermin": 3.0, "source-independent": each}.get(self.method, 2.0) / self.sharing

    def score(self, rounds: int) -> float:
        """Returns the threshold of a run of so many rounds."""
        if self.threshold is not None:
            return self.threshold
        if self.method == "source-independent":
            tested = max(1.0, rounds * self.x_share)
            chance = math.sqrt(self.expected * (1 - self.expected) / tested)
            return self.expected + _DEVIATIONS * chance
        lost = (4 - self.expected) / 16 if self.method == "mermin" else 1 - self.expected
        chance = _DEVIATIONS * math.sqrt(max(0.0, lost * (1 - lost)) / rounds)
        return self.expected - 16 * chance if self.method == "mermin" else self.expected - chance

    def bits(self, rounds: int) -> float:
        """Returns the bits that a run of so many rounds certifies if it is accepted."""
        return _bits(self, rounds)

    def _reckoned(self, rounds: int) -> float:
        score, errors = self.score(rounds), Epsilons.both(self.epsilon)
        match self.method:
            case "source-independent":
                return self._two_bases(rounds, score)
            case "mermin":
                return mermin_bits(rounds, max(0.0, score), self.source_rate, errors, self.sharing)
            case "pef" | "eat" | "df19":
                return self._chsh(self.method, rounds, score, errors)

    def _chsh(self, method: ChshMethod, rounds: int, score: float, errors: Epsilons) -> float:
        if score <= CLASSICAL_SCORE:
            return 0.0
        circumstances = Circumstances(drawn="circuit", sharing=self.sharing)
        return plan_for_score(method, rounds, score, errors, circumstances).bits

    def _two_bases(self, rounds: int, rate: float) -> float:
        groups = rounds // self.sharing
        in_x = min(max(1, round(self.x_share * groups)), groups - 1)
        if groups < 2 or rate >= 0.5:
            return 0.0
        x, z = in_x * self.sharing, (groups - in_x) * self.sharing
        return smooth_min_entropy(BasisCounts(z, x, math.floor(rate * x), groups - in_x, in_x), self.epsilon)


@lru_cache(maxsize=1024)
def _bits(prospect: Prospect, rounds: int) -> float:
    """Keeps what was reckoned: searches come back to the same rounds."""
    return prospect._reckoned(rounds)


def break_even(prospect: Prospect, unit: int) -> int | None:
    """Returns the rounds from which on more bits are certified than settings use up; None if it never is so."""
    try:
        return rounds_needed(lambda rounds: prospect.bits(rounds) - prospect.setting_bits * rounds, 1.0, unit)
    except RequestError:
        return None


def rounds_needed(bits: Callable[[int], float], wanted: float, unit: int = 1) -> int:
    """Returns the fewest rounds, a multiple of `unit`, that give so many bits, for a function that grows.

    Raises `RequestError` if 10^11 rounds do not.
    """
    high = 1
    while bits(high * unit) < wanted:
        high *= 2
        if high * unit > MOST_ROUNDS:
            raise RequestError(
                f"{MOST_ROUNDS:.0e} rounds do not certify {wanted:,.6g} bits: what the device is expected to reach is "
                "too low; choose better qubits, another method or fewer shots a setting"
            )
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if bits(middle * unit) >= wanted else (middle, high)
    return high * unit
