"""What pooling over qubits would credit too much, by the calibrations IBM published. Prints a Markdown table.

Every qubit is taken as fair before its readout, and read with the error rates of its snapshot. Bits are a shot of all
qubits. `counted` and `calibrated` are the bounds at 2^-32 from the counts that this many shots give on average.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng_hub.protocols.crediting import CountedReadout, Counts, credit_calibrated, credit_counts, readout_bits
from qrng_hub_ibm.snapshots import snapshot

DEVICES = ("cusco", "brussels", "marrakesh")
SHOTS = 100_000
COLUMNS = ("device", "qubits", "pooled", "per qubit", "pooled is too much by", "noise known", "counted", "calibrated")
Reals = npt.NDArray[np.float64]


def main() -> None:
    """Reckons and prints."""
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---" * len(COLUMNS) + "|")
    for device in DEVICES:
        print("| " + " | ".join(row(device)) + " |")


def row(device: str) -> list[str]:
    """Reckons the line of one device."""
    flips = [(qubit.flip_0_to_1, qubit.flip_1_to_0) for qubit in snapshot(device).backend.calibration]
    e0, e1 = np.array(flips).T
    ones = (1 + e0 - e1) / 2
    pooled = ones.size * float(entropy(ones.mean()))
    per_qubit = float(entropy(ones).sum())
    readout = CountedReadout(expected(e0), expected(1 - e1))
    bits = (
        readout_bits(0.5, e0, e1).sum(),
        credit_counts(expected(ones)).sum(),
        credit_calibrated(expected(ones), readout).sum(),
    )
    excess = f"{pooled / per_qubit - 1:.1%}".replace("%", " %")
    return [f"fake_{device}", str(ones.size), f"{pooled:.1f}", f"{per_qubit:.1f}", excess, *(f"{b:.1f}" for b in bits)]


def entropy(ones: Reals) -> Reals:
    """Returns the min-entropy of outcomes with these probabilities of a one."""
    return np.abs(np.log2(np.maximum(ones, 1 - ones)))


def expected(ones: Reals) -> Counts:
    """Returns the counts that `SHOTS` shots give on average."""
    return Counts(np.rint(ones * SHOTS).astype(np.int64), SHOTS)


if __name__ == "__main__":
    main()
