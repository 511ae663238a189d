"""The plainest protocol: a Hadamard gate on each qubit, then a measurement."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError, RequestError
from qrng_hub.estimators import most_common_value
from qrng_hub.extractors import OUTPUT_BYTES, extract_shots, layout_of, outputs_from
from qrng_hub.protocols.origins import NOT_CREDITED
from qrng_hub.protocols.protocol import Chances, Protocol, Recipe, Work
from qrng_hub.protocols.sites import listed, require_there
from qrng_hub.records import (
    Backend,
    BlockYield,
    Candidate,
    EntropyCredit,
    HealthReport,
    Job,
    RawBlock,
    Request,
)

if TYPE_CHECKING:  # scipy is loaded when something is credited
    from qrng_hub.protocols.crediting import PublishedReadout, QubitCredit

MIN_SHOTS = 1024
"""The health tests start up with so many outcomes of each qubit (SP 800-90B section 4.3)."""
MAX_RAW_BITS = 2**23
"""The most raw bits of one job, 1 MiB packed, so that memory stays bounded."""
MOST_RAW_BITS = 2**30
"""The most raw bits of one job of which the shots are given, 128 MiB packed."""
#: the share of the expected min-entropy that is reckoned with, for outcomes vary and devices drift
CERTAIN = 0.95
_METHOD = "exact bound on each qubit's most likely outcome (Clopper-Pearson), added up"


class Superposition(Protocol):
    """H on each qubit and a measurement; bounds what the outcomes carry, and credits hardware's alone."""

    name = "superposition"

    def work(self, request: Request, backend: Backend, candidate: Candidate, byte_count: int, chances: Chances) -> Work:
        """Makes the next job towards `byte_count` bytes; raises as `qubits` and `shots`."""
        qubits, epsilon = self.qubits(backend, candidate), request.epsilon_per_block
        shots = self.shots(backend, candidate, byte_count, epsilon)
        given = OUTPUT_BYTES * self.outputs(backend, qubits, shots, epsilon)
        return Work(self.circuits_for(request, qubits), shots, expected_bytes=given)

    def seed_bytes(self, work: Work, request: Request) -> int:
        """Returns two bits for each raw bit of a block, cut as if every bit were one of min-entropy."""
        qubits = len(work.circuits[0].measured)
        return 2 * layout_of(work.shots, qubits, qubits, request.epsilon_per_block).shots * qubits // 8

    def process(self, job: Job, blocks: Sequence[RawBlock], recipe: Recipe) -> BlockYield:
        """Tests, credits and extracts the first block; two more, if there are, are its readout's calibration.

        Raises `HealthTestError` if it fails a test, and `InsufficientEntropyError` if it gives nothing.
        """
        from qrng_hub.protocols.judging import judged  # loads scipy

        block = blocks[0]
        health, credit = judged(blocks, recipe.readout, recipe.alpha)
        output, extraction, seed = extract_shots(
            block.outcomes, len(block.qubits), credit.bound_bits_per_shot, recipe.epsilon_per_block, recipe.seeds
        )
        return BlockYield(
            block=block.summary(),
            health=health,
            credit=credit,
            extraction=extraction,
            output=output,
            seed=seed,
            seed_origin=recipe.seeds.origin,
        )

    def circuits_for(self, request: Request, qubits: tuple[int, ...]) -> tuple[Circuit, ...]:
        """Makes the circuits of a job on these physical qubits, ascending.

        If the request is to calibrate, also those that prepare every qubit in |0> and in |1>.
        """
        gates = ("h", "", "x") if request.calibrate else ("h",)
        return tuple(_prepared(gate, qubits) for gate in gates)

    def qubits(self, backend: Backend, candidate: Candidate) -> tuple[int, ...]:
        """Chooses those asked for, or the first qubits of a backend; raises `BackendLimitError` if it has fewer."""
        if candidate.chosen_qubits:
            require_there(backend, candidate.chosen_qubits)
            return candidate.chosen_qubits
        usable = backend.usable_qubits
        wanted = candidate.qubit_count or min(backend.default_qubits, len(usable))
        if wanted > len(usable):
            out = f" besides those out of use ({listed(backend.faulty)})" if backend.faulty else ""
            raise BackendLimitError(f"{backend.address} has {len(usable)} qubits{out}, not {wanted:,}: ask for fewer")
        if not wanted:
            raise BackendLimitError(f"every qubit of {backend.address} is out of use: choose another backend")
        return usable[:wanted]

    def paying_qubits(self, backend: Backend, candidate: Candidate, shots: int) -> tuple[int, ...]:
        """Chooses the qubits for a plan: all from which anything is expected, or the best of them."""
        some = not backend.calibration or candidate.chosen_qubits
        every = self.qubits(backend, candidate) if some else backend.usable_qubits
        expected = dict(zip(every, self.expected(backend, every, shots).tolist(), strict=True))
        best = sorted((q for q in every if expected[q] > 0), key=lambda qubit: (-expected[qubit], qubit))
        return tuple(sorted(best[: candidate.qubit_count or backend.qubits]))

    def expected(self, backend: Backend, qubits: Sequence[int], shots: int) -> npt.NDArray[np.float64]:
        """Expects the bound on each qubit, in bits a shot, from its published readout errors; ideal without any.

        A count strays from its mean by sigma sqrt(2 / pi) on average, and whichever way it does lowers the bound.
        """
        from qrng_hub.protocols.crediting import Counts, credit_qubits

        readout = published_readout(backend, qubits)
        zero, one = (readout.flip_0_to_1, readout.flip_1_to_0) if readout else np.zeros((2, len(qubits)))
        mean = (1 + zero - one) / 2
        stray = np.sqrt(2 / np.pi * mean * (1 - mean) / shots)
        ones = np.clip(np.rint((mean + np.where(mean < 0.5, -stray, stray)) * shots), 0, shots)
        counts = Counts(ones.astype(np.int64), shots)
        return np.array(credit_qubits(counts, readout).credited_bits_per_qubit)

    def outputs(self, backend: Backend, qubits: Sequence[int], shots: int, epsilon_per_block: float) -> int:
        """Expects how many pieces of 64 bytes a job of so many shots gives."""
        bits = CERTAIN * float(self.expected(backend, qubits, shots).sum())
        return outputs_from(shots, len(qubits), bits, epsilon_per_block)

    def shots(self, backend: Backend, candidate: Candidate, byte_count: int, epsilon_per_block: float) -> int:
        """Returns the shots of the next job towards `byte_count` bytes: as the candidate says, or as many as suffice.

        As many as suffice are at least `MIN_SHOTS` or the backend's least, and no more than the backend takes or
        `MAX_RAW_BITS` allows. Raises `RequestError` for so few shots that no output could come of them, or too many.
        """
        qubits = self.qubits(backend, candidate)

        def outputs(shots: int) -> int:
            return self.outputs(backend, qubits, shots, epsilon_per_block)

        if candidate.shots:
            _require_worthwhile(backend, len(qubits), candidate.shots, outputs)
            return candidate.shots
        wanted = math.ceil(byte_count / OUTPUT_BYTES)
        least = max(MIN_SHOTS, backend.min_shots)
        most = min(backend.max_shots or MAX_RAW_BITS, max(MAX_RAW_BITS // len(qubits), least))
        enough = min(most, least + bisect_left(range(least, max(most, least)), wanted, key=outputs))
        _require_worthwhile(backend, len(qubits), enough, outputs)
        return enough

    def bound(self, blocks: Sequence[RawBlock], published: PublishedReadout | None) -> QubitCredit:
        """Bounds the first block's qubits by their counts and their readout, which two more blocks may count."""
        from qrng_hub.protocols.crediting import CountedReadout, Counts, credit_qubits

        counts, *prepared = (Counts(block.ones, block.shots) for block in blocks)
        return credit_qubits(counts, CountedReadout(*prepared) if prepared else published)

    def credit(self, block: RawBlock, bound: QubitCredit, health: HealthReport) -> EntropyCredit:
        """Credits a block that passed its health tests with what they could have refuted, if it is hardware's."""
        doubt = NOT_CREDITED.get(block.origin)
        bits = health.tested_bits_per_qubit
        return EntropyCredit(
            shots=block.shots,
            bound_bits_per_qubit=bits,
            counted_bits_per_qubit=bound.counted_bits_per_qubit,
            calibrated_bits_per_qubit=bound.calibrated_bits_per_qubit,
            estimated_bits_per_qubit=tuple(most_common_value(block.ones, block.shots).tolist()),
            epsilon=bound.epsilon,
            credited_bits=0.0 if doubt else float(sum(bits)) * block.shots,
            method=_METHOD,
            side_information=doubt.side_information if doubt else "none",
            assumptions=(doubt.assumption,) if doubt else bound.assumptions,
        )


def published_readout(backend: Backend, qubits: Sequence[int]) -> PublishedReadout | None:
    """Reads the readout errors that a vendor published of these qubits; None if it published none of the device.

    A qubit of which none are published is taken to err as much as the worst of the device, in each direction.
    """
    from qrng_hub.protocols.crediting import PublishedReadout

    flips = {c.qubit: (_rate(c.flip_0_to_1), _rate(c.flip_1_to_0)) for c in backend.calibration}
    if not flips:
        return None
    worst = np.max(list(flips.values()), axis=0)
    zero, one = np.transpose([flips.get(qubit, worst) for qubit in qubits])
    return PublishedReadout(zero, one, tuple(qubit for qubit in qubits if qubit not in flips))


def _rate(published: float) -> float:
    """Takes what is no probability for the worst one: it says nothing of the qubit, and credits it nothing."""
    return published if 0 <= published <= 1 else 1.0


def _require_worthwhile(backend: Backend, qubits: int, shots: int, outputs: Callable[[int], int]) -> None:
    """Refuses a job that would be paid for in vain, or that memory cannot hold."""
    if shots < MIN_SHOTS:
        raise RequestError(
            f"{shots} shots of {backend.address} are too few: the health tests start up with {MIN_SHOTS:,} outcomes of"
            " each qubit; "
            + (
                "set more shots, or leave shots out"
                if backend.max_shots is None or backend.max_shots >= MIN_SHOTS
                else f"it takes {backend.max_shots:,} at most in a job, so use another backend"
            )
        )
    if shots * qubits > MOST_RAW_BITS:
        raise RequestError(
            f"{shots:,} shots of {qubits} qubits are {shots * qubits:,} raw bits, and a job may have {MOST_RAW_BITS:,}:"
            " set fewer shots; a draw takes as many jobs as it needs"
        )
    if not outputs(shots):
        raise RequestError(
            f"{shots:,} shots of {qubits} qubits of {backend.address} are not expected to give one output of"
            f" {OUTPUT_BYTES} bytes: set more shots, or more or other qubits, or use another backend"
        )


@lru_cache(maxsize=64)
def _prepared(gate: str, qubits: tuple[int, ...]) -> Circuit:
    circuit = Circuit()
    if gate:
        circuit = circuit.h(*qubits) if gate == "h" else circuit.x(*qubits)
    return circuit.measure(*qubits)
