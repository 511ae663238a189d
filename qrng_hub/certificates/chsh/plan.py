"""What is fixed before the rounds are played, and the certificate of a run that keeps to it.

Method, number of rounds, threshold, factors and errors are a plan, made before the data. A plan judges counts:
they reach its threshold and get the bits that it promised, or they get none. Several plans may be tried on the same
rounds (`judge_best`): their errors add up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from qrng_hub.certificates.certificate import Certificate, Epsilons, Level, require_rounds
from qrng_hub.certificates.chsh.entropy_accumulation import entropy_accumulation_bits, improved_bits
from qrng_hub.certificates.chsh.factors import Factors, Settings, factors_for_score, factors_from_training
from qrng_hub.certificates.chsh.score import CLASSICAL_SCORE, chsh_value, require_score
from qrng_hub.certificates.counts import JudgedCounts, TrainingCounts, require_apart
from qrng_hub.errors import RequestError

Method = Literal["pef", "eat", "df19"]
METHODS: tuple[Method, ...] = get_args(Method)
SettingsDrawn = Literal["round", "circuit"]

_DESCRIPTIONS: dict[Method, str] = {
    "pef": "CHSH, probability estimation factors (arXiv:1709.06159)",
    "eat": "CHSH, entropy accumulation (arXiv:1607.01797)",
    "df19": "CHSH, entropy accumulation with the improved second-order term (arXiv:1805.11652)",
}
_DEVIATIONS = 3.0
"""How far a threshold made from training lies below its mean, in standard deviations: 0.14 % of honest runs fail it."""
_ADVERSARY = "built the device, which may remember earlier rounds; holds {} side information; learns all settings"
_ASSUMPTIONS = (
    "quantum theory holds",
    "the settings are independent of the device and of all that the adversary knows before them",
    "the method, the number of rounds and the threshold were fixed before the rounds were played",
    "every round that was played is counted, and none is left out afterwards",
)
_NO_COMMUNICATION = (
    "the two parts of the device do not communicate in a round, and neither learns the other's setting: without "
    "space-like separation this is trusted and not enforced"
)
_REPORTED = "the provider reports the answers as they were measured, and keeps no copy that an adversary reads"
_KEPT_APART = {
    Level.CHSH: (_NO_COMMUNICATION, _REPORTED),
    Level.BELL_DATA: (
        "the two stations were kept apart in every round as those who ran the experiment say",
        "the file holds the rounds as they were played, and the answers were not known to the adversary from it",
    ),
}
_DRAWN: dict[SettingsDrawn, str] = {
    "round": "drawn anew for every round, which the device does not know before it",
    "circuit": "fixed for all shots of a circuit, which the device knows in advance",
}
TOLD_IN_ADVANCE = (
    "given what came before a circuit, a part of the device uses in it neither another part's setting, although the "
    "device is told it in advance, nor the outcomes of the circuit's earlier shots"
)
_PER_CIRCUIT = "the device does not use that it knows the settings in advance: it answers as if each were drawn anew"


_UNIFORM = Settings.uniform()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where the rounds come from, as the caller declares it: nothing here can be seen in counts."""

    settings: Settings = _UNIFORM
    drawn: SettingsDrawn = "round"
    level: Level = Level.CHSH
    origin: str = "declared by the caller"
    """Where the settings come from."""
    sharing: int = 1
    """How many rounds in a row have the same setting, which the bound then allows for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sharing", require_rounds(self.sharing, "rounds a setting"))

    @property
    def setting_origin(self) -> str:
        """Says where the settings come from, and whether the device may know them in advance."""
        return f"{self.origin}: {self.settings.description}, {_DRAWN[self.drawn]}"

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What a certificate rests on."""
        drawn = () if self.drawn == "round" else (_PER_CIRCUIT,) if self.sharing == 1 else (TOLD_IN_ADVANCE,)
        return (*_ASSUMPTIONS, *_KEPT_APART[self.level], *drawn)


DECLARED_UNIFORM = Circumstances()


@dataclass(frozen=True, slots=True, eq=False)
class ChshPlan:
    """A method with everything that it has to know before the data."""

    method: Method
    rounds: int
    epsilons: Epsilons
    circumstances: Circumstances
    bits: float
    """The smooth min-entropy of a run that is accepted."""
    score: float | None
    """The share of rounds that has to be won; None for factors from training."""
    factors: Factors | None = None
    log2_product: float | None = None
    """The sum of log2 F that has to be reached, by factors from training."""
    training: TrainingCounts | None = None

    def certificate(self) -> Certificate:
        """Says what a run is worth that is accepted."""
        reached = "wins at least the share fixed" if self.score is not None else "reaches the sum of log2 factors fixed"
        return self._certificate(self.bits, self.score, f"if a run of this plan {reached}")

    def judge(self, counts: JudgedCounts) -> Certificate:
        """Certifies counts of the planned rounds: `bits` if they reach the threshold, and otherwise 0.

        Raises `RequestError` if they are of another number of rounds, or the training counts themselves.
        """
        if counts.rounds != self.rounds:
            raise RequestError(f"the plan is for {self.rounds:,} rounds, and {counts.rounds:,} were counted")
        if self.training is not None:
            require_apart(self.training, counts)
        accepted = self._accepts(counts)
        how = "as this run reached the threshold" if accepted else "as this run missed the threshold"
        return self._certificate(self.bits if accepted else 0.0, counts.won / counts.rounds, how)

    def _accepts(self, counts: JudgedCounts) -> bool:
        if self.factors is not None and self.log2_product is not None:
            return self.factors.log2_product(counts) >= self.log2_product
        return self.score is not None and counts.won / counts.rounds >= self.score

    def _certificate(self, bits: float, score: float | None, how: str) -> Certificate:
        side_information = "classical" if self.method == "pef" else "quantum"
        return Certificate(
            level=self.circumstances.level,
            claim=f"at least {bits:,.1f} bits of smooth min-entropy in all answers, given the settings and "
            f"{side_information} side information, {how}",
            certified_bits=bits,
            bits_per_round=bits / self.rounds,
            method=_DESCRIPTIONS[self.method],
            rounds=self.rounds,
            score=score,
            side_information=side_information,
            adversary=_ADVERSARY.format(side_information),
            assumptions=self.circumstances.assumptions,
            epsilons=self.epsilons.named(),
            setting_origin=self.circumstances.setting_origin,
            quantities=self._quantities(score),
        )

    def _quantities(self, score: float | None) -> dict[str, float]:
        found = {
            "chsh_value": None if score is None else chsh_value(score),
            "threshold_score": self.score,
            "threshold_log2_factors": self.log2_product,
            "factor_power": None if self.factors is None else self.factors.power,
            "rounds_a_setting": None if self.circumstances.sharing == 1 else self.circumstances.sharing,
            "training_rounds": None if self.training is None else self.training.rounds,
        }
        return {name: value for name, value in found.items() if value is not None}


