"""What to do when a backend does not deliver: pure decisions, each with its reason.

Nothing here acts: the dispatcher and the runner do what is decided and record why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from qrng_hub.errors import (
    AdapterError,
    AuthenticationError,
    ConfigError,
    LedgerError,
    PolicyStopError,
    QRNGError,
    RateLimitedError,
    RequestError,
    RunInterruptedError,
    ServiceUnreachableError,
    UnknownNameError,
    VendorError,
)
from qrng_hub.records import Candidate, Fallback, Origin, Quote, Request

LAST_RESORT = Candidate(address="local:stim", origin=Origin.SIMULATOR)
#: Errors that only the caller can mend: no other backend is tried in their place.
MISTAKES = (RequestError, ConfigError, UnknownNameError, AdapterError, AuthenticationError, LedgerError)
#: Errors that end a draw whatever else could deliver.
ENDS_ALL = (*MISTAKES, RunInterruptedError, PolicyStopError)
STILL_BILLED = "its job may still be billed, and policy.hedge is false: no other backend is paid in its place"
#: Nothing is submitted later than this after its intent.
SUBMISSION_WINDOW = timedelta(minutes=5)
#: How long a job is looked for after a doubtful end of its submission, since a vendor's list may lag behind; after
#: its intent, it is closed by a reconciliation, which then can cross no submission that is still to come.
GRACE = 2 * SUBMISSION_WINDOW
#: How long a mistake may last while a job is at a vendor, for a key to be renewed say.
MENDED_WITHIN_SECONDS = 900.0


class Action(StrEnum):
    """What the hub does next."""

    RETRY = "retry"
    WAIT = "wait"
    NEXT = "next"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Decision:
    """An action, its reason, and for NEXT the candidate to use."""

    action: Action
    reason: str
    use: Candidate | None = None


def eligible(request: Request) -> tuple[Candidate, ...]:
    """Lists the candidates that the policy allows at all, in their order."""
    wanted = allowed_origins(request.fallback)
    return tuple(candidate for candidate in request.candidates if candidate.origin in wanted)


def allowed_origins(fallback: Fallback) -> tuple[Origin, ...]:
    """Lists the origins that may deliver."""
    return {
        Fallback.HARDWARE_ONLY: (Origin.HARDWARE,),
        Fallback.SIMULATOR_ONLY: (Origin.SIMULATOR,),
        Fallback.SIMULATE_ON_FAILURE: tuple(Origin),
    }[fallback]


def stand_ins(request: Request, candidate: Candidate) -> tuple[Candidate, ...]:
    """Lists what may be used, in order, if `candidate` does not deliver.

    In mode "first" the later candidates; in mode "each", where these are used anyway, none. Hardware
    may then be replaced by the first simulator listed, or else by local:stim, if the policy is to
    simulate on failure.
    """
    listed = eligible(request)
    later = listed[listed.index(candidate) + 1 :] if request.mode == "first" and candidate in listed else ()
    may_simulate = request.fallback is Fallback.SIMULATE_ON_FAILURE and candidate.origin is Origin.HARDWARE
    if not may_simulate or any(other.origin is Origin.SIMULATOR for other in later):
        return later
    simulators = (other for other in listed if other.origin is Origin.SIMULATOR)
    return (*later, next(simulators, LAST_RESORT))


def last_resort(candidates: tuple[Candidate, ...], fallback: Fallback) -> tuple[Candidate, ...]:
    """Returns the simulator that may stand in for a plan's hardware though none is listed, if the policy wants one."""
    origins = {candidate.origin for candidate in candidates}
    stands_in = Origin.HARDWARE in origins and Origin.SIMULATOR not in origins
    return (LAST_RESORT,) if stands_in and fallback is Fallback.SIMULATE_ON_FAILURE else ()


def after_failure(error: QRNGError, candidates: tuple[Candidate, ...], *, may_be_billed: bool = False) -> Decision:
    """Decides what follows when a backend did not deliver.

    While its job may still be billed, nothing follows but simulators, which are free.
    """
    reason = f"{type(error).__name__}: {error}"
    if may_be_billed:
        candidates = tuple(candidate for candidate in candidates if candidate.origin is Origin.SIMULATOR)
        reason += f" ({STILL_BILLED})"
    if isinstance(error, ENDS_ALL):
        return Decision(Action.STOP, reason)
    if not candidates:
        return Decision(Action.STOP, f"{reason} (and the policy allows no further backend)")
    return Decision(Action.NEXT, reason, candidates[0])


def is_doubtful(error: QRNGError) -> bool:
    """Whether a job may have reached the vendor although submitting it ended with this error."""
    return isinstance(error, VendorError) and error.may_have_happened


def passes(error: QRNGError) -> bool:
    """Whether the same request may succeed a little later."""
    return isinstance(error, (RateLimitedError, ServiceUnreachableError))


def after_refusal(error: QRNGError, attempt: int, max_attempts: int) -> Decision:
    """Decides what follows when the vendor did not take a job, or would not make a second one of it."""
    if passes(error) and attempt < max_attempts:
        return Decision(Action.RETRY, f"attempt {attempt} of {max_attempts}: {error}")
    return Decision(Action.STOP, str(error))


def while_at_vendor(
    error: QRNGError | None, failing_seconds: float, waited_seconds: float, max_wait_seconds: float
) -> Decision:
    """Decides whether to go on waiting for a job that the vendor has, and that may be billed.

    `failing_seconds` is how long every look at it has failed, the last one with `error`.
    """
    if isinstance(error, MISTAKES) and failing_seconds >= MENDED_WITHIN_SECONDS:
        return Decision(Action.STOP, f"it could not be looked at for {failing_seconds:,.0f} s: {error}")
    if waited_seconds >= max_wait_seconds:
        return Decision(Action.STOP, f"not finished after {waited_seconds:,.0f} s")
    return Decision(Action.WAIT, f"asking again after: {error}" if error else "queued or running")


def price_objection(quote: Quote, usd_per_job: Decimal, *, accepts_unknown: bool = False) -> str | None:
    """Says why a job may not be paid for and what would allow it, or None if it may."""
    if quote.is_free or (accepts_unknown and quote.high is None):
        return None
    if quote.high is None:
        return 'its price is unknown; allow it with [budget] unknown_price = "accept", or add its price to prices.toml'
    if quote.currency != "USD":
        return f"it may cost {quote.high} {quote.currency}, and budgets are in USD: add its price in USD to prices.toml"
    if quote.high <= usd_per_job:
        return None
    return (
        f"it may cost {quote.high} USD, and the limit is {usd_per_job} USD a job; allow it with [budget]"
        f" usd_per_job = {in_cents(quote.high)}"
    )


def in_cents(usd: Decimal) -> Decimal:
    """Rounds an amount up to cents: a limit of so much allows it."""
    return usd.quantize(Decimal("0.01"), ROUND_CEILING)
