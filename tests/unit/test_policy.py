from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from qrng_hub import policy
from qrng_hub.errors import (
    AuthenticationError,
    BackendLimitError,
    BackendOfflineError,
    ConfigError,
    JobFailedError,
    QRNGError,
    RateLimitedError,
    RunInterruptedError,
    ServiceUnreachableError,
    VendorError,
)
from qrng_hub.policy import LAST_RESORT, Action
from qrng_hub.records import FREE, Candidate, Fallback, Origin, Quote, Request

FEZ = Candidate(address="ibm:fez", origin=Origin.HARDWARE)
GARNET = Candidate(address="braket:garnet", origin=Origin.HARDWARE)
AER = Candidate(address="ibm:aer", origin=Origin.SIMULATOR)
SIMULATE, HARDWARE, SIMULATOR = Fallback.SIMULATE_ON_FAILURE, Fallback.HARDWARE_ONLY, Fallback.SIMULATOR_ONLY


def request(mode: str, fallback: Fallback, *candidates: Candidate) -> Request:
    return Request.model_validate({"bytes": 1, "mode": mode, "fallback": fallback, "candidates": candidates})


@pytest.mark.parametrize(("fallback", "expected"), [(SIMULATE, [FEZ, AER]), (HARDWARE, [FEZ]), (SIMULATOR, [AER])])
def test_the_policy_says_which_origins_are_used_at_all(fallback: Fallback, expected: list[Candidate]) -> None:
    assert list(policy.eligible(request("each", fallback, FEZ, AER))) == expected


@pytest.mark.parametrize(
    ("mode", "fallback", "candidates", "stand_ins"),
    [
        ("first", SIMULATE, [FEZ, GARNET, AER], [GARNET, AER]),
        ("first", SIMULATE, [FEZ, GARNET], [GARNET, LAST_RESORT]),
        ("first", SIMULATE, [FEZ], [LAST_RESORT]),
        ("first", HARDWARE, [FEZ, GARNET, AER], [GARNET]),
        ("first", HARDWARE, [FEZ], []),
        ("each", SIMULATE, [FEZ, GARNET, AER], [AER]),
        ("each", SIMULATE, [FEZ, GARNET], [LAST_RESORT]),
        ("each", HARDWARE, [FEZ, GARNET], []),
    ],
)
def test_what_may_stand_in_for_hardware(
    mode: str, fallback: Fallback, candidates: list[Candidate], stand_ins: list[Candidate]
) -> None:
    assert list(policy.stand_ins(request(mode, fallback, *candidates), FEZ)) == stand_ins


def test_nothing_stands_in_for_a_simulator_that_was_not_listed_after_it() -> None:
    assert policy.stand_ins(request("each", SIMULATE, AER, FEZ), AER) == ()
    assert policy.stand_ins(request("first", SIMULATE, AER, FEZ), AER) == (FEZ,)


@pytest.mark.parametrize("error", [BackendOfflineError("x"), JobFailedError("x"), VendorError("x")])
def test_a_backend_that_fails_gives_way_to_the_next(error: QRNGError) -> None:
    decision = policy.after_failure(error, (GARNET, AER))
    assert (decision.action, decision.use) == (Action.NEXT, GARNET)
    assert type(error).__name__ in decision.reason
    assert policy.after_failure(error, ()).action is Action.STOP


@pytest.mark.parametrize(
    "error", [BackendLimitError("x"), ConfigError("x"), AuthenticationError("x"), RunInterruptedError("x")]
)
def test_a_mistake_of_the_caller_is_not_papered_over(error: QRNGError) -> None:
    assert policy.after_failure(error, (GARNET, AER)).action is Action.STOP


@pytest.mark.parametrize("error", [RateLimitedError("x"), ServiceUnreachableError("x")])
def test_a_passing_refusal_is_tried_again_but_not_for_ever(error: QRNGError) -> None:
    assert [policy.after_refusal(error, attempt, 3).action for attempt in (1, 2, 3)] == ["retry", "retry", "stop"]
    assert policy.after_refusal(BackendOfflineError("x"), 1, 3).action is Action.STOP


def test_a_job_at_the_vendor_is_waited_for_whatever_polling_says() -> None:
    assert policy.while_at_vendor(VendorError("strange"), 1e6, 10, 60).action is Action.WAIT
    assert policy.while_at_vendor(None, 0, 60, 60).action is Action.STOP


def test_a_mistake_while_a_job_is_at_the_vendor_may_be_mended_in_time() -> None:
    refused = AuthenticationError("the key is revoked")
    assert policy.while_at_vendor(refused, 899, 899, 86_400).action is Action.WAIT
    assert policy.while_at_vendor(refused, 900, 900, 86_400).action is Action.STOP


@pytest.mark.parametrize(
    ("low", "high", "currency", "objection"),
    [
        ("0.2", "0.3", "USD", None),
        ("0.2", "0.31", "USD", "may cost 0.31 USD"),
        ("0.2", "0.3", "EUR", "may cost 0.3 EUR"),
        (None, None, "USD", "price is unknown"),
    ],
)
def test_the_highest_price_counts(low: str | None, high: str | None, currency: str, objection: str | None) -> None:
    money = [None if amount is None else Decimal(amount) for amount in (low, high)]
    said = policy.price_objection(Quote(low=money[0], high=money[1], currency=currency, source="t"), Decimal("0.3"))
    assert said == objection if objection is None else objection in str(said)


def test_no_submission_crosses_a_reconciliation_and_the_docs_name_both_times() -> None:
    assert timedelta(0) < policy.SUBMISSION_WINDOW < policy.GRACE
    page = " ".join((Path(__file__).parents[2] / "docs" / "cloud.md").read_text(encoding="utf-8").split())
    words = {timedelta(minutes=5): "five minutes", timedelta(minutes=10): "ten minutes"}
    assert f"goes out later than {words[policy.SUBMISSION_WINDOW]} after that" in page
    assert f"looked for by its key for {words[policy.GRACE]}" in page
    assert f"closes what they do not have {words[policy.GRACE]} after it was recorded" in page


def test_what_is_free_needs_no_budget() -> None:
    assert policy.price_objection(FREE, Decimal(0)) is None
