"""What a certificate says, and what is fixed of a run before it is certified."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator

from qrng_hub.records.base import WHOLE, Record

#: No hub can say this of hardware that others run, out of its sight and without space-like separation.
_NEVER_CLAIMED = ("device-independent", "device independent")
_Bits = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, lt=1)]
_Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True), WHOLE]
OPERATING_SYSTEM = "os"


class Level(StrEnum):
    """Which argument a number of bits rests on. These are labels and no ranks: each level trusts something else."""

    SIMULATED = "L0"
    """A deterministic generator: nothing is certified."""
    REPORTED = "L1"
    """Outcomes as a provider reports them: nothing is certified."""
    CREDITED = "L2"
    """Counts of each qubit, of a device whose preparation and measurement are trusted."""
    SOURCE_INDEPENDENT = "L3"
    """Two bases, of a device whose measurement is trusted and whose preparation is not."""
    CHSH = "L4"
    """A CHSH game between two parts of a device that are trusted not to communicate."""
    MERMIN = "L5"
    """A Mermin game among three such parts, with settings from a weak source."""
    RANDOM_CIRCUITS = "L6"
    """Random circuits, against an adversary who cannot simulate them."""
    BELL_DATA = "L7"
    """The recorded rounds of somebody's Bell test, which says itself how its stations were kept apart."""


class Certificate(Record):
    """A lower bound on min-entropy with everything that it is conditional on; a value, made by the bounds."""

    level: Level
    claim: str
    """What is claimed, in one sentence."""
    certified_bits: _Bits
    """The smooth min-entropy of all outcomes together, at least, in bits."""
    bits_per_round: _Bits
    method: str
    rounds: Annotated[int, Field(ge=1)]
    score: float | None
    """What the game or the test reached, or the threshold that was fixed for it; its scale is the method's."""
    side_information: str
    """What the adversary may hold: classical or quantum."""
    adversary: str
    assumptions: tuple[str, ...]
    epsilons: dict[str, float]
    setting_origin: str
    """Where the settings come from, and whether the device may know them in advance."""
    quantities: dict[str, float] = Field(default_factory=dict)
    """Further figures of the method, by name; units are in the names."""

    @field_validator("claim", "method", "adversary", "setting_origin")
    @classmethod
    def _claims_no_more(cls, text: str) -> str:
        if any(word in text.lower() for word in _NEVER_CLAIMED):
            raise ValueError("a certificate of this hub does not call a device what it cannot know it to be")
        return text


class _Options(Record):
    """`[request.certificate]`: what every certified protocol takes; all of it is fixed before the outcomes."""

    circuits: _Count = 256
    """Circuits of a run; each has settings of its own."""
    shots: _Count = 8
    """Shots of each circuit, for all of which its settings are fixed: fewer cost less of the bound."""
    epsilon: _Share = 1e-9
    """The smoothing error, and the smallest probability of acceptance that matters, of all attempts together."""
    settings: Annotated[str, Field(min_length=1)] = OPERATING_SYSTEM
    """Where settings come from: "os", the operating system's generator, or a file of random bytes, each used once."""


class SourceIndependentOptions(_Options):
    """Options of source-independent runs (L3)."""

    protocol: Literal["source-independent"] = "source-independent"
    x_share: _Share = 0.2
    """The share of the groups of shots that is measured in X."""
    x_error_rate: Annotated[float, Field(ge=0, lt=0.5)] = 0.04
    """The share of errors in X up to which a run is accepted."""


class ChshOptions(_Options):
    """Options of CHSH runs (L4)."""

    protocol: Literal["chsh"] = "chsh"
    method: Literal["pef", "eat", "df19"] = "pef"
    score: Annotated[float, Field(gt=0.75, lt=0.8536)] = 0.8
    """The share of rounds from which on a run is accepted."""
    settings_bias: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """How far from 1/2 the probability of a setting may be, known to the adversary (pef)."""


class MerminOptions(_Options):
    """Options of Mermin runs with a weak source (L5)."""

    protocol: Literal["mermin"] = "mermin"
    score: Annotated[float, Field(gt=2, le=4)] = 3.2
    """The Mermin value from which on a run is accepted."""
    source_rate: Annotated[float, Field(gt=0, le=1)]
    """The min-entropy of each bit of the source of the settings, given all before it: at most 1."""
    extractor: Literal["dodis", "dodis-markov", "circulant"] = "dodis"
    """The two-source extractor; its second input is of the same source."""


CertificateOptions = Annotated[SourceIndependentOptions | ChshOptions | MerminOptions, Field(discriminator="protocol")]


class WinningFactors(Record):
    """Probability estimation factors that tell only rounds won from rounds lost, and their power."""

    won: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    lost: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    power: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RunTerms(Record):
    """What a certified run is judged by: put on record before its job is submitted, and never changed after."""

    options: CertificateOptions
    sites: Annotated[tuple[tuple[int, ...], ...], Field(min_length=1)]
    """The physical qubits that play together, in the order of their parts; one each where there is no game."""
    candidates: Annotated[int, Field(ge=1)] = 1
    """How many backends may be tried for the draw: each has an equal share of epsilon."""
    attempt: Annotated[int, Field(ge=1)] = 1
    """1, and one more for each run on this backend since the last that was accepted: the j-th has 1 / (j (j + 1))."""
    settings_origin: str
    settings_sha256: str
    """The SHA-256, in hex, of all settings as bits, packed."""
    factors: WinningFactors | None = None
    """What a run is judged by with the method pef; no solver is needed to verify them."""

    @property
    def rounds(self) -> int:
        """The rounds of the run, one a site, circuit and shot."""
        return len(self.sites) * self.options.circuits * self.options.shots

    @property
    def epsilon(self) -> float:
        """The share of epsilon that this run has, of all that may be tried."""
        return self.options.epsilon / (self.candidates * self.attempt * (self.attempt + 1))


class CertifiedRun(Record):
    """A run that was certified: its terms, its counts, and the certificate that follows from the two."""

    terms: RunTerms
    counts: tuple[Annotated[int, Field(ge=0)], ...]
    """Rounds by settings and answers: 16 of x y a b, 64 of x y z a b c; or Z zeros, Z ones, X zeros, X ones."""
    certificate: Certificate


class Bound(Record):
    """What outcomes certify if they came from hardware, whether or not they did."""

    certified_bits: _Bits
    level: Level
    reason: str
