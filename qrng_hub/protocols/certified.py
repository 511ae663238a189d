"""Protocols whose outcomes are certified: a run is judged once, by terms that were fixed before it.

Settings are drawn for each circuit and each set of qubits in it, and are part of the circuits. The counts of a run
decide whether it is accepted; then all of its outcomes are extracted at once, for the bound is of them together.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qrng_hub.bits import Packed, unpack_shots
from qrng_hub.circuits import Circuit, Gate
from qrng_hub.errors import CertificateMissedError, ReconstructedMeasurementsError, RequestError, VendorError
from qrng_hub.extractors import MOST_WHOLE_BITS, extract_whole, whole_bits
from qrng_hub.protocols.origins import NOT_CREDITED
from qrng_hub.protocols.protocol import Chances, Protocol, Recipe, Work
from qrng_hub.protocols.setting_bits import BitRange, SettingBits
from qrng_hub.protocols.sites import Site, sites_of
from qrng_hub.records import (
    Backend,
    BlockSummary,
    BlockYield,
    Candidate,
    CertifiedRun,
    EntropyCredit,
    Extraction,
    Job,
    RawBlock,
    Request,
    RunTerms,
    ShotOrder,
)

if TYPE_CHECKING:
    from qrng_hub.records import CertificateOptions


class CertifiedProtocol(Protocol):
    """What the certified protocols share; each says what its parts do, and which outcomes become bits."""

    conditioning = "Toeplitz hashing of all outcomes of a run at once (leftover hash lemma), one seed a run"
    parts: ClassVar[int]
    """How many qubits play together."""
    used_parts: ClassVar[int]
    """The outcomes of how many of them become bits."""

    def work(self, request: Request, backend: Backend, candidate: Candidate, byte_count: int, chances: Chances) -> Work:
        """Fixes the terms of a run and draws its settings.

        Raises `RequestError` if a run that is accepted would give less than what is asked for.
        """
        from qrng_hub.certificates.runs import with_factors  # loads numpy and more

        if candidate.shots is not None:
            raise RequestError(
                f"backend.shots of {candidate.address}: a {self.name} run has those of request.certificate.shots, in "
                "each of its circuits; leave the backend's out"
            )
        terms = RunTerms(
            options=_options(request),
            sites=sites_of(backend, candidate, self.parts),
            candidates=chances.candidates,
            attempt=chances.attempt,
            settings_origin=chances.settings.description,
            settings_sha256="",
        )
        terms = with_factors(terms)
        self._require_enough(terms, request.epsilon, byte_count)
        settings = self.draw_settings(terms, chances.settings)
        return Work(
            circuits=tuple(self.circuit(terms.sites, row.tolist()) for row in settings),
            shots=terms.options.shots,
            terms=terms.model_copy(update={"settings_sha256": _digest(settings)}),
            second=self.set_aside(terms, chances.settings),
        )

    def seed_bytes(self, work: Work, request: Request) -> int:
        """Returns a bit for each outcome that becomes a bit, and one for each bit of output, as whole bytes."""
        return 0 if work.terms is None else self.raw_bits(work.terms) // 8 + request.bytes + 1

    def process(self, job: Job, blocks: Sequence[RawBlock], recipe: Recipe) -> BlockYield:
        """Counts a run, certifies it and extracts its bits.

        Raises `CertificateMissedError` if the run is not accepted, `ReconstructedMeasurementsError` for shots not as
        measured, and `VendorError` if the job is not the one whose settings are on record.
        """
        from qrng_hub.certificates.runs import certified_run

        terms = recipe.terms
        if terms is None:
            raise RequestError(f"job {job.spec.key} is not on record as a certified run: its counts say nothing")
        settings = self._settings_of(job.spec.circuits, terms)
        outcomes = _outcomes(blocks, terms)
        run = certified_run(terms, self.counts(settings, outcomes))
        _require_accepted(run, job)
        raw = self.raw(settings, outcomes)
        output, extraction, seed = self.extract(raw, run, recipe)
        return BlockYield(
            block=_summary(blocks),
            health=None,
            credit=_credit(blocks, run),
            extraction=extraction,
            output=output,
            seed=seed,
            seed_origin=self.seed_origin(recipe),
            certified=run,
        )

    @abstractmethod
    def prepared(self, site: Site) -> tuple[Gate, ...]:
        """Lists the gates that prepare a site."""

    @abstractmethod
    def measured_in(self, part: int, qubit: int, setting: int) -> tuple[Gate, ...]:
        """Lists the gates before the measurement of one part of a site."""

    @abstractmethod
    def setting_of(self, gates: Sequence[Gate]) -> int:
        """Reads the setting back from the gates of a circuit on a qubit."""

    @abstractmethod
    def draw_settings(self, terms: RunTerms, source: SettingBits) -> Packed:
        """Draws the settings, uint8 of shape (circuits, sites, parts)."""

    def set_aside(self, terms: RunTerms, source: SettingBits) -> BitRange | None:
        """Sets bits aside for a two-source extraction, if there is one."""
        return None

    def counts(self, settings: Packed, outcomes: Packed) -> tuple[int, ...]:
        """Counts rounds by settings and outcomes; outcomes have shape (circuits, shots, sites, parts)."""
        bits = np.concatenate([np.broadcast_to(settings[:, None], outcomes.shape), outcomes], axis=3)
        cells = bits @ (1 << np.arange(2 * self.parts, dtype=np.int64)[::-1])
        return tuple(np.bincount(cells.reshape(-1), minlength=4**self.parts).tolist())

    def raw(self, settings: Packed, outcomes: Packed) -> Packed:
        """Returns the outcomes that become bits, uint8 of shape (n,)."""
        return np.ascontiguousarray(outcomes[..., : self.used_parts]).reshape(-1)

    def raw_bits(self, terms: RunTerms) -> int:
        """Returns how many these are."""
        return terms.rounds * self.used_parts

    def output_bits(self, terms: RunTerms, certified_bits: float, epsilon: float) -> int:
        """Returns how many bits a run gives that certifies so many."""
        return whole_bits(certified_bits, epsilon)

    def extract(self, raw: Packed, run: CertifiedRun, recipe: Recipe) -> tuple[bytes, Extraction, bytes]:
        """Extracts what is certified, as `extract_whole` does."""
        return extract_whole(raw, run.certificate.certified_bits, recipe.epsilon_per_block, recipe.seeds)

    def seed_origin(self, recipe: Recipe) -> str:
        """Says where the seed of the extraction comes from."""
        return recipe.seeds.origin

    def _require_enough(self, terms: RunTerms, epsilon: float, byte_count: int) -> None:
        from qrng_hub.certificates.runs import promised

        if (raw := self.raw_bits(terms)) > MOST_WHOLE_BITS:
            raise RequestError(
                f"a run of {raw:,} outcomes is more than the {MOST_WHOLE_BITS:,} that are extracted at once: take "
                "fewer circuits, shots or qubits"
            )
        bits = promised(terms).certified_bits
        given = max(0, self.output_bits(terms, bits, epsilon)) // 8
        if given < byte_count:
            raise RequestError(
                f"a {self.name} run of {len(terms.sites)} set(s) of qubits, {terms.options.circuits:,} circuits and "
                f"{terms.options.shots:,} shots certifies {bits:,.0f} bits if it is accepted, which give {given:,} "
                f"bytes and not {byte_count:,}: take more circuits or qubits, or another threshold in "
                "request.certificate; `qrng certify plan` says how many"
            )

    def circuit(self, sites: tuple[Site, ...], settings: Sequence[Sequence[int]]) -> Circuit:
        """Makes the circuit in which every part of every site has its setting."""
        gates = [gate for site in sites for gate in self.prepared(site)]
        for site, row in zip(sites, settings, strict=True):
            for part, (qubit, setting) in enumerate(zip(site, row, strict=True)):
                gates += _measured_in(self, part, qubit, setting)
        return Circuit(tuple(gates)).measure(*(qubit for site in sites for qubit in site))

    def _settings_of(self, circuits: Sequence[Circuit], terms: RunTerms) -> Packed:
        """Reads the settings from the circuits that ran; raises `VendorError` if they are not those on record."""
        found = []
        for circuit in circuits:
            on: dict[int, list[Gate]] = {}
            for gate in circuit.gates:
                for qubit in gate.qubits:
                    on.setdefault(qubit, []).append(gate)
            found.append([[self.setting_of(on[qubit]) for qubit in site] for site in terms.sites])
        settings = np.array(found, np.uint8)
        if len(circuits) != terms.options.circuits or _digest(settings) != terms.settings_sha256:
            raise VendorError("the settings of the job are not those put on record before it: nothing is used")
        return settings


@lru_cache(maxsize=4096)
def _measured_in(protocol: CertifiedProtocol, part: int, qubit: int, setting: int) -> tuple[Gate, ...]:
    return protocol.measured_in(part, qubit, setting)


def _options(request: Request) -> CertificateOptions:
    if request.certificate is None:
        raise RequestError(f"a {request.protocol} request has no options: set request.certificate")
    return request.certificate


def _digest(settings: Packed) -> str:
    return hashlib.sha256(np.packbits(settings.reshape(-1)).tobytes()).hexdigest()


def _outcomes(blocks: Sequence[RawBlock], terms: RunTerms) -> Packed:
    """Unpacks the blocks of a run to uint8 of shape (circuits, shots, sites, parts)."""
    if any(block.shot_order is not ShotOrder.MEASURED for block in blocks):
        raise ReconstructedMeasurementsError(
            f"the outcomes of {blocks[0].address} were rebuilt from counts or probabilities: they certify nothing"
        )
    column = {qubit: index for index, qubit in enumerate(blocks[0].qubits)}
    order = [[column[qubit] for qubit in site] for site in terms.sites]
    return np.stack([unpack_shots(block.outcomes, len(block.qubits))[:, order] for block in blocks])


def _require_accepted(run: CertifiedRun, job: Job) -> None:
    certificate = run.certificate
    if not certificate.certified_bits:
        raise CertificateMissedError(
            f"job {job.vendor_id} on {job.spec.address} reached {certificate.score:.6g} and the threshold is "
            f"{certificate.quantities['threshold']:.6g}: nothing is certified, the outcomes are discarded, and the "
            "next run on this backend counts as a further attempt"
        )


def _summary(blocks: Sequence[RawBlock]) -> BlockSummary:
    """Says of all circuits' outcomes together what is told of one block's; the digest is of them in their order."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block.outcomes.tobytes())
    return (
        blocks[0]
        .summary()
        .model_copy(
            update={
                "shots": sum(block.shots for block in blocks),
                "ones": tuple(np.sum([block.ones for block in blocks], axis=0).tolist()),
                "sha256": digest.hexdigest(),
            }
        )
    )


def _credit(blocks: Sequence[RawBlock], run: CertifiedRun) -> EntropyCredit:
    """Credits what is certified if it is hardware's; of single qubits nothing is bounded, each has an equal part."""
    from qrng_hub.estimators import most_common_value

    summary, certificate = _summary(blocks), run.certificate
    doubt = NOT_CREDITED.get(summary.origin)
    each = certificate.certified_bits / summary.shots / len(summary.qubits)
    bits = (each,) * len(summary.qubits)
    return EntropyCredit(
        shots=summary.shots,
        bound_bits_per_qubit=bits,
        counted_bits_per_qubit=(),
        calibrated_bits_per_qubit=None,
        estimated_bits_per_qubit=tuple(most_common_value(np.array(summary.ones), summary.shots).tolist()),
        epsilon=max(certificate.epsilons.values()),
        credited_bits=0.0 if doubt else certificate.certified_bits,
        method=certificate.method,
        side_information=certificate.side_information,
        assumptions=(*((doubt.assumption,) if doubt else ()), *certificate.assumptions),
    )
