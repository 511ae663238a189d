"""What a protocol is: what a job runs, and what is made of what it gave."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from qrng_hub.circuits import Circuit
from qrng_hub.extractors import DESCRIPTION
from qrng_hub.protocols.seeds import OSSeeds, SeedSource
from qrng_hub.protocols.setting_bits import BitRange, OperatingSystemBits, SettingBits
from qrng_hub.records import Backend, BlockYield, Candidate, Job, RawBlock, Request, RunTerms

if TYPE_CHECKING:  # scipy and numpy are loaded when something is processed
    from qrng_hub.bits import Packed
    from qrng_hub.protocols.crediting import PublishedReadout


@dataclass(frozen=True, slots=True)
class Chances:
    """What a run may use and how much may be tried: nothing here is known from the request alone."""

    settings: SettingBits
    candidates: int = 1
    attempt: int = 1

    @classmethod
    def first(cls) -> Chances:
        """Those of a first and only run, with settings of the operating system's."""
        return cls(OperatingSystemBits())


@dataclass(frozen=True, slots=True)
class Work:
    """What the next job runs; `terms` are what it will be certified by, if it is to be."""

    circuits: tuple[Circuit, ...]
    shots: int
    terms: RunTerms | None = None
    second: BitRange | None = None
    """Bits that are set aside for a two-source extraction."""
    expected_bytes: int = 0
    """What the job is expected to give; 0 if nobody reckoned."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What processing takes beside the outcomes of a job."""

    epsilon_per_block: float
    """What each block of the extraction may be away from uniform."""
    alpha: float
    """The false-alarm rate of one health test of a block of up to a megabit; a larger one's is less in proportion."""
    readout: PublishedReadout | None
    """The readout errors that the vendor published of the job's qubits."""
    protocol: str = "superposition"
    terms: RunTerms | None = None
    """What the job is certified by, as it was put on record before it."""
    second: Packed | None = None
    """Bits of the weak source for a two-source extraction, packed."""
    seeds: SeedSource = field(default_factory=OSSeeds)
    """What gives the seed of any other extraction."""


class Protocol(ABC):
    """How a backend's outcomes become bytes; a protocol has no state, and one serves every thread."""

    name: ClassVar[str]
    conditioning: str = DESCRIPTION
    """How its outcomes are conditioned, for receipts."""

    @abstractmethod
    def work(self, request: Request, backend: Backend, candidate: Candidate, byte_count: int, chances: Chances) -> Work:
        """Makes the next job towards `byte_count` bytes.

        Raises `RequestError` if it could not give any, or not what it has to give at once.
        """

    @abstractmethod
    def seed_bytes(self, work: Work, request: Request) -> int:
        """Returns how many bytes of seed the extraction of a job may take; more only if it gives little."""

    @abstractmethod
    def process(self, job: Job, blocks: Sequence[RawBlock], recipe: Recipe) -> BlockYield:
        """Tests, bounds and extracts what a job gave; raises an `EntropyError` if it may not be used."""
