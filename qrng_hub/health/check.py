"""Tests a block against its claimed entropy, before anything of it is credited."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng_hub.errors import HealthTestError, ReconstructedMeasurementsError
from qrng_hub.health.cutoffs import least_refutable_bits
from qrng_hub.health.trials import Trials, trials_of
from qrng_hub.records import HealthReport, HealthTest, RawBlock, ShotOrder

ALPHA = 2**-30
"""The false-alarm rate of one test, unless the caller sets another."""
START_UP = 1024
"""The least outcomes of each qubit (SP 800-90B section 4.3)."""
_ADVICE = (
    "Nothing of this block may be used. Run the circuit again, without these qubits if they fail again, and make sure"
    " that the shots stand in the order measured"
)


def check_health(block: RawBlock, claimed_bits_per_qubit: npt.ArrayLike, alpha: float = ALPHA) -> HealthReport:
    """Tests a block's outcomes, qubit by qubit and all in turn, for what would belie the claimed min-entropy.

    `claimed_bits_per_qubit` is in bits an outcome, one for all qubits or one each, and best fixed before the outcomes
    are seen: a claim made from their own counts cannot be belied by these. `alpha` is the false-alarm rate of a
    repetition count or of a window, and of all correlations of a kind together (Bonferroni).

    - repetition count (SP 800-90B section 4.4.1) and adaptive proportion (4.4.2), of each qubit and of all outcomes
      row by row, qubit by qubit, whose cut-offs follow the claims of the qubits in turn;
    - correlation of each qubit's outcomes from one shot to the next, and of each pair of qubits within a shot.

    A claim under -log2(alpha) / 1023 bits (0.029 by default) is too low to refute: a stuck qubit would pass. Such
    qubits, dead ones above all, are left out of every test instead of failing the block, and the report's
    `tested_bits_per_qubit` is 0 for them: nothing may be credited to them.

    Raises `HealthTestError` for the first test that fails and for fewer than 1024 shots, and
    `ReconstructedMeasurementsError` for shots not as measured; `ValueError` if a claim is not from 0 to 1, or alpha
    not between them.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"a false-alarm rate lies between 0 and 1, and is not {alpha}")
    _require_measured(block)
    claims = _claims(block, claimed_bits_per_qubit)
    chosen = np.flatnonzero(claims >= least_refutable_bits(alpha))
    tests = tuple(_passed(block, trials) for trials in trials_of(block, claims[chosen], chosen, alpha))
    tested = np.zeros_like(claims)
    tested[chosen] = claims[chosen]
    return HealthReport(
        address=block.address,
        vendor_id=block.vendor_id,
        block_sha256=block.sha256,
        shots=block.shots,
        alpha=alpha,
        qubits=block.qubits,
        tested_bits_per_qubit=tuple(tested.tolist()),
        tests=tests,
    )


def _require_measured(block: RawBlock) -> None:
    if block.shot_order is not ShotOrder.MEASURED:
        raise ReconstructedMeasurementsError(
            f"{block.address}, job {block.vendor_id}: the shots were rebuilt from counts or probabilities, so their"
            " order cannot be tested; ask the vendor for the shots as measured"
        )
    if block.shots < START_UP:
        raise HealthTestError(
            f"{block.address}, job {block.vendor_id}: {block.shots} shots are too few for the start-up test, which"
            f" needs {START_UP} of each qubit (SP 800-90B section 4.3): ask for at least {START_UP} shots"
        )


def _claims(block: RawBlock, claimed: npt.ArrayLike) -> npt.NDArray[np.float64]:
    claims = np.broadcast_to(np.asarray(claimed, np.float64), (len(block.qubits),))
    if not ((claims >= 0) & (claims <= 1)).all():
        raise ValueError(f"a qubit's outcome has from 0 to 1 bits of min-entropy, not {claims.min()} to {claims.max()}")
    return claims


def _passed(block: RawBlock, trials: Trials) -> HealthTest:
    """Sums up trials that passed; raises `HealthTestError` if one failed."""
    worst = int(np.argmax(trials.values / trials.cutoffs))
    value, cutoff = float(trials.values[worst]), float(trials.cutoffs[worst])
    where = tuple(trials.qubits(np.array([worst]))[0].tolist())
    failed = np.flatnonzero(trials.values >= trials.cutoffs)
    if failed.size:
        named = " and ".join(f"qubit {qubit}" for qubit in where) or "all qubits in turn"
        others = f"; {failed.size - 1} more fail it too" if failed.size > 1 else ""
        finding = trials.finding.format(qubits=named, value=value, cutoff=cutoff)
        every = tuple(np.unique(trials.qubits(failed)).tolist())
        raise HealthTestError(f"{block.address}, job {block.vendor_id}: {finding}{others}. {_ADVICE}", every)
    return HealthTest(
        name=trials.name,
        trials=int(trials.counts.sum()),
        alpha_each=float(trials.levels.max()),
        false_alarm_rate=min(1.0, float(trials.levels @ trials.counts)),
        worst_value=value,
        worst_cutoff=cutoff,
        worst_qubits=where,
        outcomes_skipped=trials.outcomes_skipped,
    )