def plan_for_score(
    method: Method,
    rounds: int,
    score: float,
    epsilons: Epsilons,
    circumstances: Circumstances = DECLARED_UNIFORM,
) -> ChshPlan:
    """Plans a run that is accepted if it wins at least the share `score` of its rounds.

    At the classical score and below it promises 0 bits. Raises `RequestError` above Tsirelson's bound, for fewer than
    one round, for settings that are not uniform or shared by rounds with another method than pef, and if cvxpy is not
    installed (pef).
    """
    score, rounds, sharing = require_score(score), require_rounds(rounds), circumstances.sharing
    if method != "pef" and not circumstances.settings.is_uniform:
        raise RequestError(f"the method {method} is for uniform settings: take pef where they may be biased")
    if method != "pef" and sharing > 1:
        raise RequestError(
            f"the method {method} is for settings drawn anew for every round, and {sharing} rounds share one: take "
            "one shot a setting, or pef"
        )
    if method != "pef":
        bound = entropy_accumulation_bits if method == "eat" else improved_bits
        return ChshPlan(method, rounds, epsilons, circumstances, bound(rounds, score, epsilons), score)
    if score <= CLASSICAL_SCORE:
        return ChshPlan(method, rounds, epsilons, circumstances, 0.0, score)
    factors = factors_for_score(max(1, rounds // sharing), score, epsilons, circumstances.settings)
    return plan_with_factors(rounds, score, factors.shared(sharing) if sharing > 1 else factors, circumstances)


def plan_with_factors(rounds: int, score: float, factors: Factors, circumstances: Circumstances) -> ChshPlan:
    """Plans the same with factors that are known, of which any are valid; they are one for all cells that win or lose.

    Raises `RequestError` if they do not rise with the score.
    """
    bits = factors.bits(factors.at_score(score, rounds))
    if bits > 0 and factors.at_score(1.0, 1) < factors.at_score(0.0, 1):
        raise RequestError("factors that are larger for rounds lost do not certify by a share of rounds won")
    return ChshPlan("pef", rounds, factors.epsilons, circumstances, bits, score, factors)


def plan_from_training(
    rounds: int, training: TrainingCounts, epsilons: Epsilons, circumstances: Circumstances = DECLARED_UNIFORM
) -> ChshPlan:
    """Plans a run judged by factors that are chosen for the device which the training counts show (pef).

    Its threshold lies 3 standard deviations below the mean that the training lets expect; the deviation is of the run
    and of the training together. Raises `RequestError` for fewer than one round, for training that never used
    a pair of settings, and if cvxpy is not installed.
    """
    rounds, sharing = require_rounds(rounds), circumstances.sharing
    blocks = max(1, rounds // sharing)
    factors, device = factors_from_training(blocks, training, epsilons, circumstances.settings)
    if sharing > 1:
        factors = factors.shared(sharing)
    mean, deviation = factors.expected_log2_product(device, rounds)
    threshold = mean - _DEVIATIONS * deviation * math.sqrt(sharing * (1 + rounds / training.rounds))
    bits = factors.bits(threshold)
    return ChshPlan("pef", rounds, epsilons, circumstances, bits, None, factors, threshold, training)


def judge_best(plans: Sequence[ChshPlan], counts: JudgedCounts) -> Certificate:
    """Judges counts by several plans, all made before them, and returns the best certificate at their errors added up.

    A plan's bound holds of the runs for which it is the one chosen, if these have its kappa; the rare events of all
    plans add up. Raises as `ChshPlan.judge`, and for no plan.
    """
    if not plans:
        raise RequestError("there is no plan to judge by: make at least one before the data")
    best = max((plan.judge(counts) for plan in plans), key=lambda certificate: certificate.certified_bits)
    errors = {
        "smooth": sum(plan.epsilons.smooth for plan in plans),
        "kappa": sum(plan.epsilons.kappa for plan in plans),
    }
    return best.model_copy(update={"epsilons": errors, "quantities": best.quantities | {"plans_tried": len(plans)}})
