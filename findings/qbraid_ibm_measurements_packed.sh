#!/bin/sh
# qbraid 0.13.0 with qiskit 2.6.2: `measurements` of a job on an IBM backend holds packed bytes, not bits. For a result of the sampler
# primitive (what IBM's service returns) the result builder hands on the array inside the BitArray: shape
# (shots, ceil(bits / 8)), values 0 to 255, with up to seven bits of padding at the left. For the older kind of result, and
# for every other vendor, the same property has one column per bit, values 0 and 1. The counts of the same result are right.
# Ten qubits give two columns; `measurements.mean()` is about 64 instead of 0.5; taking the column of a qubit gives a byte.
# Expected by most: one column per bit, as for the other vendors.
# Output seen: "10 qubits, 100 shots: measurements (100, 2), largest value above 1; counts keys of 10 characters".
# Needs python3 (3.11 or later) and pip; installs into a temporary folder only.
# Exit code 0: as described. 1: the behaviour changed. 2: it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "qbraid==0.13.0" "qiskit==2.6.2" "qiskit-ibm-runtime==0.51.0" || exit 2
"$work/venv/bin/python" - <<'PY'
from qbraid.runtime.ibm.result_builder import QiskitGateModelResultBuilder
from qiskit import QuantumCircuit
from qiskit.primitives import StatevectorSampler

circuit = QuantumCircuit(10)
circuit.h(range(10))
circuit.measure_all()
result = StatevectorSampler(seed=1).run([circuit], shots=100).result()
builder = QiskitGateModelResultBuilder(result)
bits = builder.measurements()
key = next(iter(builder.get_counts()))
larger = "above 1" if bits.max() > 1 else "1"
print(f"10 qubits, 100 shots: measurements {bits.shape}, largest value {larger}; counts keys of {len(key)} characters")
assert bits.shape == (100, 2) and bits.max() > 1, "measurements are no longer packed"
assert (bits[:, 0] < 4).all(), "the padding is no longer at the left"
PY
