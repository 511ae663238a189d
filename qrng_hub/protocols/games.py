"""The games whose scores certify entropy: CHSH on pairs of qubits, Mermin's on triples, all at the same time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qrng_hub.bits import Packed
from qrng_hub.circuits import Gate
from qrng_hub.errors import RequestError
from qrng_hub.extractors import extract_two_source, second_source_bits, two_source_bits
from qrng_hub.protocols.certified import CertifiedProtocol
from qrng_hub.protocols.protocol import Recipe
from qrng_hub.protocols.setting_bits import BitRange, FileBits, SettingBits
from qrng_hub.protocols.sites import Site
from qrng_hub.records import CertifiedRun, Extraction, MerminOptions, RunTerms

#: The angles of the two parts for settings 0 and 1, about Y: Z and X for one, (Z + X) and (Z - X) for the other.
_ANGLES = ((0.0, -math.pi / 2), (-math.pi / 4, math.pi / 4))
_ANGLES_OF_ONE = {angles[1] for angles in _ANGLES}


class _Game(CertifiedProtocol):
    """A game: every part of every site gets a setting of its own in every circuit."""

    used_parts = 2

    def draw_settings(self, terms: RunTerms, source: SettingBits) -> Packed:
        """Draws a bit for each part of each site and circuit."""
        shape = terms.options.circuits, len(terms.sites), self.parts
        return source.take(math.prod(shape)).reshape(shape)


class Chsh(_Game):
    """Bell pairs; a part measures at one of two angles, and a round is won if a XOR b = x AND y."""

    name = "chsh"
    parts = 2

    def prepared(self, site: Site) -> tuple[Gate, ...]:
        """Prepares (|00> + |11>) / sqrt 2."""
        return Gate("h", site[:1]), Gate("cx", site)

    def measured_in(self, part: int, qubit: int, setting: int) -> tuple[Gate, ...]:
        """Turns the axis of the setting to Z."""
        return (Gate("ry", (qubit,), _ANGLES[part][setting]),)

    def setting_of(self, gates: Sequence[Gate]) -> int:
        """Reads the angle."""
        return int(gates[-1].angle in _ANGLES_OF_ONE)


class Mermin(_Game):
    """GHZ states; a part measures X or Y with bits of a weak source, which also takes part in the extraction."""

    name = "mermin"
    parts = 3
    conditioning = "two-source extraction of two answers of every round at once, with further bits of the weak source"

    def prepared(self, site: Site) -> tuple[Gate, ...]:
        """Prepares (|000> + |111>) / sqrt 2 from the middle."""
        left, middle, right = site
        return Gate("h", (middle,)), Gate("cx", (middle, left)), Gate("cx", (middle, right))

    def measured_in(self, part: int, qubit: int, setting: int) -> tuple[Gate, ...]:
        """Turns X, or Y for setting 1, to Z."""
        return (*((Gate("sdg", (qubit,)),) if setting else ()), Gate("h", (qubit,)))

    def setting_of(self, gates: Sequence[Gate]) -> int:
        """Looks for what makes it Y."""
        return int(any(gate.name == "sdg" for gate in gates))

    def set_aside(self, terms: RunTerms, source: SettingBits) -> BitRange | None:
        """Sets bits of a file aside; the operating system's are drawn when they are needed, after the run."""
        return source.reserve(self.second_bits(terms)) if isinstance(source, FileBits) else None

    def second_bits(self, terms: RunTerms) -> int:
        """Returns how many bits of the second source the extraction takes."""
        return second_source_bits(_mermin(terms).extractor, self.raw_bits(terms))

    def output_bits(self, terms: RunTerms, certified_bits: float, epsilon: float) -> int:
        """Returns what the two-source extractor gives."""
        options = _mermin(terms)
        return two_source_bits(options.extractor, self.raw_bits(terms), certified_bits, options.source_rate, epsilon)

    def extract(self, raw: Packed, run: CertifiedRun, recipe: Recipe) -> tuple[bytes, Extraction, bytes]:
        """Extracts with the second source, as `extract_two_source` does."""
        options = _mermin(run.terms)
        if recipe.second is None:
            raise RequestError("a mermin run has no bits of the weak source to extract with")
        second = np.asarray(recipe.second, np.uint8)
        bits = run.certificate.certified_bits
        return extract_two_source(options.extractor, raw, second, bits, options.source_rate, recipe.epsilon_per_block)

    def seed_origin(self, recipe: Recipe) -> str:
        """Says what the second source is."""
        settings = recipe.terms.settings_origin if recipe.terms else "unknown"
        return f"the weak source, as the settings: {settings}"


def _mermin(terms: RunTerms) -> MerminOptions:
    if not isinstance(terms.options, MerminOptions):
        raise RequestError(f"a mermin run has the options of {terms.options.protocol}")
    return terms.options
