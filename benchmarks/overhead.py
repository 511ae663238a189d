"""The hub against the vendors' SDKs: the same circuit and shots, called in turn. Prints JSON.

The hub's side is `Hub.raw`: the ledger is on, and the outcomes end as a `RawBlock`. The SDK's side is
what its documentation says to write, from a circuit already made to an array of outcomes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable

from measuring import machine, paired

from qrng_hub import Circuit, Hub


def stim(qubits: int, shots: int) -> Callable[[], object]:
    """Prepares stim's own sampler."""
    import stim

    targets = " ".join(map(str, range(qubits)))
    sampler = stim.Circuit(f"H {targets}\nM {targets}").compile_sampler()
    return lambda: sampler.sample(shots, bit_packed=True)


def cirq_simulator(qubits: int, shots: int) -> Callable[[], object]:
    """Prepares cirq.Simulator."""
    import cirq

    return lambda: cirq.Simulator().run(_cirq_circuit(qubits), repetitions=shots).measurements["m"]


def qsim(qubits: int, shots: int) -> Callable[[], object]:
    """Prepares qsimcirq's simulator."""
    import qsimcirq

    simulator, circuit = qsimcirq.QSimSimulator(), _cirq_circuit(qubits)
    return lambda: simulator.run(circuit, repetitions=shots).measurements["m"]


def willow_pink(qubits: int, shots: int) -> Callable[[], object]:
    """Prepares Google's virtual machine, with the circuit in its native gates."""
    import cirq
    import cirq_google

    engine = cirq_google.engine.create_default_noisy_quantum_virtual_machine(processor_id="willow_pink")
    processor = engine.get_processor("willow_pink")
    chosen = sorted(processor.get_device().metadata.qubit_set)[:qubits]
    native = cirq.optimize_for_target_gateset(
        cirq.Circuit(cirq.H.on_each(*chosen)), gateset=cirq_google.GoogleCZTargetGateset()
    )
    circuit = native + cirq.measure(*chosen, key="m")
    return lambda: processor.get_sampler().run(circuit, repetitions=shots).measurements["m"]


def aer(qubits: int, shots: int) -> Callable[[], object]:
    """Prepares Aer's sampler."""
    from qiskit_aer.primitives import SamplerV2

    circuit, sampler = _qiskit_circuit(qubits), SamplerV2()
    return lambda: sampler.run([circuit], shots=shots).result()[0].data.meas.array


def fez(qubits: int, shots: int) -> Callable[[], object]:
    """Prepares Aer's sampler with the readout errors of the snapshot of ibm_fez."""
    from qiskit_aer.noise import NoiseModel, ReadoutError
    from qiskit_aer.primitives import SamplerV2
    from qiskit_ibm_runtime.fake_provider import FakeFez

    properties, model = FakeFez().properties(), NoiseModel()
    for qubit in range(qubits):
        published = properties.qubit_property(qubit)
        zero, one = published["prob_meas1_prep0"][0], published["prob_meas0_prep1"][0]
        model.add_readout_error(ReadoutError([[1 - zero, zero], [one, 1 - one]]), [qubit])
    circuit = _qiskit_circuit(qubits)
    sampler = SamplerV2(options={"backend_options": {"noise_model": model, "method": "stabilizer"}})
    return lambda: sampler.run([circuit], shots=shots).result()[0].data.meas.array


def braket_sv(qubits: int, shots: int) -> Callable[[], object]:
    """Prepares Braket's local simulator."""
    from braket.circuits import Circuit as BraketCircuit
    from braket.devices import LocalSimulator

    device, circuit = LocalSimulator("braket_sv"), BraketCircuit().h(range(qubits)).measure(range(qubits))
    return lambda: device.run(circuit, shots=shots).result().measurements


#: address, the SDK's call, qubits, shots, rounds
CASES = (
    ("ibm:aer", aer, 1, 1000, 101),
    ("cirq:qsim", qsim, 1, 1000, 101),
    ("local:stim", stim, 20, 100_000, 51),
    ("cirq:simulator", cirq_simulator, 20, 100_000, 3),
    ("cirq:qsim", qsim, 20, 100_000, 9),
    ("cirq:qvm/willow_pink", willow_pink, 8, 1000, 3),
    ("ibm:aer", aer, 20, 100_000, 9),
    ("ibm:snapshot/fez", fez, 20, 100_000, 9),
    ("braket:braket_sv", braket_sv, 20, 100_000, 5),
)


def main() -> None:
    """Measures and prints."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when a vendor's library is loaded, which is below
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QRNG_STATE_DIR"] = folder
        with Hub.open() as hub:
            for address, prepare, qubits, shots, rounds in CASES:
                circuit = Circuit().h(*range(qubits)).measure(*range(qubits))
                ours = _hub_call(hub, address, circuit, shots)
                result = paired(rounds, ours, prepare(qubits, shots))
                rows.append({"backend": address, "qubits": qubits, "shots": shots} | result)
                print(json.dumps(rows[-1]), file=sys.stderr)
    print(json.dumps({"benchmark": "overhead", "machine": machine(), "rows": rows}, indent=2))


def _hub_call(hub: Hub, address: str, circuit: Circuit, shots: int) -> Callable[[], object]:
    return lambda: hub.raw(address, circuit, shots)


def _cirq_circuit(qubits: int) -> object:
    import cirq

    line = cirq.LineQubit.range(qubits)
    return cirq.Circuit(cirq.H.on_each(*line), cirq.measure(*line, key="m"))


def _qiskit_circuit(qubits: int) -> object:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    circuit.measure_all()
    return circuit


if __name__ == "__main__":
    main()
