"""Certificates of a three-party Mermin game whose settings come from a weak source.

Three parts of a device get a bit each, x, y and z, from a source whose every bit is guessed, given all before, with
a probability of at most 2^-r (a Santha-Vazirani source of rate r). Of the eight settings four have a winning
condition; the others are never lost. With M = 4 - 16 p_lose the losses are counted over all rounds, valid or not.

Each setting has a probability of at least (1/2 - e)^3, e = 2^-r - 1/2, so that the losses at the four valid ones, added
up and divided by eight, are at most b = p_lose / (8 (1/2 - e)^3), and two of the answers are guessed with at most

    P(b) = 1/4 + 2 b + sqrt(3) sqrt(b - 4 b^2) for b < 1/16, and 1/2 + 4 b from there on.

Two answers do not depend on the third setting, so this holds at all eight. The probability of all answers given all
settings is the product of those of the rounds because settings do not depend on earlier answers: a source that
listened to the device could tell of them afterwards. Source: Foreman, Wright, Edgington, Berta
and Curchod, arXiv:2009.06551; its text was not compared word by word.

**Finite statistics** are this project's own. Let p_i be the chance of losing round i given all before and the
classical information of the adversary, L_i whether it is lost, and q the share of n rounds that may be lost. For s >
0 the product over i of exp(-s L_i) / (1 - p_i (1 - exp(-s))) has mean 1, and among p_i of one mean its denominator is
largest if they are equal. By Markov's inequality, at the best s, the probability that at most q n rounds are lost and
yet the mean of p_i is above p is at most 2^(-n D(q || p)), D being the relative entropy in bits: Chernoff's bound,
for a device that remembers. As -log2 P(b) is convex, the answers then have at least n times its value at the p for
which this is eps_s kappa. No independence of rounds is assumed.

Where s rounds in a row share a setting, and given what came before them do not depend on one another, Hoelder's
inequality over the setting and Jensen's leave E[exp(-t L_1) ... exp(-t L_s)] at most the product of
(1 - p_i (1 - exp(-s t)))^(1/s): the same with n / s rounds in the exponent, for an error of 2^(-(n / s) D(q || p)).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from qrng_hub.certificates.certificate import Certificate, Epsilons, Level, require_rounds
from qrng_hub.certificates.chsh.plan import TOLD_IN_ADVANCE, SettingsDrawn
from qrng_hub.errors import RequestError

RAW_BITS_PER_ROUND = 2
"""How many answers of a round are used."""
_ANEW = "settings are drawn anew for every round, and the device is not told them before it"
_WEAK_SOURCE = (
    "each bit of the settings is guessed with at most the probability stated, given all before it and the adversary's "
    "information; given the settings before it and that information, it does not depend on the device or its answers"
)
_NO_COMMUNICATION = (
    "the three parts of the device do not communicate in a round, and none learns another's setting: without "
    "space-like separation this is trusted and not enforced"
)
_ASSUMPTIONS = (
    "quantum theory holds",
    _WEAK_SOURCE,
    _NO_COMMUNICATION,
    "every round is counted",
    "the threshold and the number of rounds were fixed before the rounds were played",
    "the provider reports the answers as they were measured, and keeps no copy that an adversary reads",
)


def lost_cells() -> npt.NDArray[np.bool_]:
    """Returns which of the 64 cells (x, y, z, a, b, c) lose; settings 0 measure X and 1 measure Y.

    Settings with two ones lose if a XOR b XOR c = 0, 000 loses if it is 1, and the others never do.
    """
    cells = np.array(list(itertools.product((0, 1), repeat=6)))
    ones, parity = cells[:, :3].sum(axis=1), cells[:, 3:].sum(axis=1) % 2
    lost: npt.NDArray[np.bool_] = np.where(ones == 0, parity == 1, (ones == 2) & (parity == 0))
    return lost


def losing_probability(score: float) -> float:
    """Returns (4 - M) / 16; raises `RequestError` unless 0 <= M <= 4."""
    if not 0 <= score <= 4:
        raise RequestError(f"a Mermin value of {score:g} is none that a device has: give one from 0 to 4")
    return (4 - score) / 16


def source_deviation(rate: float) -> float:
    """Returns e = 2^-r - 1/2 of a source of rate r; raises `RequestError` unless 0 < r <= 1."""
    if not 0 < rate <= 1:
        raise RequestError(f"a source of rate {rate:g} has no settings to give: give a rate above 0 and at most 1")
    return float(2.0**-rate - 0.5)


def largest_deviation(score: float) -> float:
    """Returns the e from which on nothing is certified, where b is 1/8: 1/2 - p_lose^(1/3).

    >>> round(largest_deviation(3.15), 4)
    0.1241
    """
    return float(0.5 - losing_probability(score) ** (1 / 3))


def guessing_probability(losing: float, rate: float = 1.0) -> float:
    """Returns P(b) of the module, at most 1, for a probability of losing and a source's rate."""
    loss = losing / (8 * (0.5 - source_deviation(rate)) ** 3)
    if loss >= 1 / 8:
        return 1.0
    if loss >= 1 / 16:
        return 0.5 + 4 * loss
    return 0.25 + 2 * loss + math.sqrt(3) * math.sqrt(loss - 4 * loss**2)


