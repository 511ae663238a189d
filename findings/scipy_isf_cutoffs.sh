#!/bin/sh
# scipy 1.17.1: `binom.isf(alpha, n, p)` is right down to alpha = 2^-53 and useless below: at 2^-54 and less it answers n, as if no
# smaller count were improbable enough (1 - alpha is rounded to 1 inside), while `binom.sf` of the same arguments is exact.
# SP 800-90B's adaptive proportion test takes its cutoff from this quantile; shared over many qubits and tests, an
# alpha of 2^-60 is ordinary, and the cutoff becomes the window itself: a test that can never fail. `poisson.isf` answers nan
# there, `hypergeom.isf` and `betabinom.isf` their largest value, `geom.isf` infinity, `nbinom.isf` a right value.
# Expected by most: isf, which exists so that small tails keep their precision, inverts sf at every alpha that sf can express.
# Output seen: "alpha 2^-53: isf 643, smallest count with sf <= alpha 643; alpha 2^-60: isf 1024, smallest count 651".
# Needs python3 (3.11 or later) and pip; installs into a temporary folder only.
# Exit code 0: as described. 1: the behaviour changed. 2: it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "scipy==1.17.1" || exit 2
"$work/venv/bin/python" - <<'PY'
import math

from scipy import stats

window, chance = 1024, 0.5


def cutoffs(exponent):
    alpha = 2.0**-exponent
    true = next(k for k in range(window + 1) if stats.binom.sf(k, window, chance) <= alpha)
    return int(stats.binom.isf(alpha, window, chance)), true


(near, near_true), (far, far_true) = cutoffs(53), cutoffs(60)
print(f"alpha 2^-53: isf {near}, smallest count with sf <= alpha {near_true}; "
      f"alpha 2^-60: isf {far}, smallest count {far_true}")
assert near == near_true == 643
assert far == window and far_true == 651, "isf is right below 2^-53 now"
assert math.isnan(stats.poisson.isf(2.0**-60, 100.0))
assert stats.hypergeom.isf(2.0**-60, 5000, 500, 500) == 500
assert stats.nbinom.isf(2.0**-60, 10, 0.3) == 182
PY
