"""Draws docs/certificates.svg: certified bits against rounds, by method. Needs matplotlib, which the hub does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure

from qrng_hub.certificates import Epsilons
from qrng_hub.certificates.chsh import METHODS, chsh_value, plan_for_score
from qrng_hub.certificates.mermin import mermin_bits
from qrng_hub.certificates.source_independent import BasisCounts, smooth_min_entropy

rcParams.update({"svg.hashsalt": "certificates", "svg.fonttype": "none", "font.family": "sans-serif"})

NANO = Epsilons.both(1e-9)
ROUNDS = np.unique(np.logspace(3, 9, 37).astype(int))
SCORES = {0.84: "-", 0.80: "--"}
NAMES = {"pef": "pef (classical side information)", "df19": "df19 (quantum)", "eat": "eat (quantum)"}
COLOURS = {"pef": "#0b6e99", "df19": "#c2570c", "eat": "#6b7280"}


def two_bases(rounds: int) -> float:
    """Returns what systems certify of which a fifth is measured in X, with 2 % of errors."""
    x = rounds // 5
    return smooth_min_entropy(BasisCounts(rounds - x, x, round(0.02 * x)), NANO.smooth)


def main() -> None:
    """Computes and draws."""
    figure = Figure(figsize=(8, 4.6))
    axes = figure.subplots()
    for score, style in SCORES.items():
        for method in METHODS:
            bits = [plan_for_score(method, int(n), score, NANO).bits for n in ROUNDS]
            shown = np.where(np.array(bits) > 0, bits, np.nan)
            label = f"{NAMES[method]}, w = {score:.2f} (S = {chsh_value(score):.2f})"
            axes.loglog(ROUNDS, shown, style, color=COLOURS[method], label=label)
    others = {
        "Mermin, M = 3.50, source rate 0.95 (classical)": ("#7c3aed", "-.", lambda n: mermin_bits(n, 3.5, 0.95, NANO)),
        "source-independent, 2 % X errors (quantum)": ("#15803d", "-.", two_bases),
    }
    for label, (colour, style, bits_of) in others.items():
        bits = np.array([bits_of(int(n)) for n in ROUNDS])
        axes.loglog(ROUNDS, np.where(bits > 0, bits, np.nan), style, color=colour, label=label)
    axes.loglog(ROUNDS, 2 * ROUNDS, ":", color="#9ca3af", label="what uniform settings of CHSH cost: 2 bits a round")
    axes.set(xlabel="rounds", ylabel="certified bits", title="Certified bits, smoothing error and kappa 1e-9")
    axes.grid(visible=True, which="major", color="#e5e7eb")
    axes.legend(fontsize=7, loc="upper left")
    figure.tight_layout()
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
