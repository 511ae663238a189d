#!/bin/sh
# qiskit-ibm-runtime 0.51.0, its snapshots of six newer devices (Aachen, Kingston, Miami, Nighthawk, Pittsburgh, Strasbourg): the three readout
# figures of a qubit do not belong to one measurement. Nearly everywhere `readout_error` is the mean of `prob_meas0_prep1` and
# `prob_meas1_prep0`. On up to nine qubits a device it is not: there `prob_meas0_prep1` is up to a day older than the other two,
# and those qubits are 17 apart (10, 27, 44, 61, ... or 2, 19, 36, ...). The stale rate is off by up to six times either way (Kingston's
# qubit 44: 0.0049 published, 0.0107 by the mean). A noise model or a bound from the two probabilities is then of two different
# days; twice `readout_error` less `prob_meas1_prep0` is the fresh figure. Each property carries its own date: look at it.
# Expected by most: one calibration, one date, and the mean.
# Output seen: one line per device, for instance "fake_kingston: [10, 27, 44, 61, 95, 112, 129, 146]".
# Needs python3 (3.11 or later) and pip; installs into a temporary folder only.
# Exit code 0: as described. 1: the behaviour changed. 2: it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "qiskit-ibm-runtime==0.51.0" || exit 2
"$work/venv/bin/python" - <<'PY'
import logging
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
from qiskit_ibm_runtime.fake_provider import FakeProviderForBackendV2

NAMES = ("readout_error", "prob_meas0_prep1", "prob_meas1_prep0")
found = {}
for backend in FakeProviderForBackendV2().backends():
    properties = backend.properties()
    for qubit in range(backend.num_qubits if properties else 0):
        known = properties.qubit_property(qubit)
        if not all(name in known for name in NAMES):
            continue
        (error, at), (zero, zero_at), (one, one_at) = (known[name] for name in NAMES)
        if abs(error - (zero + one) / 2) > 1e-4:
            assert zero_at < at == one_at, (backend.name, qubit)
            found.setdefault(backend.name, []).append(qubit)
for name, qubits in found.items():
    print(f"{name}: {qubits}")
    assert len({qubit % 17 for qubit in qubits}) == 1, name
assert len(found) == 6 and sum(map(len, found.values())) == 47, "other snapshots, or other figures in them"
PY