def bits_per_round(score: float, rate: float) -> float:
    """Returns -log2 P(b), of two answers a round, for a value M that is known exactly.

    >>> round(bits_per_round(3.15, 0.95), 4)
    0.4414
    """
    return abs(math.log2(guessing_probability(losing_probability(score), rate)))


def losing_probability_at_most(losing: float, rounds: float, error_bits: float) -> float:
    """Bounds the mean probability of losing from above, but for an error of 2^-error_bits: n D(q || p) is that.

    `rounds` is n, or n / s where s rounds share a setting.
    """
    from scipy.optimize import brentq

    room = error_bits / rounds
    top = 1 - 1e-15
    if _relative_entropy(losing, top) <= room:
        return 1.0
    found = float(brentq(lambda p: _relative_entropy(losing, p) - room, max(losing, 1e-300), top, xtol=1e-15))
    return found * (1 + 1e-9)


def mermin_bits(rounds: int, score: float, rate: float, epsilons: Epsilons, sharing: int = 1) -> float:
    """Returns the smooth min-entropy of two answers of all rounds, of a run that is accepted at M, in bits.

    It is n times the bits of a round at the bound on the probability of losing, for an error of eps_s kappa, less
    log2(1 / kappa): see the module. `sharing` rounds in a row have the same setting. Raises `RequestError` for
    numbers out of range.
    """
    rounds, sharing = require_rounds(rounds), require_rounds(sharing, "rounds a setting")
    units = rounds / sharing
    losing = losing_probability_at_most(losing_probability(score), units, epsilons.joint_bits)
    entropy = rounds * abs(math.log2(guessing_probability(losing, rate)))
    return max(0.0, entropy + math.log2(epsilons.kappa))


def certify_mermin(
    rounds: int,
    score: float,
    rate: float,
    epsilons: Epsilons,
    *,
    sharing: int = 1,
    drawn: SettingsDrawn = "round",
    origin: str = "declared by the caller",
) -> Certificate:
    """Certifies a run that reaches the value M fixed for it, with settings of a source of this rate.

    `sharing` rounds in a row have the same setting, `drawn` is for what, and `origin` where settings come from. Raises
    `RequestError` for numbers out of range.
    """
    rounds, sharing = require_rounds(rounds), require_rounds(sharing, "rounds a setting")
    bits = mermin_bits(rounds, score, rate, epsilons, sharing)
    how = "drawn anew for every round" if drawn == "round" else f"each for {sharing} shot(s) of a circuit"
    return Certificate(
        level=Level.MERMIN,
        claim=f"at least {bits:,.1f} bits of smooth min-entropy in {RAW_BITS_PER_ROUND * rounds:,} answers, given the "
        "settings and classical side information, if a run reaches this Mermin value",
        certified_bits=bits,
        bits_per_round=bits / rounds,
        method="Mermin, guessing probability with a Santha-Vazirani source (arXiv:2009.06551), Chernoff's bound",
        rounds=rounds,
        score=score,
        side_information="classical",
        adversary="built the device, which may remember earlier rounds; holds classical side information; "
        "learns all settings",
        assumptions=(*_ASSUMPTIONS, _ANEW if drawn == "round" else TOLD_IN_ADVANCE),
        epsilons=epsilons.named(),
        setting_origin=f"{origin}: a Santha-Vazirani source of rate {rate:g}, {how}",
        quantities={
            "source_rate": rate,
            "bits_per_round_without_finite_statistics": bits_per_round(score, rate),
            "losing_probability_at_most": losing_probability_at_most(
                losing_probability(score), rounds / sharing, epsilons.joint_bits
            ),
            "raw_bits": RAW_BITS_PER_ROUND * rounds,
        },
    )


def _relative_entropy(share: float, probability: float) -> float:
    """Returns D(q || p) in bits."""
    if share >= probability:
        return 0.0
    first = share * math.log2(share / probability) if share > 0 else 0.0
    return first + (1 - share) * math.log2((1 - share) / (1 - probability))
