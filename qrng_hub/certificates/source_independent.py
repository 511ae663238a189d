"""Certificates of a device whose measurement is trusted and whose preparation is not.

Most systems are measured in the Z basis, for the bits; a few, chosen at random after the source has sent them, in the
X basis, for the test. A source that sends |+> never errs in X. One that sends anything else, entangled with an
adversary or not, errs in X in proportion to what can be known about Z (the uncertainty relation of smooth entropies).
Source: Cao, Zhou, Yuan and Ma, Phys. Rev. X 6, 011020 (2016), arXiv:1508.04880; Tomamichel and Renner, arXiv:1009.2015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qrng_hub.certificates.certificate import MOST_ROUNDS, Certificate, Level, require_epsilon
from qrng_hub.certificates.chsh.score import binary_entropy
from qrng_hub.errors import RequestError
from qrng_hub.integers import whole

_ASSUMPTIONS = (
    "each measurement is of one qubit, in the Z or the X basis exactly, and independent of the state",
    "the source does not know which systems will be measured in X when it sends them",
    "the number of X errors that is accepted was fixed before the data, and all systems sent are counted",
    "the provider reports what was measured, and keeps no copy that an adversary reads",
)
_CLUSTERS = "the basis was chosen at random for each group of equally many shots, and the source never knows it"


@dataclass(frozen=True, slots=True)
class BasisCounts:
    """Systems measured in Z and in X, and how many of the latter gave |->.

    A basis chosen for a whole group of shots samples groups and not shots: `z_groups` and `x_groups` are then how many
    groups of equal size there are. Raises `RequestError` for counts that contradict one another.
    """

    z: int
    x: int
    x_errors: int
    z_groups: int | None = None
    x_groups: int | None = None

    def __post_init__(self) -> None:
        for name in ("z", "x", "x_errors", "z_groups", "x_groups"):
            if (count := getattr(self, name)) is not None:
                object.__setattr__(
                    self, name, whole(count, "what is counted is a whole number below 2^63", most=MOST_ROUNDS)
                )
        if self.z < 1 or self.x < 1:
            raise RequestError(f"{self.z} systems in Z and {self.x} in X certify nothing: measure at least one in each")
        if not 0 <= self.x_errors <= self.x:
            raise RequestError(f"{self.x} systems in X cannot give {self.x_errors} errors")
        if (self.z_groups is None) != (self.x_groups is None):
            raise RequestError("groups are counted in both bases or in none: give both numbers of groups")
        if self.z_groups is not None and self.x_groups is not None:
            self._require_equal_groups(self.z_groups, self.x_groups)

    def _require_equal_groups(self, z_groups: int, x_groups: int) -> None:
        if min(z_groups, x_groups) < 1 or self.z * x_groups != self.x * z_groups or self.z % z_groups:
            raise RequestError(
                f"{self.z} systems in {z_groups} groups and {self.x} in {x_groups} are not groups of equally many"
            )

    @property
    def drawn(self) -> tuple[int, int]:
        """Returns (n, k): how many units the choice of the basis put into Z and into X."""
        return self.z_groups or self.z, self.x_groups or self.x


def serfling_deviation(z: int, x: int, epsilon: float) -> float:
    """Returns theta = sqrt((n + k) / (n k) * (k + 1) / k * ln(1 / epsilon)), for n units in Z and k in X.

    The phase error rate of the units in Z exceeds the rate seen in X by theta with a probability of at most
    epsilon^2, and the smoothing error of the entropy is the root of that. It holds of rates within a group, between
    0 and 1, as of single errors. Source: Serfling, Ann. Stat. 2, 39 (1974); in this form Tomamichel, Lim,
    Gisin and Renner, Nat. Commun. 3, 634 (2012), arXiv:1103.4130. Raises `RequestError` for an epsilon not between
    0 and 1.

    >>> round(serfling_deviation(10**6, 10**5, 1e-9), 6)
    0.015098
    """
    return math.sqrt((z + x) / (z * x) * (x + 1) / x * math.log(1 / require_epsilon(epsilon)))


def smooth_min_entropy(counts: BasisCounts, epsilon: float) -> float:
    """Returns n_z (1 - h(e_x + theta)), of all Z outcomes given quantum side information, in bits; 0 from 1/2 on.

    The smoothing error is `epsilon` of the run and its acceptance together: given an acceptance that had probability
    p, it is epsilon / sqrt(p). Raises as `serfling_deviation`.

    >>> round(smooth_min_entropy(BasisCounts(10**6, 10**5, 2000), 1e-9), 1)
    780652.2
    """
    rate = counts.x_errors / counts.x + serfling_deviation(*counts.drawn, epsilon)
    return 0.0 if rate >= 0.5 else counts.z * (1 - binary_entropy(rate))


def extractable_bits(counts: BasisCounts, epsilon: float) -> float:
    """Returns the smooth min-entropy less t = 2 log2(1 / epsilon) - 2, or 0: what hashing leaves, not rounded.

    The output is within 3 epsilon of uniform: twice the smoothing error, and the leftover hash lemma's. Source:
    arXiv:1508.04880, whose text was not compared word by word. Raises as `serfling_deviation`.
    """
    return max(0.0, smooth_min_entropy(counts, epsilon) - (2 * math.log2(1 / epsilon) - 2))


def certify_source_independent(
    counts: BasisCounts, epsilon: float, origin: str = "declared by the caller"
) -> Certificate:
    """Certifies the Z outcomes of a run that gave this many X errors, or of any that gives no more.

    `origin` is where the choice of the basis comes from.

    `certified_bits` is the smooth min-entropy, from which an extractor takes its own loss; what is left of it at the
    same epsilon stands in `quantities`. Raises as `serfling_deviation`.
    """
    bits = smooth_min_entropy(counts, epsilon)
    grouped = counts.z_groups is not None
    return Certificate(
        level=Level.SOURCE_INDEPENDENT,
        claim=f"at least {bits:,.1f} bits of smooth min-entropy in {counts.z:,} Z outcomes, given quantum side "
        "information, if a run gives at most this share of X errors",
        certified_bits=bits,
        bits_per_round=bits / counts.z,
        method="source-independent, Serfling's bound on the phase error rate (arXiv:1508.04880)",
        rounds=counts.z + counts.x,
        score=counts.x_errors / counts.x,
        side_information="quantum",
        adversary="prepares every system, and may keep what is entangled with it; does not touch the measurement",
        assumptions=(*_ASSUMPTIONS, *((_CLUSTERS,) if grouped else ())),
        epsilons={"smooth": epsilon},
        setting_origin=f"{origin}: the basis is drawn at random for each "
        + ("group of shots" if grouped else "system"),
        quantities={
            "extractable_bits": extractable_bits(counts, epsilon),
            "phase_error_deviation": serfling_deviation(*counts.drawn, epsilon),
            "z_systems": counts.z,
            "x_systems": counts.x,
        },
    )
