"""What the outcomes of one backend show in their order and between qubits: to look at, beside what is tested."""

from __future__ import annotations

from qrng_hub.records.base import Record


class Autocorrelation(Record):
    """How outcomes depend on the same qubit's some shots before, for lags of 1, 2, ... shots.

    A band holds the coefficients of a faultless source at all lags together, at the confidence of the comparison
    (normal approximation, Bonferroni).
    """

    mean: tuple[float, ...]
    """Of all qubits."""
    mean_band: float
    strongest: tuple[float, ...]
    """Of the qubit with the largest at that lag, with its sign."""
    strongest_band: float


class Estimates(Record):
    """What the estimators of SP 800-90B section 6.3 say of the raw bits, shot by shot: floors, never certificates."""

    samples: int
    """The bits looked at: the first ones of all repeats."""
    bits: dict[str, float]
    """Of each estimator that so many samples allow, in bits a raw bit; the smallest is the assessment."""
    note: str
    """Why an estimate is missing or less sure; empty if none is."""


class Sample(Record):
    """Some of the first block's outcomes and what Toeplitz hashing makes of that block, to look at.

    The seed is the SHAKE-256 of the block's digest, so that a rerun draws the same: these bits are of no other use.
    """

    raw_bits: str
    """4,096 of them at most, shot by shot, packed, in hex."""
    extracted_bits: str
    """Likewise; empty if nothing could be extracted."""
    raw_bytes: tuple[int, ...]
    """How often each of the 256 values of a byte occurs in the bits that were hashed."""
    extracted_bytes: tuple[int, ...]
    note: str
    """Why nothing was extracted; empty if it was."""


class Patterns(Record):
    """All of it for one backend."""

    autocorrelation: Autocorrelation
    correlations: tuple[float, ...]
    """Of every two qubits within a shot (phi), in the order (0, 1), (0, 2), ..., (1, 2), ...; none of many qubits."""
    correlation_band: float
    """What the largest of them stays below in a faultless source, as the bands of the autocorrelation do."""
    estimates: Estimates
    sample: Sample
