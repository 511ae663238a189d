"""Source-independent runs: most groups of shots in Z, for the bits, and some at random in X, for the test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qrng_hub.bits import Packed
from qrng_hub.circuits import Gate
from qrng_hub.protocols.certified import CertifiedProtocol
from qrng_hub.protocols.setting_bits import SettingBits
from qrng_hub.protocols.sites import Site
from qrng_hub.records import RunTerms


class SourceIndependent(CertifiedProtocol):
    """|+> on every qubit; a group is one qubit's shots of one circuit, and has a basis of its own."""

    name = "source-independent"
    parts = 1
    used_parts = 1

    def prepared(self, site: Site) -> tuple[Gate, ...]:
        """Prepares |+>."""
        return (Gate("h", site),)

    def measured_in(self, part: int, qubit: int, setting: int) -> tuple[Gate, ...]:
        """Turns X to Z for setting 1."""
        return (Gate("h", (qubit,)),) if setting else ()

    def setting_of(self, gates: Sequence[Gate]) -> int:
        """Looks for the second Hadamard gate."""
        return len(gates) - 1

    def draw_settings(self, terms: RunTerms, source: SettingBits) -> Packed:
        """Chooses the groups in X, every set of so many alike."""
        from qrng_hub.certificates.runs import x_groups

        groups = terms.options.circuits * len(terms.sites)
        settings = np.zeros(groups, np.uint8)
        settings[source.choose(x_groups(terms), groups)] = 1
        return settings.reshape(terms.options.circuits, len(terms.sites), 1)

    def raw(self, settings: Packed, outcomes: Packed) -> Packed:
        """Returns the outcomes in Z."""
        in_z = np.broadcast_to(settings[:, None] == 0, outcomes.shape)
        chosen: Packed = outcomes[in_z]
        return chosen

    def raw_bits(self, terms: RunTerms) -> int:
        """Counts these."""
        from qrng_hub.certificates.runs import x_groups

        return terms.rounds - x_groups(terms) * terms.options.shots
