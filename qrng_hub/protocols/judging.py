"""Tests a block and says what of it may be counted on, as every draw and every comparison does."""

from __future__ import annotations

from collections.abc import Sequence

from qrng_hub.health import check_health
from qrng_hub.protocols.crediting import PublishedReadout
from qrng_hub.protocols.superposition import Superposition
from qrng_hub.records import EntropyCredit, HealthReport, RawBlock

#: Larger blocks have more tests, and are not to be discarded the more often for that.
_ALPHA_BITS = 2**20


def judged(
    blocks: Sequence[RawBlock], readout: PublishedReadout | None, alpha: float
) -> tuple[HealthReport, EntropyCredit]:
    """Tests and credits the first block; two more, if there are, are its readout's calibration.

    `alpha` is the false-alarm rate of one health test of a block of up to a megabit; a larger one's is less in
    proportion. Raises `HealthTestError` if it fails a test, and `ReconstructedMeasurementsError` for shots not as
    measured.
    """
    block, protocol = blocks[0], Superposition()
    bound = protocol.bound(blocks, readout)
    each = alpha * min(1.0, _ALPHA_BITS / block.raw_bits)
    health = check_health(block, bound.credited_bits_per_qubit, each)
    return health, protocol.credit(block, bound, health)
