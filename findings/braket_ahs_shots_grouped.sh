#!/bin/sh
# amazon-braket-sdk 1.127.5 (amazon-braket-default-simulator 1.41.2): the shots that the local simulator of
# analog programs returns, `LocalSimulator("braket_ahs")`, are not in the order of independent shots. All shots of one
# outcome come first, then all of the next: 300 shots over 16 equally likely outcomes change 15 times, where
# independent shots change about 281 times. The list is named `measurements` like a device's, and nothing in the
# result says so. Whoever takes bits, autocorrelations or a train/test split from it takes sorted data.
# Expected by most: one independent sample after the other, as the gate simulators of the same package return.
# Output seen: "braket_ahs: 300 shots, 16 outcomes, 15 changes; braket_sv: 300 shots, 16 outcomes, about 281 changes".
# Needs python3 (3.11 or later) and pip; installs into a temporary folder only.
# Exit code 0: as described. 1: the behaviour changed. 2: it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "amazon-braket-sdk==1.127.5" "amazon-braket-default-simulator==1.41.2" || exit 2
"$work/venv/bin/python" - <<'PY'
import logging
from decimal import Decimal

import numpy as np
from braket.ahs import AnalogHamiltonianSimulation, AtomArrangement, DrivingField
from braket.circuits import Circuit
from braket.devices import LocalSimulator
from braket.timings import TimeSeries

logging.disable(logging.WARNING)


def changes(shots):
    rows = ["".join(str(int(bit)) for bit in shot) for shot in shots]
    return len(rows), len(set(rows)), sum(a != b for a, b in zip(rows, rows[1:]))


# Four atoms too far apart to feel each other, each turned by a quarter: 16 outcomes, equally likely.
atoms = AtomArrangement()
for place in range(4):
    atoms.add((place * Decimal("20e-6"), Decimal(0)))
duration = 1e-6
constant = lambda value: TimeSeries().put(0.0, value).put(duration, value)
field = DrivingField(amplitude=constant(np.pi / 2 / duration), phase=constant(0.0), detuning=constant(0.0))
program = AnalogHamiltonianSimulation(register=atoms, hamiltonian=field)
result = LocalSimulator("braket_ahs").run(program, shots=300, steps=50).result()
analog = changes(shot.post_sequence for shot in result.measurements)
gates = changes(LocalSimulator("braket_sv").run(Circuit().h(range(4)), shots=300).result().measurements)
print("braket_ahs: %d shots, %d outcomes, %d changes; braket_sv: %d shots, %d outcomes, %d changes" % (analog + gates))
assert analog[2] == analog[1] - 1, "the shots are no longer grouped by outcome"
assert gates[2] > 200
PY
