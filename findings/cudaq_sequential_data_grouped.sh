#!/bin/sh
# cuda-quantum-cu12 0.16.0.post1, target qpp-cpu: `SampleResult.get_sequential_data()`, by its name the outcomes in the order of
# the shots, returns them grouped: all shots of one outcome, then all of the next. 300 shots of five qubits after H change
# 31 times (32 outcomes), where independent shots change about 290 times.
# Expected by most: one entry per shot, in the order drawn.
# Output seen: "300 shots: 32 outcomes, 31 changes".
# Needs python3 (3.11 or later) and pip; installs into a temporary folder only.
# Exit code 0: as described. 1: the behaviour changed. 2: it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "cuda-quantum-cu12==0.16.0.post1" "numpy==2.4.6" "scipy==1.17.1" "astpretty==3.0.0" || exit 2
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")
import cudaq

cudaq.set_target("qpp-cpu")
kernel = cudaq.make_kernel()
qubits = kernel.qalloc(5)
kernel.h(qubits)
kernel.mz(qubits)
shots = list(cudaq.sample(kernel, shots_count=300).get_sequential_data())
changes = sum(a != b for a, b in zip(shots, shots[1:]))
print(f"{len(shots)} shots: {len(set(shots))} outcomes, {changes} changes")
assert changes == len(set(shots)) - 1, "the shots are no longer grouped by outcome"
PY
