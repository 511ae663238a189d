"""How long a certificate takes to make, and counting the rounds that it judges. Prints JSON."""

from __future__ import annotations

import json
import resource
import statistics

import numpy as np
from measuring import machine, wall_seconds

from qrng_hub.bits import Bits
from qrng_hub.certificates import Epsilons
from qrng_hub.certificates.chsh import joint_min_entropy, plan_for_score, plan_from_training
from qrng_hub.certificates.chsh.polytope import isotropic
from qrng_hub.certificates.counts import JudgedCounts, Rounds, TrainingCounts, count_rounds, tally

ROUNDS, COUNTED, REPEATS = 10**6, 10**8, 5
NANO = Epsilons.both(1e-9)


def main() -> None:
    """Measures and prints."""
    rng = np.random.default_rng(1)
    training, judged = (rng.multinomial(ROUNDS, isotropic(0.84)) for _ in range(2))
    first = wall_seconds(lambda: joint_min_entropy(0.8))  # loads cvxpy
    seconds = {
        "pef_by_score": lambda: plan_for_score("pef", ROUNDS, 0.84, NANO).certificate(),
        "pef_by_training": lambda: plan_from_training(ROUNDS, TrainingCounts(training), NANO).judge(
            JudgedCounts(judged)
        ),
        "eat": lambda: plan_for_score("eat", ROUNDS, 0.84, NANO).certificate(),
        "df19": lambda: plan_for_score("df19", ROUNDS, 0.84, NANO).certificate(),
        "guessing": lambda: joint_min_entropy(0.8),
    }
    medians = {name: statistics.median(wall_seconds(run) for _ in range(REPEATS)) for name, run in seconds.items()}
    columns = Rounds(*(Bits.from_bytes(rng.bytes(COUNTED // 8)) for _ in range(4)))
    cells = rng.integers(0, 16, COUNTED, np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    medians["count_packed_1e8"] = statistics.median(wall_seconds(lambda: count_rounds(columns)) for _ in range(REPEATS))
    packed_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    medians["count_cells_1e8"] = statistics.median(wall_seconds(lambda: tally(cells)) for _ in range(REPEATS))
    document = {
        "benchmark": "certificates",
        "machine": machine(),
        "rounds": ROUNDS,
        "first_bound_with_cvxpy_seconds": round(first, 3),
        "medians_seconds": {name: round(value, 4) for name, value in medians.items()},
        "peak_mb_beside_the_packed_rounds": round(packed_peak / 1e3, 1),
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
