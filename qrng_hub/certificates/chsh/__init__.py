"""Bounds on the entropy of rounds of the CHSH game, and plans that certify with them.

The bounds take a threshold score or factors that were fixed before the data. cvxpy is loaded by those that need it.
"""

from qrng_hub.certificates.chsh.entropy_accumulation import entropy_accumulation_bits, improved_bits
from qrng_hub.certificates.chsh.factors import Factors, Settings, factors_for_score, factors_from_training
from qrng_hub.certificates.chsh.guessing import joint_guessing_probability, joint_min_entropy, pironio_bits
from qrng_hub.certificates.chsh.plan import (
    METHODS,
    ChshPlan,
    Circumstances,
    judge_best,
    plan_for_score,
    plan_from_training,
    plan_with_factors,
)
from qrng_hub.certificates.chsh.polytope import vertices
from qrng_hub.certificates.chsh.score import (
    CLASSICAL_SCORE,
    TSIRELSON_SCORE,
    chsh_value,
    one_sided_min_entropy,
    von_neumann_entropy,
    winning_probability,
)

__all__ = [
    "CLASSICAL_SCORE",
    "METHODS",
    "TSIRELSON_SCORE",
    "ChshPlan",
    "Circumstances",
    "Factors",
    "Settings",
    "chsh_value",
    "entropy_accumulation_bits",
    "factors_for_score",
    "factors_from_training",
    "improved_bits",
    "joint_guessing_probability",
    "joint_min_entropy",
    "judge_best",
    "one_sided_min_entropy",
    "pironio_bits",
    "plan_for_score",
    "plan_from_training",
    "plan_with_factors",
    "vertices",
    "von_neumann_entropy",
    "winning_probability",
]
