#!/bin/sh
# pyqrack-cpu 2.30.2: `QrackSimulator.measure_shots(qubits, shots)` returns its samples in ascending order, on every call:
# 400 shots of five qubits after H are all the 0s, then all the 1s, up to all the 31s. The signature (a list with one integer per
# shot) reads like a list of shots. Taken as a stream, its first qubit has long runs and its last is one block of zeros and one of ones.
# Expected by most: shots in the order drawn.
# Output seen: "400 shots: ascending True, 31 changes; again: ascending True, 31 changes".
# Needs python3 (3.11 or later) and pip; installs into a temporary folder only.
# Exit code 0: as described. 1: the behaviour changed. 2: it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "pyqrack-cpu==2.30.2" "numpy==2.4.6" || exit 2
"$work/venv/bin/python" - <<'PY'
from pyqrack import QrackSimulator


def shots():
    simulator = QrackSimulator(5)
    for qubit in range(5):
        simulator.h(qubit)
    return simulator.measure_shots(list(range(5)), 400)


def words(values):
    return f"ascending {values == sorted(values)}, {sum(a != b for a, b in zip(values, values[1:]))} changes"


first, second = shots(), shots()
print(f"400 shots: {words(first)}; again: {words(second)}")
assert first == sorted(first) and second == sorted(second), "the shots are no longer sorted"
assert first != second, "two calls gave the same samples"
PY
