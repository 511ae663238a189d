"""From the terms of a run and its counts to its certificate: pure, so that whoever has the two can repeat it.

The terms are fixed before the run: they say what it promises if it is accepted, and what it has to reach for that. It
then gets these bits or none. No solver is needed here: the factors that one found are part of the terms, and are scaled
anew until they are valid, whatever they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qrng_hub.certificates.certificate import Certificate, Epsilons
from qrng_hub.certificates.chsh import ChshPlan, Circumstances, Settings, plan_for_score, plan_with_factors
from qrng_hub.certificates.chsh.factors import Factors
from qrng_hub.certificates.counts import winning_cells
from qrng_hub.certificates.mermin import certify_mermin, lost_cells
from qrng_hub.certificates.source_independent import BasisCounts, certify_source_independent
from qrng_hub.errors import RequestError
from qrng_hub.records import (
    CertifiedRun,
    ChshOptions,
    MerminOptions,
    RunTerms,
    SourceIndependentOptions,
    WinningFactors,
)

_TRIED = (
    "epsilon is shared by the {candidates} backend(s) that may be tried; this is attempt {attempt} at this protocol on "
    "this one since a run of it was last accepted, which has 1 / {parts} of its share: what this ledger does not know "
    "of was not tried"
)
_APART = "sets of qubits that are used at the same time do not signal to one another"
_PREPARED_ALIKE = (
    "the preparation is the same in either basis, although whoever compiles and runs a circuit sees its basis"
)


def promised(terms: RunTerms) -> Certificate:
    """Says what a run on these terms is worth if it is accepted; raises `RequestError` for terms out of range."""
    match terms.options:
        case SourceIndependentOptions():
            found = certify_source_independent(_accepted_bases(terms), terms.epsilon, terms.settings_origin)
        case ChshOptions():
            found = _chsh_plan(terms).certificate()
        case MerminOptions() as options:
            found = certify_mermin(
                terms.rounds,
                options.score,
                options.source_rate,
                Epsilons.both(terms.epsilon),
                sharing=options.shots,
                drawn="circuit",
                origin=terms.settings_origin,
            )
    return _qualified(found, terms)


def certified(terms: RunTerms, counts: Sequence[int]) -> Certificate:
    """Certifies the counts of a run (see `CertifiedRun`): what was promised if it is accepted, and otherwise 0 bits.

    Raises `RequestError` for counts that no run on these terms gives.
    """
    promise, score = promised(terms), reached(terms, counts)
    accepted = is_accepted(terms, score)
    how = "this run reached the threshold fixed for it" if accepted else "this run missed the threshold fixed for it"
    bits = promise.certified_bits if accepted else 0.0
    return promise.model_copy(
        update={
            "claim": f"at least {bits:,.1f} bits of smooth min-entropy, given {promise.side_information} side "
            f"information and all settings: {how}",
            "certified_bits": bits,
            "bits_per_round": bits / promise.rounds,
            "score": score,
            "quantities": promise.quantities | {"threshold": _threshold(terms)},
        }
    )


def certified_run(terms: RunTerms, counts: Sequence[int]) -> CertifiedRun:
    """Certifies counts and puts all of it into one record; raises as `certified`."""
    return CertifiedRun(terms=terms, counts=tuple(counts), certificate=certified(terms, counts))


def reached(terms: RunTerms, counts: Sequence[int]) -> float:
    """Returns the score that counts make: the share of rounds won, the Mermin value, or the share of X errors.

    Raises `RequestError` for another number of counts or of rounds than the terms ask for.
    """
    wanted, rounds = {"source-independent": 4, "chsh": 16, "mermin": 64}[terms.options.protocol], sum(counts)
    if len(counts) != wanted or rounds != terms.rounds or min(counts) < 0:
        raise RequestError(
            f"the terms ask for {wanted} counts of {terms.rounds:,} rounds in all, and there are {len(counts)} of "
            f"{rounds:,}"
        )
    cells = np.array(counts, np.int64)
    match terms.options:
        case SourceIndependentOptions():
            expected = _accepted_bases(terms)
            if int(cells[2:].sum()) != expected.x:
                raise RequestError(
                    f"{int(cells[2:].sum()):,} outcomes are counted in X, and the terms say {expected.x:,}"
                )
            return float(cells[3] / expected.x)
        case ChshOptions():
            return float(cells[winning_cells()].sum() / terms.rounds)
        case MerminOptions():
            return float(4 - 16 * cells[lost_cells()].sum() / terms.rounds)


def is_accepted(terms: RunTerms, score: float) -> bool:
    """Whether a run with this score is accepted."""
    if isinstance(terms.options, SourceIndependentOptions):
        return score <= _threshold(terms)
    return score >= _threshold(terms)


def with_factors(terms: RunTerms) -> RunTerms:
    """Adds the best factors for the terms, if their method has any.

    Raises `MissingExtraError` if cvxpy is not installed, and `RequestError` for settings that the method does not take.
    """
    options = terms.options
    if not isinstance(options, ChshOptions) or options.method != "pef":
        return terms
    errors = Epsilons.both(terms.epsilon)
    found = plan_for_score("pef", terms.rounds, options.score, errors, _circumstances(terms, options)).factors
    if found is None:
        raise RequestError(f"a score of {options.score:g} certifies nothing: it is not above the classical one")
    won = winning_cells()
    values = WinningFactors(won=found.factors[won][0], lost=found.factors[~won][0], power=found.power)
    return terms.model_copy(update={"factors": values})


def _chsh_plan(terms: RunTerms) -> ChshPlan:
    options, errors = terms.options, Epsilons.both(terms.epsilon)
    assert isinstance(options, ChshOptions)  # noqa: S101 - for the type checker: whoever calls this has looked
    circumstances = _circumstances(terms, options)
    if options.method != "pef":
        return plan_for_score(options.method, terms.rounds, options.score, errors, circumstances)
    if terms.factors is None:
        raise RequestError("the terms of a run by the method pef have no factors")
    values = np.where(winning_cells(), terms.factors.won, terms.factors.lost)
    factors = Factors(values, terms.factors.power, circumstances.settings, errors, circumstances.sharing)
    return plan_with_factors(terms.rounds, options.score, factors, circumstances)


def _circumstances(terms: RunTerms, options: ChshOptions) -> Circumstances:
    settings = Settings.biased(options.settings_bias) if options.settings_bias else Settings.uniform()
    return Circumstances(settings, "circuit", origin=terms.settings_origin, sharing=options.shots)


def _threshold(terms: RunTerms) -> float:
    match terms.options:
        case SourceIndependentOptions():
            accepted = _accepted_bases(terms)
            return accepted.x_errors / accepted.x
        case ChshOptions(score=score) | MerminOptions(score=score):
            return score


def x_groups(terms: RunTerms) -> int:
    """Returns how many groups, one a qubit and circuit, are measured in X; at least one is in each basis.

    Raises `RequestError` if there are fewer than two groups.
    """
    options, groups = terms.options, len(terms.sites) * terms.options.circuits
    if not isinstance(options, SourceIndependentOptions) or groups < 2:
        raise RequestError(f"{groups} group(s) of shots cannot be measured in two bases: take more circuits or qubits")
    return min(max(1, round(options.x_share * groups)), groups - 1)


def _accepted_bases(terms: RunTerms) -> BasisCounts:
    """Returns the counts of a run that is only just accepted."""
    options, in_x = terms.options, x_groups(terms)
    assert isinstance(options, SourceIndependentOptions)  # noqa: S101 - as above
    in_z = len(terms.sites) * options.circuits - in_x
    errors = math.floor(options.x_error_rate * in_x * options.shots)
    return BasisCounts(in_z * options.shots, in_x * options.shots, errors, in_z, in_x)


def _qualified(found: Certificate, terms: RunTerms) -> Certificate:
    """Adds what holds of all runs of a hub."""
    parts = terms.attempt * (terms.attempt + 1)
    assumptions = [_TRIED.format(candidates=terms.candidates, attempt=terms.attempt, parts=parts)]
    if isinstance(terms.options, SourceIndependentOptions):
        assumptions.append(_PREPARED_ALIKE)
    elif len(terms.sites) > 1:
        assumptions.append(_APART)
    quantities = {"sites": len(terms.sites), "circuits": terms.options.circuits, "attempt": terms.attempt}
    return found.model_copy(
        update={
            "assumptions": (*found.assumptions, *assumptions),
            "quantities": found.quantities | {name: float(value) for name, value in quantities.items()},
        }
    )
