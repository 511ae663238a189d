"""Certificates of random circuit sampling, against an adversary who cannot simulate the circuits well enough.

The score is the linear cross-entropy 2^q mean(p) - 1, p being the ideal probability of each bitstring that was
returned: 1 on average of a flawless quantum computer, 0 of uniform bitstrings.

**Credit is 0 at 30 qubits and fewer**, whatever the score: the 2^30 amplitudes of such a circuit are 16 GB, which one
computer holds, so anybody could have computed the bitstrings, and their score is a benchmark of fidelity and no more.

Above that, the accounting is this project's own, for the restricted adversary of Liu et al., Nature 640, 343 (2025),
arXiv:2503.20498, and simpler than the paper's: of m bitstrings, each of another circuit, the adversary takes Q from a
flawless quantum computer and computes the others, deterministically, with a fidelity of at most phi, which the caller
declares. With ideal probabilities distributed as those of random states (Porter and Thomas), 2^q p is Gamma(2) for
the one kind, and for the other a mixture of Gamma(2), with weight phi, and Gamma(1). The smallest Q with which the
score is reached with a probability above the error is what has to have been quantum, and the entropy of these is
bounded by Chernoff's method.
"""

from __future__ import annotations

import csv
import json
import math
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng_hub.certificates.certificate import Certificate, Epsilons, Level
from qrng_hub.errors import RequestError
from qrng_hub.integers import whole

SIMULABLE_QUBITS = 30
"""Up to here every probability can be had on one computer, so that no score says where a bitstring comes from."""
_ASSUMPTIONS = (
    "the adversary computes no bitstring with a higher fidelity than the one declared, in the time there was",
    "each bitstring is of a fresh random circuit, which was not known before, and was returned in time",
    "ideal probabilities are distributed as those of random states, and those in the file are right",
    "which bitstrings are computed is fixed before any is sampled, and none is sampled twice to choose from",
    "the score accepted was fixed before the data",
    "the provider keeps no copy that an adversary reads",
)
_PROBABILITY = ("bitstring", "probability")
_AMPLITUDE = ("bitstring", "amplitude_real", "amplitude_imaginary")


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Bitstrings of random circuits by the ideal probability of each: float64 of shape (m,).

    Raises `RequestError` if there is none, or one is no probability.
    """

    qubits: int
    probabilities: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "qubits", whole(self.qubits, "a number of qubits is a whole one"))
        if self.qubits < 1 or self.probabilities.size < 1:
            raise RequestError("there is no bitstring to score: give at least one, of at least one qubit")
        if not ((self.probabilities >= 0) & (self.probabilities <= 1)).all():
            raise RequestError("an ideal probability is a number from 0 to 1")

    @property
    def score(self) -> float:
        """The linear cross-entropy, 2^q mean(p) - 1."""
        return float(2.0**self.qubits * self.probabilities.mean()) - 1


def read_samples(path: str | Path) -> Samples:
    """Reads bitstrings with their ideal probabilities or amplitudes from a file.

    CSV (`.csv`): a header, `bitstring,probability` or `bitstring,amplitude_real,amplitude_imaginary`, and a line for
    each bitstring. JSON: {"samples": [{"bitstring": "0101", "probability": 0.1}, ...]}, or "amplitude": [real,
    imaginary] in place of the probability. All bitstrings are of one length, which is the number of qubits. Raises
    `RequestError` for a file that cannot be read or says something else.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = _csv_rows(text) if path.suffix == ".csv" else _json_rows(text)
        widths = {len(bitstring) for bitstring, _ in rows}
        if len(widths) != 1 or any(set(bitstring) - {"0", "1"} for bitstring, _ in rows):
            raise RequestError(f"{path} has to hold bitstrings of zeros and ones, at least one and all of one length")
        return Samples(widths.pop(), np.array([probability for _, probability in rows], np.float64))
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from error
    except RequestError:
        raise
    except (ValueError, LookupError, TypeError, RecursionError, csv.Error) as error:
        why = textwrap.shorten(f"{type(error).__name__}: {error}", 200)
        raise RequestError(f"{path} does not hold bitstrings with probabilities or amplitudes: {why}") from error


def quantum_samples(samples: int, score: float, fidelity: float, error: float) -> int:
    """Returns the smallest Q with which m bitstrings reach a score with a probability above `error`; see the module."""
    from scipy import special, stats

    def reached(quantum: int) -> bool:
        simulated = np.arange(samples - quantum + 1)
        weights = stats.binom.pmf(simulated, samples - quantum, fidelity)
        return bool(weights @ special.gammaincc(samples + quantum + simulated, samples * (1 + score)) > error)

    low, high = 0, samples
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low


