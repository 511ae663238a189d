"""The plainest protocol: a Hadamard gate on each qubit, then a measurement."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError, ReconstructedMeasurementsError, RequestError
from qrng_hub.estimators import most_common_value
from qrng_hub.extractors import INPUT_BITS, OUTPUT_BYTES, shots_per_output
from qrng_hub.records import Backend, Candidate, EntropyCredit, Origin, RawBlock, ShotOrder

MIN_SHOTS = 1024
"""Fewer outcomes of a qubit say too little of it (SP 800-90B section 4.3 starts up with 1024)."""
MAX_RAW_BITS = 2**23
"""The most raw bits of one job, 1 MiB packed, so that memory stays bounded."""
MOST_RAW_BITS = 2**30
"""The most raw bits of one job of which the shots are given, 128 MiB packed."""
_METHOD = "most common value of each qubit, 99 % upper bound (SP 800-90B section 6.3.1), added up"
_ASSUMPTIONS = (
    "each qubit's outcomes are independent of one another and identically distributed",
    "the qubits are independent of one another",
    "the provider reports what was measured, and keeps no copy that an adversary reads",
)
_SIMULATED = ("a simulator's outcomes come from a deterministic generator: they carry no quantum entropy",)


class Superposition:
    """H on each qubit and a measurement; credits what the outcomes' statistics suggest, simulators nothing."""

    name = "superposition"

    def circuit(self, backend: Backend, candidate: Candidate) -> Circuit:
        """Makes the circuit, on the first qubits of the backend; raises `BackendLimitError` if it has fewer."""
        return _hadamards(tuple(range(_qubits(backend, candidate))))

    def circuit_on(self, qubits: tuple[int, ...]) -> Circuit:
        """Makes the circuit on these physical qubits, ascending."""
        return _hadamards(qubits)

    def expected_bits(self, backend: Backend, candidate: Candidate) -> dict[int, float]:
        """Expects the min-entropy a shot of each qubit that the candidate may use, from its published readout errors.

        Only the best `candidate.qubits`, if so many are asked for.
        """
        every = range(backend.qubits if backend.calibration else _qubits(backend, candidate))
        expected = dict(zip(every, _expected(backend, every, MIN_SHOTS).tolist(), strict=True))
        best = sorted(every, key=lambda qubit: (-expected[qubit], qubit))[: candidate.qubits or backend.qubits]
        return {qubit: expected[qubit] for qubit in sorted(best)}

    def shots(self, backend: Backend, candidate: Candidate, byte_count: int) -> int:
        """Returns the shots of the next job towards `byte_count` bytes: as the candidate says, or as many as suffice.

        As many as suffice are at least `MIN_SHOTS`, and no more than the backend takes or `MAX_RAW_BITS`
        allows. Raises `RequestError` for so few shots that no output could come of them, or too many.
        """
        qubits = candidate.qubits or backend.default_qubits
        if candidate.shots:
            _require_worthwhile(backend, qubits, candidate.shots)
            return candidate.shots
        outputs = math.ceil(byte_count / OUTPUT_BYTES)
        most = min(backend.max_shots or MAX_RAW_BITS, max(MAX_RAW_BITS // qubits, MIN_SHOTS))
        expected = float(_expected(backend, range(qubits), MIN_SHOTS).sum())
        return min(max(outputs * shots_per_output(expected), MIN_SHOTS), most)

    def credit(self, block: RawBlock) -> EntropyCredit:
        """Estimates a block's min-entropy and credits it if the block is hardware's.

        Raises `ReconstructedMeasurementsError` unless the shots are as measured.
        """
        if block.shot_order is not ShotOrder.MEASURED:
            raise ReconstructedMeasurementsError(
                f"{block.address}, job {block.vendor_id}: the shots were rebuilt from counts or probabilities, so"
                " their order is not random; ask the vendor for the shots as measured"
            )
        estimates = most_common_value(block.ones, block.shots)
        simulated = block.origin is Origin.SIMULATOR
        return EntropyCredit(
            estimated_bits_per_qubit=tuple(estimates.tolist()),
            shots=block.shots,
            credited_bits=0.0 if simulated else float(estimates.sum()) * block.shots,
            method=_METHOD,
            side_information="everything: the seed is known to this machine" if simulated else "none",
            assumptions=_SIMULATED if simulated else _ASSUMPTIONS,
        )


def _require_worthwhile(backend: Backend, qubits: int, shots: int) -> None:
    """Refuses a job that would be paid for in vain, or that memory cannot hold."""
    expected = float(_expected(backend, range(qubits), shots).sum()) * shots if shots > 1 else 0.0
    if expected < INPUT_BITS:
        raise RequestError(
            f"{shots} shots of {qubits} qubits of {backend.address} carry some {expected:.0f} estimated bits, and an"
            f" output needs {INPUT_BITS}: set more shots or more qubits, or leave shots out"
        )
    if shots * qubits > MOST_RAW_BITS:
        raise RequestError(
            f"{shots:,} shots of {qubits} qubits are {shots * qubits:,} raw bits, and a job may have {MOST_RAW_BITS:,}:"
            " set fewer shots; a draw takes as many jobs as it needs"
        )


@lru_cache(maxsize=64)
def _hadamards(qubits: tuple[int, ...]) -> Circuit:
    return Circuit().h(*qubits).measure(*qubits)


def _qubits(backend: Backend, candidate: Candidate) -> int:
    qubits = candidate.qubits or backend.default_qubits
    if qubits > backend.qubits:
        raise BackendLimitError(f"{backend.address} has {backend.qubits} qubits, not {qubits:,}: ask for fewer")
    return qubits


def _expected(backend: Backend, qubits: range, shots: int) -> npt.NDArray[np.float64]:
    """Expects of each qubit what its published readout error leaves, ideal where none is published."""
    flips = {c.qubit: (c.flip_0_to_1, c.flip_1_to_0) for c in backend.calibration}
    zero, one = np.transpose([flips.get(qubit, (0.0, 0.0)) for qubit in qubits])
    ones = np.rint((1 + zero - one) / 2 * shots).astype(np.int64)
    return most_common_value(ones, shots)