def entropy_of_ideal_samples(samples: int, qubits: int, error_bits: float) -> float:
    """Bounds -log2 of the probability of ideal bitstrings from below, but for an error of 2^-error_bits, in bits.

    2^q p is Gamma(2), whose moment of order s is Gamma(2 + s); Chernoff's bound at the best s.
    """
    from scipy.optimize import minimize_scalar

    if samples == 0:
        return 0.0

    def excess(log_order: float) -> float:
        order = math.exp(log_order)
        return (samples * math.lgamma(2 + order) + math.log(2) * error_bits) / order

    found = minimize_scalar(excess, bounds=(math.log(1e-6), math.log(1e3)), method="bounded")
    return max(0.0, samples * qubits - float(found.fun) / math.log(2))


def certify_random_circuits(
    samples: Samples, epsilons: Epsilons, fidelity: float | None = None, threshold: float | None = None
) -> Certificate:
    """Certifies bitstrings against an adversary who computes them with a fidelity of at most `fidelity`.

    `threshold` is the score that was fixed beforehand; without it the score reached is taken as fixed. At 30 qubits and
    fewer, below the threshold, and where no fidelity is declared, 0 bits are certified. Raises `RequestError`
    for a fidelity that is none.
    """
    if fidelity is not None and not 0 <= fidelity <= 1:
        raise RequestError(f"a fidelity of {fidelity:g} is none an adversary has: give one from 0 to 1")
    rounds = samples.probabilities.size
    wanted = samples.score if threshold is None else threshold
    refusal = _refusal(samples, fidelity, wanted)
    quantum, bits = (0, 0.0) if refusal else _bits(samples, wanted, fidelity or 0.0, epsilons)
    claim = f"at least {bits:,.1f} bits of smooth min-entropy in {rounds:,} bitstrings, given the circuits"
    return Certificate(
        level=Level.RANDOM_CIRCUITS,
        claim=f"nothing: {refusal}" if refusal else claim,
        certified_bits=bits,
        bits_per_round=bits / rounds,
        method="random circuit sampling, linear cross-entropy, restricted adversary (after arXiv:2503.20498)",
        rounds=rounds,
        score=samples.score,
        side_information="classical",
        adversary="computes bitstrings with a limited fidelity, or samples them from a flawless quantum computer",
        assumptions=_ASSUMPTIONS,
        epsilons=epsilons.named(),
        setting_origin="the circuits, declared by the caller: random, a fresh one for each bitstring",
        quantities={
            "qubits": samples.qubits,
            "threshold_score": wanted,
            "quantum_samples": quantum,
            **({} if fidelity is None else {"adversary_fidelity": fidelity}),
        },
    )


def _refusal(samples: Samples, fidelity: float | None, wanted: float) -> str:
    """Says why nothing is certified, if that is so."""
    if samples.qubits <= SIMULABLE_QUBITS:
        return f"circuits of {SIMULABLE_QUBITS} qubits and fewer can be simulated by anybody; the score is a benchmark"
    if fidelity is None:
        return "no bound on the fidelity of the adversary's simulation is declared"
    if samples.score < wanted:
        return "the score is below the threshold"
    return ""


def _bits(samples: Samples, score: float, fidelity: float, epsilons: Epsilons) -> tuple[int, float]:
    error = epsilons.smooth * epsilons.kappa / 2  # one half for the number of quantum samples, one for their entropy
    quantum = quantum_samples(samples.probabilities.size, score, fidelity, error)
    entropy = entropy_of_ideal_samples(quantum, samples.qubits, epsilons.joint_bits + 1)
    return quantum, max(0.0, entropy + math.log2(epsilons.kappa))


def _csv_rows(text: str) -> list[tuple[str, float]]:
    lines = csv.reader(text.splitlines())
    header = tuple(next(lines, ()))
    if header not in (_PROBABILITY, _AMPLITUDE):
        raise RequestError(f"the header has to be {','.join(_PROBABILITY)} or {','.join(_AMPLITUDE)}")
    return [(bitstring, _probability([float(value) for value in values])) for bitstring, *values in lines]


def _json_rows(text: str) -> list[tuple[str, float]]:
    return [(sample["bitstring"], _probability(_numbers(sample))) for sample in json.loads(text)["samples"]]


def _numbers(sample: dict[str, Any]) -> list[float]:
    return [float(sample["probability"])] if "probability" in sample else [float(part) for part in sample["amplitude"]]


def _probability(numbers: list[float]) -> float:
    """Takes a probability, or the real and imaginary part of an amplitude."""
    if len(numbers) == 1:
        return numbers[0]
    real, imaginary = numbers
    return real * real + imaginary * imaginary
